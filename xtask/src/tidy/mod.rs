//! `cargo xtask tidy`: the style guide and the architecture as a test.
//!
//! Owns gathering the files and running every rule over them. Each rule lives in the module of its kind and has a test
//! that plants a breach.

use std::collections::BTreeMap;
use std::path::Path;

use crate::finding::Report;

mod architecture;
mod dependencies;
mod functions;
mod paths;
mod shape;
mod source;
mod tree;
mod words;

#[cfg(test)]
mod tests;

use source::Source;

/// Files larger than this are data, not prose or source.
const READ_BYTES_MAX: u64 = 1 << 20;

/// Folders that hold what was built or fetched.
const LEFT_OUT: [&str; 6] = ["target", "node_modules", ".git", "dist", ".worktrees", ".gradle"];

/// The text files of the project.
#[derive(Debug, Default)]
pub(crate) struct Project {
    /// Text by path from the root, with `/` between segments.
    pub(crate) texts: BTreeMap<String, String>,
    /// The Rust files among them, taken apart.
    pub(crate) sources: Vec<Source>,
}

impl Project {
    /// A project of these files.
    pub(crate) fn of(texts: BTreeMap<String, String>) -> Self {
        let rust = texts.iter().filter(|(path, _)| path.ends_with(".rs"));
        let sources = rust.map(|(path, text)| Source::new(path, text)).collect();
        Self { texts, sources }
    }
}

/// Checks the project at `root`.
pub(crate) fn run(root: &Path) -> Result<Report, String> {
    let mut texts = BTreeMap::new();
    gather(root, "", &mut texts)?;
    Ok(check(&Project::of(texts)))
}

/// Every rule over a project.
fn check(project: &Project) -> Report {
    let (summary, mut findings) = shape::check(project);
    findings.extend(architecture::check(project));
    findings.extend(dependencies::check(project));
    findings.extend(tree::check(project));
    findings.extend(words::check(project));
    Report { summary, findings }
}

fn gather(folder: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) -> Result<(), String> {
    let unreadable = |error: std::io::Error| format!("cannot read {}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() && !LEFT_OUT.contains(&name.as_str()) {
            gather(&entry.path(), &path, texts)?;
        } else if kind.is_file() && entry.metadata().is_ok_and(|metadata| metadata.len() <= READ_BYTES_MAX) {
            let bytes = std::fs::read(entry.path()).map_err(|error| format!("cannot read {path}: {error}"))?;
            texts.extend(String::from_utf8(bytes).ok().map(|text| (path, text)));
        }
    }
    Ok(())
}
