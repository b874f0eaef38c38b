//! What is promised: answers have at least the keys and JSON types of the golden documents in `contract/`.

mod guide;
mod original;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::{shape, source};

/// A golden document.
fn golden(name: &str) -> Value {
    let path = source::repository().join("contract").join(name);
    serde_json::from_str(&source::read(&path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Compares an answer with a golden document. A field that the answer itself names as unavailable may be null.
fn assert_like(name: &str, golden: &Value, answer: &Value) {
    let unavailable: BTreeSet<String> =
        answer["unavailable"].as_array().into_iter().flatten().filter_map(|name| name.as_str().map(str::to_owned)).collect();
    let excused = |fault: &String| {
        let field = fault.split(": null").next().unwrap_or_default().trim_start_matches("$.");
        fault.contains(": null instead of") && unavailable.iter().any(|name| field.ends_with(name.as_str()))
    };
    let missing: Vec<String> = shape::missing(golden, answer).into_iter().filter(|fault| !excused(fault)).collect();
    assert!(missing.is_empty(), "{name} lacks:\n{}\nin {answer:#}", missing.join("\n"));
}

#[test]
fn every_golden_document_is_compared() {
    let tests =
        ["contract/guide.rs", "contract/original.rs", "guide/mod.rs"].map(|path| source::read(&source::tests().join(path))).concat();
    for folder in ["guide", "original"] {
        for file in source::files(&source::repository().join("contract").join(folder)) {
            let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
            let stem = name.trim_end_matches(".json");
            assert!(tests.contains(&format!("\"{stem}\"")) || tests.contains(&name), "{folder}/{name} is compared with nothing");
        }
    }
}
