//! Pictures of the past, against a walk through all entries.

use std::collections::BTreeMap;

use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::health::Verdict;
use peegeeq_domain::history::{Past, Standing};
use peegeeq_domain::instance::Revision;
use proptest::prelude::*;

use super::*;
use crate::registry::store::journal_record::JournalEntry;

/// One thing that happens to one of a few instances. `None`: it cannot, as things stand.
fn event(what: u8, which: u8, present: &mut BTreeMap<String, Arc<Instance>>) -> Option<JournalEvent> {
    let name = format!("i{}", which % 4);
    let id = InstanceId::parse(&name).unwrap();
    let known = present.get(&name).cloned();
    Some(match (what, known) {
        (0, _) => JournalEvent::Gap { lost: 1 },
        (1, _) => JournalEvent::ManagerStopped,
        (2, _) => JournalEvent::ManagerStarted { version: "1".into() },
        (_, None) => {
            let fresh = instance(&name, 5);
            present.insert(name, fresh.clone());
            JournalEvent::Registered { id, endpoint: String::new(), instance: Some(fresh), by: None }
        }
        (3, Some(_)) => {
            present.remove(&name);
            JournalEvent::Deregistered { id, by: None }
        }
        (4 | 5, Some(known)) => {
            let revision = known.revision.next();
            let incarnation = if what == 4 { revision } else { known.incarnation };
            let next = Arc::new(Instance { revision, incarnation, ..(*known).clone() });
            present.insert(name, next.clone());
            let (endpoint, presence) = (String::new(), next.presence);
            JournalEvent::Updated { id, revision: Revision(revision.0), endpoint, presence, instance: Some(next), by: None }
        }
        (_, Some(_)) => {
            let to = if what.is_multiple_of(2) { Verdict::Passing } else { Verdict::Down { in_a_row: u32::from(what) } };
            JournalEvent::VerdictChanged { id, from: Verdict::Unprobed, to, evidence: String::new() }
        }
    })
}

/// The same question, answered by reading everything from the beginning.
fn walked(all: &[JournalEntry], at: Timestamp) -> BTreeMap<String, Past> {
    let mut pasts: BTreeMap<String, Past> = (0..4).map(|n| (format!("i{n}"), Past { standing: Standing::Absent, verdict: None })).collect();
    let mut stopped = all.first().map(|entry| entry.at);
    for entry in all {
        let event = entry.event.as_ref().unwrap();
        if entry.at > at {
            if matches!(event, JournalEvent::ManagerStarted { .. }) && stopped.is_some_and(|stopped| stopped < at) {
                pasts.values_mut().for_each(|past| past.verdict = None);
            }
            break;
        }
        stopped = Some(entry.at);
        match event.instance() {
            Some(id) => pasts.get_mut(id.as_str()).unwrap().apply(event),
            None => pasts.values_mut().for_each(|past| past.apply(event)),
        }
    }
    pasts
}

proptest! {
    #[test]
    fn a_picture_is_what_a_walk_through_everything_finds(
        steps in prop::collection::vec((0_u8..12, any::<u8>(), 0_u64..3), 1..80),
        when in 0_u64..200,
    ) {
        let mut store = Store::on_medium(prepared_disk(), StoreSettings { journal_entries_max: 10_000, ..KEEP_ALL }).unwrap().0;
        let base = store.journal(Seq::default(), 1).unwrap()[0].at.epoch_millis();
        let (mut present, mut now) = (BTreeMap::new(), base);
        for (what, which, wait) in steps {
            now += i64::try_from(wait).unwrap();
            if let Some(event) = event(what, which, &mut present) {
                let at = Timestamp::from_epoch_millis(now);
                store.commit(&[Write::Note { at, event }], at).unwrap();
            }
        }
        let at = Timestamp::from_epoch_millis(base + i64::try_from(when).unwrap());
        let members = present.values().cloned().collect();
        let (current, _) = Catalog::default().after([peegeeq_domain::catalog::CatalogEvent::MembersReplaced(members)]);
        let picture = store.journal_reader().picture(at, &current).unwrap().unwrap();
        let walked = walked(&store.journal(Seq::default(), 1000).unwrap(), at);
        for (id, past) in walked {
            let found = picture.catalog.get(&id);
            let instance = found.map(|entry| entry.instance.clone());
            let expected = if let Standing::Present(instance) = past.standing { instance } else { None };
            prop_assert_eq!(&instance, &expected, "{}", id);
            let verdict = found.filter(|_| !picture.unjudged.contains(&id)).map(|entry| entry.verdict);
            prop_assert_eq!(verdict, expected.and(past.verdict), "{}", id);
        }
        prop_assert!(picture.incomplete.is_empty());
    }
}
