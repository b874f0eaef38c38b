//! Each rule on dependencies catches a planted breach.

use super::{DUPLICATES, REGISTRY, Versions, check, packages, tree};

/// A tree in which every excused duplicate is one, with `more` lines.
fn linked(more: &str) -> Versions {
    let excused: String = DUPLICATES.iter().map(|(name, _)| format!("{name} v1.0.0\n{name} v2.0.0 (*)\n")).collect();
    tree(&format!("ours v0.1.0 (/x/ours)\ntokio v1.54.0\n{excused}{more}"))
}

fn locked(licence: &str, source: &str) -> Vec<String> {
    let metadata = format!(r#"{{"packages": [{{"name": "a", "version": "1.0.0", "license": {licence}, "source": {source}}}]}}"#);
    let packages = packages(&metadata).expect("the planted metadata is whole");
    texts(check(&packages, &linked(""), &linked("")))
}

fn texts(report: crate::finding::Report) -> Vec<String> {
    report.findings.iter().map(ToString::to_string).collect()
}

fn with(needed: &str, more: &str) -> Vec<String> {
    texts(check(&[], &linked(needed), &linked(more)))
}

#[track_caller]
fn caught(findings: &[String], expected: &str) {
    assert!(findings.len() == 1 && findings[0].contains(expected), "expected {expected:?} alone, found {findings:#?}");
}

#[test]
fn sound_dependencies_pass() {
    let here = format!("{REGISTRY:?}");
    assert_eq!(locked("\"MIT\"", &here), Vec::<String>::new());
    assert_eq!(locked("\"Apache-2.0\"", "null"), Vec::<String>::new());
    assert_eq!(with("", "a v1.2.0\na v1.3.1\nb v0.4.1\nb v0.4.2\n"), Vec::<String>::new());
}

#[test]
fn every_breach_is_found() {
    let here = format!("{REGISTRY:?}");
    caught(&locked("\"GPL-3.0-only\"", &here), "licence GPL-3.0-only");
    caught(&locked("null", &here), "names no licence");
    caught(&locked("\"MIT\"", "\"git+https://example.com/a\""), "comes from git+https://example.com/a");
    caught(&with("ring v0.17.0\n", ""), "ring is banned");
    caught(&with("", "a v0.4.0\na v0.5.1 (proc-macro)\n"), "a is linked in the incompatible versions 0.4.0 and 0.5.1");
}

#[test]
fn excuses_and_trees_must_be_real() {
    let only_once = tree("tokio v1.0.0\n");
    assert_eq!(texts(check(&[], &only_once, &only_once)).len(), DUPLICATES.len());
    let findings = texts(check(&[], &Versions::new(), &linked("")));
    caught(&findings, "cargo tree does not show tokio");
    assert!(packages("{}").is_err());
}
