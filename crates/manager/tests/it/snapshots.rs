//! No snapshot without a test, and no answer that was not looked at.

use crate::support::source;

#[test]
fn every_snapshot_belongs_to_a_test() {
    let text = source::text_of_tests();
    for file in source::files(&source::tests()) {
        let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        assert!(!name.ends_with(".snap.new"), "{} waits to be accepted or removed", file.display());
        let Some(stem) = name.strip_suffix(".snap") else { continue };
        let named = stem.rsplit("__").next().unwrap_or_default();
        let module = stem.trim_start_matches("it__").trim_end_matches(named).trim_end_matches("__").replace("__", "/");
        let owner = [format!("{module}.rs"), format!("{module}/mod.rs")].map(|path| source::tests().join(path));
        let owned = owner.iter().any(|owner| owner.exists() && source::read(owner).contains(&format!("snapshot!(\"{named}\"")));
        assert!(owned, "{} belongs to no test: remove it", file.display());
    }
    assert!(text.contains("snapshot!(\""), "the search would find snapshots if there were any");
}
