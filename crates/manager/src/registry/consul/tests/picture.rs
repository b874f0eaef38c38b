//! When knowledge may be given up.

use peegeeq_domain::catalog::CatalogEvent;
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::from_epoch_millis(1000);

/// A picture with the catalog that follows it.
struct Scene {
    picture: Picture,
    catalog: Catalog,
}

impl Scene {
    fn new() -> Self {
        Self { picture: Picture::new("ours".into()), catalog: Catalog::default() }
    }

    fn take(&mut self, look: Look) -> (Vec<String>, Vec<String>) {
        let Difference { put, gone } = self.picture.take(look, &self.catalog, NOW);
        let names = (put.iter().map(|put| put.id().to_string()).collect(), gone.iter().map(ToString::to_string).collect());
        let events = put.into_iter().map(CatalogEvent::Registered).chain(gone.into_iter().map(CatalogEvent::Deregistered));
        self.catalog = self.catalog.after(events).0;
        names
    }

    fn ids(&self) -> String {
        self.catalog.entries().iter().map(|entry| entry.id().as_str()).collect::<Vec<_>>().join(" ")
    }
}

fn entry(node: &str, id: &str, index: u64) -> Told {
    let told = json!({
        "Node": {"Node": node, "Address": "10.0.0.9"}, "Checks": [],
        "Service": {"ID": id, "Address": "10.0.0.1", "Port": 80, "Tags": [format!("version={index}")], "ModifyIndex": index},
    });
    serde_json::from_value(told).expect("an entry")
}

fn look(index: u64, ids: &[(&str, u64)]) -> Look {
    Look { index, told: ids.iter().map(|(id, at)| entry("ours", id, *at)).collect(), whole: true, ..Look::default() }
}

fn id(text: &str) -> InstanceId {
    InstanceId::parse(text).expect("an id")
}

#[test]
fn what_a_newer_whole_answer_lacks_is_gone() {
    let mut scene = Scene::new();
    assert_eq!(scene.take(look(5, &[("a", 3), ("b", 5)])).0, ["a", "b"]);
    assert_eq!(scene.take(look(5, &[("a", 3), ("b", 5)])), (vec![], vec![]), "nothing new");
    assert_eq!(scene.take(look(7, &[("a", 7)])), (vec!["a".to_owned()], vec!["b".to_owned()]));
    assert_eq!(scene.take(look(6, &[("b", 5)])), (vec![], vec![]), "an older answer that came late");
}

#[test]
fn empty_partial_and_fallen_answers_erase_nothing() {
    let mut scene = Scene::new();
    scene.take(look(50, &[("a", 40), ("b", 50)]));
    scene.take(look(51, &[]));
    scene.take(Look { whole: false, ..look(52, &[("a", 40)]) });
    assert_eq!(scene.ids(), "a b");
    scene.take(Look { fell: true, ..look(9, &[("c", 9)]) });
    assert_eq!((scene.ids().as_str(), scene.picture.missing()), ("a b c", 2));
    scene.take(look(12, &[("c", 9), ("a", 12)]));
    assert_eq!((scene.ids().as_str(), scene.picture.missing()), ("a b c", 1), "one came back");
    assert_eq!(scene.picture.held(&id("b")).map(|held| held.index), Some(0), "to be registered as new");
    scene.take(Look { confirmed: true, ..look(13, &[]) });
    assert_eq!(scene.ids(), "b", "what was lost stays until somebody deregisters it");
}

#[test]
fn what_this_manager_did_is_not_undone_by_older_answers() {
    let mut scene = Scene::new();
    scene.take(look(10, &[("a", 10), ("z", 4)]));
    // It changed `a` at 20 and deleted `z`; answers of before are still under way.
    scene.picture.wrote(id("a"), 20);
    scene.picture.removed(&id("z"));
    scene.catalog = scene.catalog.after([CatalogEvent::Deregistered(id("z"))]).0;
    assert_eq!(scene.take(look(15, &[("a", 10), ("z", 4)])), (vec![], vec![]));
    assert_eq!(scene.take(look(16, &[("z", 4)])), (vec![], vec![]), "not even its absence");
    assert_eq!(scene.ids(), "a");
    assert_eq!(scene.take(look(30, &[("a", 20), ("z", 29)])).0, ["a", "z"], "registered again by somebody");
}

#[test]
fn the_managers_own_entry_stands_before_an_agents() {
    let mut scene = Scene::new();
    let told = vec![entry("agent", "a", 8), entry("ours", "a", 5), entry("m", "b", 3), entry("k", "b", 4)];
    scene.take(Look { index: 9, told, whole: true, ..Look::default() });
    let owner = |of: &str| scene.picture.held(&id(of)).map(|held| (held.ours, held.node.to_string()));
    assert_eq!((owner("a"), owner("b")), (Some((true, "ours".into())), Some((false, "k".into()))));
}

#[test]
fn entries_that_cannot_be_used_are_counted_and_known_ones_stay() {
    let mut scene = Scene::new();
    scene.take(look(5, &[("a", 5)]));
    let mut spoiled = look(6, &[("a", 6), ("b", 6)]);
    spoiled.told.iter_mut().for_each(|told| told.service.port = 0);
    spoiled.told.push(entry("ours", "register", 6));
    scene.take(spoiled);
    assert_eq!((scene.ids().as_str(), scene.picture.set_aside()), ("a", 3));
    scene.take(look(7, &[("a", 7)]));
    assert_eq!(scene.picture.set_aside(), 0);
}
