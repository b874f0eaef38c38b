//! Files that nothing reaches: Rust files no `mod` names, and links in pages that lead nowhere.

use std::collections::BTreeSet;

use super::Project;
use crate::finding::Finding;

/// All findings about unreachable files and dead links.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = dead_files(project);
    findings.extend(dead_links(project));
    findings
}

fn dead_files(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &project.sources {
        let Some(name) = module_name(&source.path) else { continue };
        let package = package_of(&source.path);
        let siblings = project.sources.iter().filter(|other| package_of(&other.path) == package);
        let is_named = siblings.flat_map(|other| &other.lines).any(|line| names_module(line, name, &source.path));
        if !is_named {
            findings.push(Finding::of(&source.path, "no mod names this file, so it is never compiled", "declare it or delete it"));
        }
    }
    findings
}

/// The name by which a `mod` must call the file; `None` if cargo finds it by itself.
fn module_name(path: &str) -> Option<&str> {
    let (folder, file) = path.rsplit_once('/')?;
    let stem = file.strip_suffix(".rs")?;
    let parent = folder.rsplit('/').next()?;
    match stem {
        "lib" | "main" | "build" => None,
        "mod" => Some(parent),
        _ if matches!(parent, "tests" | "benches" | "examples" | "bin" | "fuzz_targets") && !path.contains("/src/") => None,
        _ => Some(stem),
    }
}

fn package_of(path: &str) -> &str {
    let end = path.find("/src/").or_else(|| path.find("/tests/")).or_else(|| path.find("/benches/"));
    end.map_or(path, |end| &path[..end])
}

fn names_module(line: &str, name: &str, path: &str) -> bool {
    let line = line.trim();
    if let Some(attribute) = line.strip_prefix("#[path = \"") {
        return attribute.split('"').next().is_some_and(|file| path.ends_with(file.trim_start_matches("../")));
    }
    let declared = line.strip_suffix(';').and_then(|rest| rest.rsplit_once("mod "));
    declared
        .is_some_and(|(before, declared)| declared == name && (before.is_empty() || before.starts_with("pub") || before.starts_with("#[")))
}

fn dead_links(project: &Project) -> Vec<Finding> {
    let files: BTreeSet<&str> = project.texts.keys().map(String::as_str).collect();
    let mut findings = Vec::new();
    for (path, text) in project.texts.iter().filter(|(path, _)| path.ends_with(".md")) {
        for (index, line) in text.lines().enumerate() {
            for target in links(line) {
                let full = joined(path, target);
                let folder = format!("{full}/");
                let is_there = full.is_empty()
                    || files.contains(full.as_str())
                    || files.iter().any(|file| file.starts_with(&folder))
                    || is_data(&full);
                if !is_there {
                    findings.push(Finding::at(
                        path,
                        index + 1,
                        format!("the link to {target} leads nowhere"),
                        "correct it, or write the page",
                    ));
                }
            }
        }
    }
    findings
}

/// Pictures and archives are not among the texts and are not looked for.
fn is_data(path: &str) -> bool {
    [".png", ".jpg", ".gif", ".webp", ".gz", ".svg"].iter().any(|ending| path.ends_with(ending))
}

/// The targets of a line's links that lie in the project, without their anchors.
fn links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ', '#']).next());
    targets.filter(|target| !target.is_empty() && !target.contains(':') && !target.starts_with('/'))
}

fn joined(page: &str, target: &str) -> String {
    let mut segments: Vec<&str> = page.split('/').collect();
    segments.pop();
    for part in target.trim_end_matches('/').split('/') {
        match part {
            "." | "" => {}
            ".." => drop(segments.pop()),
            _ => segments.push(part),
        }
    }
    segments.join("/")
}
