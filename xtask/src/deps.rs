//! `cargo xtask deps`: licences, bans, duplicates and sources of everything the lock file brings.
//!
//! Owns the lists and why an exception is one. Asks cargo itself, so it needs no network beyond what cargo fetched for the
//! build, and no tool that must be compiled first (docs/adr/0004-dependency-checks.md).

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::finding::{Finding, Report};
use crate::lockfile::numbers;

mod licence;
#[cfg(test)]
mod tests;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// What is shipped.
const PRODUCT: &str = "peegeeq-service-manager";

/// What is shipped for: packages that only other systems need are not looked at.
const PLATFORMS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];

/// Packages that may neither be shipped nor build what is shipped, and what to use.
const BANNED: [(&str, &str); 14] = [
    ("openssl", "rustls does TLS here"),
    ("openssl-sys", "rustls does TLS here"),
    ("native-tls", "rustls does TLS here"),
    ("reqwest", "hyper and the one dialer make every request"),
    ("rsa", "it leaks private keys by timing; aws-lc-rs signs and verifies"),
    ("ring", "aws-lc-rs is the one provider; a second makes rustls panic at start"),
    ("atty", "std::io::IsTerminal; unmaintained"),
    ("ansi_term", "unmaintained"),
    ("dotenv", "unmaintained"),
    ("serde_yaml", "unmaintained"),
    ("async-std", "unmaintained; tokio is the one runtime"),
    ("instant", "unmaintained"),
    ("paste", "unmaintained"),
    ("proc-macro-error", "unmaintained"),
];

/// Packages of which two incompatible versions are linked into the binary, with the reason why that is tolerated.
const DUPLICATES: [(&str, &str); 6] = [
    ("cpufeatures", "sha1, which the handshake of WebSockets needs, is one version behind"),
    ("getrandom", "follows rand"),
    ("hashbrown", "metrics-util is one version behind"),
    ("rand", "metrics-util samples its histograms with the earlier one"),
    ("rand_core", "follows rand"),
    ("thiserror", "logroller is one version behind"),
];

/// Checks what the lock file at `root` brings.
pub(crate) fn run(root: &Path) -> Result<Report, String> {
    let locked = packages(&cargo(root, &["metadata", "--format-version", "1"])?)?;
    let needed = tree(&cargo_tree(root, "normal,build")?);
    let linked = tree(&cargo_tree(root, "normal,no-proc-macro")?);
    Ok(check(&locked, &needed, &linked))
}

fn cargo_tree(root: &Path, edges: &str) -> Result<String, String> {
    let mut arguments = vec!["tree", "-p", PRODUCT, "--edges", edges, "--prefix", "none", "--format", "{p}"];
    arguments.extend(PLATFORMS.iter().flat_map(|platform| ["--target", platform]));
    cargo(root, &arguments)
}

fn cargo(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).current_dir(root).args(arguments).arg("--locked").output();
    let output = output.map_err(|error| format!("cannot start cargo: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo {} failed: {}", arguments[0], String::from_utf8_lossy(&output.stderr).trim()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("cargo {} printed something else than text", arguments[0]))
}

/// A locked package, as cargo describes it.
#[derive(Clone, Debug)]
struct Package {
    name: String,
    version: String,
    licence: Option<String>,
    source: Option<String>,
}

/// All locked packages, of every platform and for tests too.
fn packages(metadata: &str) -> Result<Vec<Package>, String> {
    let metadata: Value =
        serde_json::from_str(metadata).map_err(|error| format!("cargo metadata printed something else than JSON: {error}"))?;
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let package = |value: &Value| {
        let (name, version) = (text(&value["name"])?, text(&value["version"])?);
        Some(Package { name, version, licence: text(&value["license"]), source: text(&value["source"]) })
    };
    let packages = metadata["packages"].as_array().and_then(|list| list.iter().map(package).collect());
    packages.ok_or_else(|| "cargo metadata lists a package without name or version".into())
}

/// Versions by name.
type Versions = BTreeMap<String, BTreeSet<String>>;

/// Reads the lines of `cargo tree --prefix none --format {p}`: `name v1.2.3 (path or mark)`.
fn tree(lines: &str) -> Versions {
    let mut versions = Versions::new();
    for line in lines.lines() {
        if let Some((name, version)) = line.split_once(" v") {
            let version = version.split(' ').next().unwrap_or_default();
            versions.entry(name.into()).or_default().insert(version.into());
        }
    }
    versions
}

/// Licences and sources of what is `locked`, bans among what is `needed`, duplicates among what is `linked`.
fn check(locked: &[Package], needed: &Versions, linked: &Versions) -> Report {
    let mut findings = Vec::new();
    for package in locked {
        findings.extend(source(package));
        findings.extend(licence::finding(package));
    }
    findings.extend(banned(needed));
    findings.extend(duplicates(linked));
    findings.extend(empty_trees(needed, linked));
    let summary = format!("packages: {} locked, {} linked into the binary", locked.len(), linked.len());
    Report { summary, findings }
}

fn source(package: &Package) -> Option<Finding> {
    let source = package.source.as_deref().filter(|source| *source != REGISTRY)?;
    Some(about(package, &format!("comes from {source}"), "only crates.io: anything else can change or vanish"))
}

fn about(package: &Package, what: &str, instead: &str) -> Finding {
    Finding::of("Cargo.lock", format!("{} {}: {what}", package.name, package.version), instead)
}

fn banned(needed: &Versions) -> Vec<Finding> {
    let found = BANNED.iter().filter(|(name, _)| needed.contains_key(*name));
    let finding = |(name, instead): &(&str, &str)| {
        Finding::of("Cargo.lock", format!("{name} is banned: {instead}"), format!("cargo tree -i {name} shows who wants it"))
    };
    found.map(finding).collect()
}

/// The part of a version that must be equal for cargo to share a package.
fn compatible(version: &str) -> (u64, u64, u64) {
    match numbers(version) {
        [0, 0, patch] => (0, 0, patch),
        [0, minor, _] => (0, minor, 0),
        [major, ..] => (major, 0, 0),
    }
}

/// Packages linked twice without a reason, and reasons nobody needs any more: those would let the next duplicate through.
fn duplicates(linked: &Versions) -> Vec<Finding> {
    let is_several = |versions: &BTreeSet<String>| versions.iter().map(|version| compatible(version)).collect::<BTreeSet<_>>().len() > 1;
    let explained = |name: &str| DUPLICATES.iter().any(|(known, _)| *known == name);
    let mut findings = Vec::new();
    for (name, versions) in linked.iter().filter(|(name, versions)| is_several(versions) && !explained(name)) {
        let list: Vec<&str> = versions.iter().map(String::as_str).collect();
        let what = format!("{name} is linked in the incompatible versions {}", list.join(" and "));
        let instead = format!("align them (cargo tree -d -p {name}), or add it to DUPLICATES in xtask/src/deps.rs with a reason");
        findings.push(Finding::of("Cargo.lock", what, instead));
    }
    for (name, _) in DUPLICATES.iter().filter(|(name, _)| !linked.get(*name).is_some_and(is_several)) {
        findings.push(Finding::of(
            "xtask/src/deps.rs",
            format!("DUPLICATES excuses {name}, of which one version is linked"),
            "delete the line",
        ));
    }
    findings
}

/// A tree that could not be read must not pass for one without faults.
fn empty_trees(needed: &Versions, linked: &Versions) -> Option<Finding> {
    let is_read = needed.contains_key("tokio") && linked.contains_key("tokio");
    (!is_read)
        .then(|| Finding::of("Cargo.lock", "cargo tree does not show tokio", "correct how xtask/src/deps.rs reads it: nothing was checked"))
}
