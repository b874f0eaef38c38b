//! Pages of the journal: whatever is asked, they are what a walk through all entries finds.

use proptest::prelude::*;

use super::disk::{Fault, On};
use super::*;
use crate::registry::store::reader::Snapshot;
use crate::registry::store::{EventQuery, JournalEntry, KindPattern, Order};
use peegeeq_domain::health::Verdict;

/// The clock runs, stands still now and then, is a little out of order, and is set back far and forth again.
fn time(n: u64) -> u64 {
    let back = if (150..220).contains(&n) || n > 280 { 900_000 } else { 0 };
    1_000_000 + n / 3 * 10_000 - back - if n.is_multiple_of(11) { 40_000 } else { 0 }
}

/// An entry about one of a few instances at a time; the clock stands still now and then.
fn event(n: u64) -> Write {
    let id = InstanceId::parse(&format!("i{}", n % 5)).unwrap();
    let event = match n % 4 {
        0 => JournalEvent::Registered { id, endpoint: "http://a:1".into(), instance: None, by: None },
        1 => JournalEvent::Deregistered { id, by: None },
        2 => JournalEvent::VerdictChanged { id, from: Verdict::Unprobed, to: Verdict::Passing, evidence: "200".into() },
        _ => JournalEvent::Gap { lost: n },
    };
    Write::Note { at: at(time(n)), event }
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
    let time = || prop::option::of(300_000_u64..2_200_000);
    (prop::option::of(0..7), kinds, time(), time(), number(), number(), any::<bool>(), 1_usize..60).prop_map(
        |(instance, kinds, from, to, after, before, up, limit)| EventQuery {
            instance: instance.map(|n| format!("i{n}")),
            kinds: kinds.into_iter().map(|kind| KindPattern::parse(kind).unwrap()).collect(),
            environment: None,
            now: None,
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

#[test]
fn the_last_entry_before_a_time_is_found_also_where_the_clock_was_set_back() {
    let store = filled();
    let all = store.journal(Seq::default(), usize::MAX).unwrap();
    let reader = store.journal_reader();
    for moment in (300..2_300).map(|second| at(second * 1000)) {
        let expected = all.iter().rev().find(|entry| entry.at <= moment).map(|entry| entry.seq.number + 1);
        let found = reader.database.with(|database| Snapshot::of(database)?.behind(moment)).unwrap();
        assert_eq!(found, expected, "{moment:?}");
    }
}

#[test]
fn a_file_that_another_release_wrote_to_is_searched_as_well() {
    let store = filled();
    let (all, disk) = (store.journal(Seq::default(), usize::MAX).unwrap(), store.medium.clone());
    drop(store);
    for forgets in [true, false] {
        if forgets {
            let database = schema::open(disk.open().unwrap(), false).unwrap();
            let transaction = database.begin_write().unwrap();
            transaction.delete_table(super::super::seams::SEAMS).unwrap();
            transaction.commit().unwrap();
        }
        let keep_old = StoreSettings { journal_age_max: std::time::Duration::MAX, ..KEEP_ALL };
        let store = Store::on_medium(disk.clone(), keep_old).unwrap().0;
        let page = store.journal_reader().page(&EventQuery { to: Some(at(1_000_000)), limit: 500, ..EventQuery::default() }).unwrap();
        let expected = all.iter().filter(|entry| entry.at < at(1_000_000)).count();
        assert_eq!(page.entries.len(), expected, "{forgets}");
    }
}

#[test]
fn entries_are_found_by_the_environment_in_which_their_instance_was_then() {
    let registered = |id: &str, environment: &str| {
        let text = |text: &str| Some(text.to_owned());
        let draft = peegeeq_domain::instance::Draft {
            instance_id: text(id),
            host: text("h"),
            port: Some(Some(1)),
            environment: text(environment),
            ..Default::default()
        };
        Arc::new(Instance::registered(peegeeq_domain::instance::Registration::from_draft(draft).unwrap(), at(1)))
    };
    let id = |id: &str| InstanceId::parse(id).unwrap();
    let verdict =
        |name: &str| JournalEvent::VerdictChanged { id: id(name), from: Verdict::Unprobed, to: Verdict::Passing, evidence: String::new() };
    let (blue, green, old) = (registered("a", "blue"), registered("a", "green"), registered("old", "blue"));
    let register = |instance: &Arc<Instance>| JournalEvent::Registered {
        id: instance.id().clone(),
        endpoint: String::new(),
        instance: Some(instance.clone()),
        by: None,
    };
    let events = [
        verdict("old"),
        register(&blue),
        verdict("a"),
        register(&green),
        verdict("a"),
        JournalEvent::Deregistered { id: id("a"), by: None },
        JournalEvent::Gap { lost: 1 },
    ];
    let mut store = Store::on_medium(prepared_disk(), KEEP_ALL).unwrap().0;
    store.commit(&events.map(|event| Write::Note { at: at(9), event }), at(9)).unwrap();
    let (now, _) = peegeeq_domain::catalog::Catalog::default().after([peegeeq_domain::catalog::CatalogEvent::Registered(old)]);
    let now = Arc::new(now);
    for order in [Order::Ascending, Order::Descending] {
        let found = |environment: &str| {
            let query =
                EventQuery { environment: Some(environment.into()), now: Some(now.clone()), order, limit: 9, ..EventQuery::default() };
            let mut found: Vec<_> = store.journal_reader().page(&query).unwrap().entries.iter().map(|entry| entry.seq.number).collect();
            found.sort_unstable();
            found
        };
        assert_eq!((found("blue"), found("green"), found("red")), (vec![2, 3, 4], vec![5, 6, 7], vec![]), "{order:?}");
    }
}
