//! What the manifests and the lock file must hold.
//!
//! Owns the purity of `domain`, the independence of `testkit`, the single `clippy.toml`, shared lints, and versions below
//! which a library has a known hole. Licences and duplicates are `cargo xtask deps`.

use super::Project;
use crate::finding::Finding;
use crate::lockfile::{numbers, packages};

const DOMAIN: &str = "crates/domain/Cargo.toml";
const DOMAIN_ROOT: &str = "crates/domain/src/lib.rs";
const TESTKIT: &str = "crates/testkit/Cargo.toml";

/// What `domain` may depend on although it is not optional: it needs nothing but `core`.
const DOMAIN_MAY: [&str; 1] = ["libm"];

/// The most packages the lock file may hold.
pub(crate) const LOCKED_MAX: usize = 450;

/// Libraries with the first version that closed a hole in them, and the hole.
const LEAST: [(&str, [u64; 3], &str); 2] = [
    ("h2", [0, 4, 16], "earlier versions let a peer exhaust memory with resets and headers"),
    ("tracing-subscriber", [0, 3, 20], "earlier versions write terminal escapes from log fields unchanged"),
];

/// All findings about manifests and the lock file.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = domain(project);
    findings.extend(testkit(project));
    findings.extend(clippy(project));
    findings.extend(lints(project));
    findings.extend(project.texts.get("Cargo.lock").map(|lock| locked(lock)).unwrap_or_default());
    findings
}

fn domain(project: &Project) -> Vec<Finding> {
    let Some(manifest) = project.texts.get(DOMAIN) else { return Vec::new() };
    let mut findings = Vec::new();
    for (line, name, rest) in dependencies(manifest) {
        if !DOMAIN_MAY.contains(&name) && !rest.contains("optional = true") {
            let what = format!("domain depends on {name}");
            findings.push(Finding::at(DOMAIN, line, what, "domain imports nothing: move what needs it to the manager"));
        }
    }
    let root = project.texts.get(DOMAIN_ROOT).map_or("", String::as_str);
    if !root.lines().any(|line| line.trim() == "#![no_std]") {
        findings.push(Finding::of(DOMAIN_ROOT, "no #![no_std]", "put it back: it keeps clocks and sockets out of the core"));
    }
    for source in project.sources.iter().filter(|source| source.path.starts_with("crates/domain/src/")) {
        let lines: Vec<&str> = source.code.iter().map(|line| line.trim()).collect();
        let bare = (0..lines.len()).filter(|at| lines[*at] == "extern crate std;" && (*at == 0 || lines[at - 1] != "#[cfg(test)]"));
        findings.extend(bare.map(|at| Finding::at(&source.path, at + 1, "extern crate std outside tests", "use core and alloc")));
    }
    findings
}

fn testkit(project: &Project) -> Vec<Finding> {
    let Some(manifest) = project.texts.get(TESTKIT) else { return Vec::new() };
    let ours = dependencies(manifest).into_iter().filter(|(_, name, _)| name.starts_with("peegeeq-"));
    ours.map(|(line, name, _)| {
        Finding::at(TESTKIT, line, format!("testkit depends on {name}"), "it must not share mistakes with what it tests: speak HTTP")
    })
    .collect()
}

/// The entries of `[dependencies]`: line, name, and what is behind the equals sign.
fn dependencies(manifest: &str) -> Vec<(usize, &str, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for (index, line) in manifest.lines().enumerate() {
        if line.starts_with('[') {
            section = line.trim_matches(['[', ']', ' ']);
            found.extend(section.strip_prefix("dependencies.").map(|name| (index + 1, name, "")));
        } else if let ("dependencies", Some((name, rest))) = (section, line.split_once('=')) {
            found.push((index + 1, name.trim().split('.').next().unwrap_or_default(), rest));
        }
    }
    found.retain(|(_, name, _)| !name.starts_with('#'));
    found
}

fn clippy(project: &Project) -> Vec<Finding> {
    let is_one = |path: &str| matches!(path.rsplit('/').next(), Some("clippy.toml" | ".clippy.toml"));
    let others = project.texts.keys().filter(|path| is_one(path) && *path != "clippy.toml");
    let mut findings: Vec<Finding> = others
        .map(|path| Finding::of(path, "a second clippy.toml", "delete it: it replaces the one at the root and lifts its bans"))
        .collect();
    if !project.texts.contains_key("clippy.toml") {
        findings.push(Finding::of("clippy.toml", "missing", "it holds the bans of clocks, spawning and unbounded queues"));
    }
    findings
}

fn lints(project: &Project) -> Vec<Finding> {
    let manifests = project.texts.iter().filter(|(path, text)| path.ends_with("/Cargo.toml") && text.contains("edition.workspace"));
    let without = manifests.filter(|(_, text)| !text.replace(' ', "").contains("[lints]\nworkspace=true"));
    without.map(|(path, _)| Finding::of(path, "does not use the workspace's lints", "add [lints] workspace = true")).collect()
}

fn locked(lock: &str) -> Vec<Finding> {
    let packages = packages(lock);
    let mut findings = Vec::new();
    if packages.len() > LOCKED_MAX {
        let what = format!("{} locked packages, the limit is {LOCKED_MAX}", packages.len());
        findings.push(Finding::of("Cargo.lock", what, "drop a dependency, or a feature that brings many"));
    }
    for package in &packages {
        for (name, least, why) in LEAST {
            if package.name == name && numbers(&package.version) < least {
                let what = format!("{name} {}: {why}", package.version);
                let [major, minor, patch] = least;
                findings.push(Finding::at(
                    "Cargo.lock",
                    package.line,
                    what,
                    format!("cargo update -p {name} to {major}.{minor}.{patch} or later"),
                ));
            }
        }
    }
    findings
}
