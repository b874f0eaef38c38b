//! What was learned of setups between two looks of the health monitor: by a fresh look of our own, or because a request that
//! passed here changed them.
//!
//! Owns this knowledge until a newer look replaces it.

use std::collections::HashMap;
use std::sync::Arc;

use peegeeq_domain::federation::{SetupBinding, SetupHealth};
use peegeeq_domain::time::Timestamp;

use crate::observations::SetupsSeen;

/// What was learned, by instance.
#[derive(Debug, Default)]
pub(super) struct Learned(HashMap<Arc<str>, List>);

/// The setups of one instance.
#[derive(Debug)]
struct List {
    at: Timestamp,
    /// Sorted.
    present: Vec<Arc<str>>,
    /// Taken away through us, so not missing.
    removed: Vec<Arc<str>>,
}

impl Learned {
    /// An instance listed its setups.
    pub(super) fn listed(&mut self, instance: &str, mut present: Vec<Arc<str>>, at: Timestamp) {
        present.sort_unstable();
        let removed = self.0.remove(instance).map_or_else(Vec::new, |list| list.removed);
        let removed = removed.into_iter().filter(|id| present.binary_search(id).is_err()).collect();
        self.0.insert(instance.into(), List { at, present, removed });
    }

    /// A setup was taken from an instance by a request that passed here.
    pub(super) fn removed(&mut self, instance: &str, setup: &str, seen: Option<&SetupsSeen>, at: Timestamp) {
        let present = || seen.map_or_else(Vec::new, |seen| seen.setups.iter().filter(|s| !s.missing).map(|s| s.id.clone()).collect());
        let list = self.0.entry(instance.into()).or_insert_with(|| List { at, present: present(), removed: Vec::new() });
        list.at = at;
        list.present.retain(|id| **id != *setup);
        if !list.removed.iter().any(|id| **id == *setup) {
            list.removed.push(setup.into());
        }
    }

    /// Forgets instances that left.
    pub(super) fn retain(&mut self, is_member: impl Fn(&str) -> bool) {
        self.0.retain(|id, _| is_member(id));
    }

    /// The setups of an instance, by what is newer. `None`: it was never asked.
    pub(super) fn bindings(&mut self, instance: &str, seen: Option<&SetupsSeen>) -> Option<Vec<SetupBinding>> {
        let newer = |list: &List| seen.is_none_or(|seen| seen.stale || seen.at < list.at);
        let Some(list) = self.0.get(instance) else { return seen.map(SetupsSeen::bindings) };
        let mut bindings = seen.map(SetupsSeen::bindings).unwrap_or_default();
        // What was taken away on purpose is not missed, whoever looked last.
        bindings.retain(|binding| !(list.removed.contains(&binding.setup) && (binding.missing || newer(list))));
        if newer(list) {
            for binding in &mut bindings {
                binding.missing = list.present.binary_search(&binding.setup).is_err();
            }
            let new = list.present.iter().filter(|id| !bindings.iter().any(|binding| binding.setup == **id)).cloned().collect::<Vec<_>>();
            bindings.extend(new.into_iter().map(unseen));
            bindings.sort_by(|a, b| a.setup.cmp(&b.setup));
        }
        Some(bindings)
    }
}

fn unseen(setup: Arc<str>) -> SetupBinding {
    SetupBinding { setup, database: None, queues: None, health: SetupHealth::Unknown, missing: false }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observations::{SetupHealth, SetupSeen};

    fn seen(at: i64, ids: &[&str]) -> SetupsSeen {
        let setup = |id: &&str| SetupSeen { id: (*id).into(), health: SetupHealth::Up, database: None, queues: vec![], missing: false };
        SetupsSeen { at: Timestamp::from_epoch_millis(at), setups: ids.iter().map(setup).collect(), failure: None, stale: false }
    }

    fn told(learned: &mut Learned, seen: &SetupsSeen) -> Vec<(String, bool)> {
        let bindings = learned.bindings("a", Some(seen)).expect("it was asked");
        bindings.iter().map(|binding| (binding.setup.to_string(), binding.missing)).collect()
    }

    #[test]
    fn the_newer_list_counts() {
        let mut learned = Learned::default();
        learned.listed("a", vec!["y".into(), "x".into()], Timestamp::from_epoch_millis(5));
        assert_eq!(told(&mut learned, &seen(4, &["x", "z"])), [("x".into(), false), ("y".into(), false), ("z".into(), true)]);
        assert_eq!(told(&mut learned, &seen(6, &["x", "z"])), [("x".into(), false), ("z".into(), false)]);
    }

    #[test]
    fn what_was_taken_away_on_purpose_is_not_missed() {
        let mut learned = Learned::default();
        let before = seen(4, &["x", "z"]);
        learned.removed("a", "z", Some(&before), Timestamp::from_epoch_millis(5));
        assert_eq!(told(&mut learned, &before), [("x".into(), false)]);
        let mut after = seen(6, &["x", "z"]);
        after.setups[1].missing = true;
        assert_eq!(told(&mut learned, &after), [("x".into(), false)]);
        after.setups[1].missing = false;
        assert_eq!(told(&mut learned, &after), [("x".into(), false), ("z".into(), false)], "it was attached again");
    }
}
