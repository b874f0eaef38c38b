//! Pages of the journal: whatever is asked, they are what a walk through all entries finds.

use proptest::prelude::*;

use super::disk::{Fault, On};
use super::*;
use crate::registry::store::{EventQuery, JournalEntry, KindPattern, Order};
use peegeeq_domain::health::Verdict;

/// An entry about one of a few instances at a time; the clock stands still now and then.
fn event(n: u64) -> Write {
    let id = InstanceId::parse(&format!("i{}", n % 5)).unwrap();
    let event = match n % 4 {
        0 => JournalEvent::Registered { id, endpoint: "http://a:1".into(), instance: None, by: None },
        1 => JournalEvent::Deregistered { id, by: None },
        2 => JournalEvent::VerdictChanged { id, from: Verdict::Unprobed, to: Verdict::Passing, evidence: "200".into() },
        _ => JournalEvent::Gap { lost: n },
    };
    Write::Note { at: at(n / 3 * 10), event }
}

/// A store whose journal begins with entries in the 1970s: the entry of its opening was cut off.
fn filled() -> Store<Disk> {
    let settings = StoreSettings { journal_entries_max: 200, ..KEEP_ALL };
    let mut store = Store::on_medium(prepared_disk(), settings).unwrap().0;
    for batch in (0..300).collect::<Vec<_>>().chunks(23) {
        store.commit(&batch.iter().map(|n| event(*n)).collect::<Vec<_>>(), at(1)).unwrap();
    }
    store
}

fn walked(all: &[JournalEntry], query: &EventQuery) -> Vec<u64> {
    let wanted = all.iter().filter(|entry| {
        let event = entry.event.as_ref().unwrap();
        query.instance.as_deref().is_none_or(|id| event.instance().is_some_and(|found| found.as_str() == id))
            && (query.kinds.is_empty() || query.kinds.iter().any(|pattern| pattern.matches(event.kind())))
            && query.from.is_none_or(|from| entry.at >= from)
            && query.to.is_none_or(|to| entry.at < to)
            && query.after.is_none_or(|after| entry.seq.number > after)
            && query.before.is_none_or(|before| entry.seq.number < before)
    });
    let mut numbers: Vec<_> = wanted.map(|entry| entry.seq.number).collect();
    if query.order == Order::Descending {
        numbers.reverse();
    }
    numbers
}

fn queries() -> impl Strategy<Value = EventQuery> {
    let kinds = prop::sample::select(vec![vec![], vec!["instance."], vec!["instance.verdict"], vec!["journal.gap", "instance.registered"]]);
    let number = || prop::option::of(90_u64..310);
    let time = || prop::option::of(300_u64..1100);
    (prop::option::of(0..7), kinds, time(), time(), number(), number(), any::<bool>(), 1_usize..60).prop_map(
        |(instance, kinds, from, to, after, before, up, limit)| EventQuery {
            instance: instance.map(|n| format!("i{n}")),
            kinds: kinds.into_iter().map(|kind| KindPattern::parse(kind).unwrap()).collect(),
            from: from.map(at),
            to: to.map(at),
            after,
            before,
            order: if up { Order::Ascending } else { Order::Descending },
            limit,
        },
    )
}

#[test]
fn pages_put_together_are_what_a_walk_finds() {
    let store = filled();
    let all = store.journal(Seq::default(), usize::MAX).unwrap();
    assert_eq!(all.len(), 200);
    let reader = store.journal_reader();
    proptest!(|(query in queries())| {
        let expected = walked(&all, &query);
        let (mut found, mut next) = (Vec::new(), query.clone());
        loop {
            let page = reader.page(&next).unwrap();
            prop_assert!(page.entries.len() <= query.limit);
            prop_assert_eq!(page.oldest.map(|seq| seq.number), Some(all[0].seq.number));
            found.extend(page.entries.iter().map(|entry| entry.seq.number));
            let Some(cursor) = page.next else { break };
            match query.order {
                Order::Ascending => next.after = Some(cursor),
                Order::Descending => next.before = Some(cursor),
            }
        }
        prop_assert_eq!(found, expected);
    });
}

#[test]
fn indexes_hold_what_the_journal_holds_also_after_a_failure() {
    let mut store = filled();
    store.medium.fail(Fault { on: On::Sync, after: 0, between: 1, times: 1, error: std::io::ErrorKind::Other });
    store.commit(&[event(900)], at(1)).unwrap_err();
    store.commit(&[event(901)], at(1)).unwrap();
    let all = store.journal(Seq::default(), usize::MAX).unwrap();
    let reader = store.journal_reader();
    let mut indexed = Vec::new();
    for kind in JournalEvent::KINDS {
        let query = EventQuery { kinds: vec![KindPattern::parse(kind).unwrap()], limit: 1000, ..EventQuery::default() };
        indexed.extend(reader.page(&query).unwrap().entries.iter().map(|entry| entry.seq.number));
    }
    indexed.sort_unstable();
    assert_eq!(indexed, all.iter().map(|entry| entry.seq.number).collect::<Vec<_>>());
}
