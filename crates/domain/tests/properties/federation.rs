//! Whatever instances say, the sums are right, and one of them never changes what the others are worth.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use peegeeq_domain::federation::*;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::quantity::{ByteSize, Millis, Rate, Ratio};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

type Queues = Contribution<Vec<QueueRow>>;

fn count() -> impl Strategy<Value = Option<u64>> {
    option::weighted(0.8, prop_oneof![4 => 0u64..1000, 1 => Just(u64::MAX)])
}

fn amount() -> impl Strategy<Value = f64> {
    prop_oneof![4 => 0.0..1000.0, 1 => Just(f64::MAX)]
}

fn name(kind: &'static str, of: usize) -> impl Strategy<Value = Arc<str>> {
    (0..of).prop_map(move |number| format!("{kind}{number}").into())
}

fn row() -> impl Strategy<Value = QueueRow> {
    let status = prop_oneof![Just(QueueStatus::Active), Just(QueueStatus::Error), Just(QueueStatus::Unknown)];
    let numbers = (count(), count(), option::of(amount()), option::of(0u64..1_000_000));
    (option::weighted(0.9, name("s", 3)), name("q", 4), numbers, status).prop_map(|(setup, name, numbers, status)| QueueRow {
        setup,
        name,
        messages: numbers.0,
        consumers: numbers.1,
        rate: numbers.2.and_then(|rate| Rate::new(rate).ok()),
        average_processing: numbers.3.map(Millis::from_micros),
        status,
        ..QueueRow::default()
    })
}

fn health() -> impl Strategy<Value = SetupHealth> {
    prop_oneof![3 => Just(SetupHealth::Up), 1 => Just(SetupHealth::Unknown), 1 => Just(SetupHealth::Down { reason: "gone".into() }), 1 => Just(SetupHealth::Untold { reason: "500".into() })]
}

/// Attachments of the setups `s0`, `s1`, `s2`, each at most once; databases are few, so that they are often shared.
fn bindings() -> impl Strategy<Value = Arc<[SetupBinding]>> {
    let one = (any::<bool>(), option::of(0u16..3), option::of(vec(name("q", 4), 0..3)), health(), proptest::bool::weighted(0.1));
    vec(one, 3).prop_map(|all| {
        let attached = all.into_iter().enumerate().filter(|(_, (attached, ..))| *attached);
        attached
            .map(|(number, (_, port, queues, health, missing))| SetupBinding {
                setup: format!("s{number}").into(),
                database: port.map(database),
                queues: queues.map(Into::into),
                health,
                missing,
            })
            .collect()
    })
}

fn database(port: u16) -> DatabaseAddress {
    DatabaseAddress { host: "db".into(), port, database: "peegeeq".into(), schema: "public".into() }
}

fn source(number: usize) -> Source {
    let instance = InstanceId::parse(&format!("i{number:02}")).expect("a plain id");
    Source { instance, host: "10.0.0.1".into(), environment: "e".into(), region: "r".into() }
}

fn failure() -> impl Strategy<Value = FetchFailure> {
    prop_oneof![Just(FetchFailure::Refused), Just(FetchFailure::NotHealthy), Just(FetchFailure::Timeout { after_millis: 1 })]
}

/// Up to five instances; every third or so shows what the one before it shows, as instances on one database do.
fn cluster_of<T: Clone + std::fmt::Debug>(content: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<Contribution<T>>> {
    let outcome = prop_oneof![4 => content.prop_map(Ok), 1 => failure().prop_map(Err)];
    vec((bindings(), outcome, proptest::bool::weighted(0.3)), 0..6).prop_map(|mut all| {
        for number in 1..all.len() {
            if all[number].2 {
                all[number] = all[number - 1].clone();
            }
        }
        let numbered = all.into_iter().enumerate();
        numbered
            .map(|(number, (setups, outcome, _))| Contribution { source: source(number), setups, outcome, faulty: false, attached: () })
            .collect()
    })
}

fn cluster() -> impl Strategy<Value = Vec<Queues>> {
    cluster_of(vec(row(), 0..6))
}

fn counted(answer: &ListAggregate<QueueRow>) -> impl Iterator<Item = &QueueRow> {
    let counts = answer.rows.iter().filter(|placed| placed.standing == Standing::Counted);
    counts.map(|placed| answer.row(*placed).expect("placed rows exist"))
}

fn saturating_sum(numbers: impl Iterator<Item = Option<u64>>) -> u64 {
    numbers.flatten().fold(0, u64::saturating_add)
}

/// Which rows of a source are unknown. A row that is the same as another's is neither: it depends on who else is there.
fn rows_of(answer: &ListAggregate<QueueRow>, source: usize) -> BTreeMap<usize, Option<bool>> {
    let own = answer.rows.iter().filter(|placed| placed.source == source);
    let unknown = |standing| match standing {
        Standing::Counted => Some(false),
        Standing::Unknown => Some(true),
        Standing::SameAs(_) => None,
    };
    own.map(|placed| (placed.row, unknown(placed.standing))).collect()
}

/// Whether what both say of a row agrees.
fn agree(before: &BTreeMap<usize, Option<bool>>, after: &BTreeMap<usize, Option<bool>>) -> bool {
    before.len() == after.len()
        && before.iter().zip(after).all(|((row, was), (same, is))| row == same && (was.is_none() || is.is_none() || was == is))
}

proptest! {
    #[test]
    fn totals_are_the_sum_of_what_counts(cluster in cluster()) {
        let given: usize = cluster.iter().filter_map(|part| part.outcome.as_ref().ok()).map(Vec::len).sum();
        let answer = aggregate(cluster);
        prop_assert_eq!(answer.rows.len(), given, "every row is shown");
        let messages = saturating_sum(counted(&answer).map(|row| row.messages));
        prop_assert_eq!(answer.totals.messages.total().unwrap_or(0), messages);
        let by_name = answer.names.iter().map(|named| named.totals.messages.total());
        prop_assert_eq!(saturating_sum(by_name), messages, "names add up to the totals");
        let rows: usize = answer.names.iter().map(|named| answer.rows_of(named).len()).sum();
        prop_assert_eq!(rows, given, "every row has a name");
    }

    #[test]
    fn the_order_of_arrival_changes_nothing(
        (straight, shuffled) in cluster().prop_flat_map(|cluster| (Just(cluster.clone()), Just(cluster).prop_shuffle())),
    ) {
        prop_assert_eq!(format!("{:?}", aggregate(straight)), format!("{:?}", aggregate(shuffled)));
    }

    #[test]
    fn a_failure_changes_nothing_of_the_others(cluster in cluster(), pick in any::<prop::sample::Index>()) {
        if cluster.is_empty() {
            return Ok(());
        }
        let victim = pick.index(cluster.len());
        let before = aggregate(cluster.clone());
        let mut broken = cluster.clone();
        broken[victim].outcome = Err(FetchFailure::Refused);
        let after = aggregate(broken);
        for source in (0..cluster.len()).filter(|source| *source != victim) {
            prop_assert!(agree(&rows_of(&before, source), &rows_of(&after, source)));
            prop_assert_eq!(&before.parts[source].degraded, &after.parts[source].degraded);
        }
        let mut without = cluster;
        without.remove(victim);
        let without = aggregate(without);
        prop_assert_eq!(after.totals.messages.total().unwrap_or(0), without.totals.messages.total().unwrap_or(0));
        prop_assert_eq!(after.totals.average_rate(), without.totals.average_rate());
        prop_assert!(!after.coverage.complete());
    }

    #[test]
    fn unknown_setups_never_count(cluster in cluster()) {
        let answer = aggregate(cluster);
        for placed in answer.rows.iter().filter(|placed| placed.standing != Standing::Unknown) {
            let part = &answer.parts[placed.source];
            let setup = answer.row(*placed).and_then(|row| row.setup.clone());
            let telling = answer.row(*placed).is_some_and(|row| row.messages.unwrap_or_default() > 0);
            let doubtful = |degraded: &DegradedSetup| telling && matches!(degraded.trouble, SetupTrouble::HealthUntold { .. });
            let same = placed.standing != Standing::Counted;
            prop_assert!(!part.degraded.iter().any(|degraded| Some(&degraded.setup) == setup.as_ref() && !same && !doubtful(degraded)));
            let down = part.setups.iter().any(|binding| Some(&binding.setup) == setup.as_ref() && matches!(binding.health, SetupHealth::Down { .. }));
            prop_assert!(!down);
        }
        let nothing = !answer.rows.iter().any(|placed| placed.standing == Standing::Counted) && !answer.coverage.complete();
        prop_assert!(!nothing || answer.totals.messages.total().is_none(), "unknown is not zero");
    }

    #[test]
    fn shared_databases_count_once_and_only_if_their_names_agree(cluster in cluster()) {
        let answer = aggregate(cluster);
        for shared in &answer.shared {
            prop_assert!(shared.members.len() > 1);
            let mut seen = BTreeSet::new();
            for member in shared.members.iter().filter(|member| member.standing == Standing::Counted) {
                let names = names_in(&answer, member);
                let binding = binding_of(&answer, member);
                let remembered = binding.queues.as_ref().map(|queues| queues.iter().cloned().collect::<BTreeSet<_>>());
                let telling = remembered.is_some() || !names.is_empty();
                let signature = if names.is_empty() { (remembered, names) } else { (None, names) };
                prop_assert!(!telling || seen.insert(signature), "counted twice although the names agree");
            }
            for member in &shared.members {
                if let Standing::SameAs(first) = member.standing {
                    let twins = shared.members.iter().filter(|twin| twin.source == first && twin.standing == Standing::Counted);
                    let agrees = twins.into_iter().any(|twin| names_in(&answer, twin) == names_in(&answer, member));
                    prop_assert!(agrees, "merged although the names differ");
                }
            }
        }
    }

    #[test]
    fn coverage_adds_up(cluster in cluster()) {
        let (sources, coverage) = (cluster.len(), aggregate(cluster).coverage);
        prop_assert_eq!(coverage.asked + coverage.skipped, sources);
        prop_assert_eq!(coverage.answered + coverage.failed, coverage.asked);
        prop_assert!(coverage.degraded <= coverage.answered);
    }

    #[test]
    fn every_mean_is_finite(queues in cluster(), metrics in cluster_of(metrics()), stores in cluster_of(vec(store(), 0..4))) {
        let (queues, stores) = (aggregate(queues), aggregate(stores));
        let metrics = aggregate_metrics(metrics).totals;
        let means = [
            queues.totals.average_rate(), stores.totals.average_events_per_stream(),
            metrics.total_cpu_percent(), metrics.average_cpu_percent(), metrics.memory_usage_percent(), metrics.requests_per_second(),
            metrics.error_rate().map(Ratio::share), metrics.average_connections(), metrics.queries_per_second(), metrics.messages_per_second(),
        ];
        prop_assert!(means.iter().flatten().all(|mean| mean.is_finite() && *mean >= 0.0), "{means:?}");
    }

    #[test]
    fn overviews_add_up_like_rows(cluster in cluster_of(overview())) {
        let mut reversed = cluster.clone();
        reversed.reverse();
        let answer = aggregate_overview(cluster);
        prop_assert_eq!(format!("{answer:?}"), format!("{:?}", aggregate_overview(reversed)));
        let mut expected = Vec::new();
        for (part, standings) in answer.parts.iter().zip(&answer.standings) {
            let setups = part.outcome.as_ref().map(|content| content.setups.as_slice()).unwrap_or_default();
            let counts = setups.iter().zip(standings).filter(|(_, standing)| **standing == Standing::Counted);
            expected.extend(counts.map(|(setup, _)| setup.messages));
        }
        prop_assert_eq!(answer.totals.messages.total().unwrap_or(0), saturating_sum(expected.into_iter()));
    }
}

fn binding_of<'a>(answer: &'a ListAggregate<QueueRow>, member: &SharedMember) -> &'a SetupBinding {
    let setups = &answer.parts[member.source].setups;
    setups.iter().find(|binding| binding.setup == member.setup).expect("members are attached")
}

/// The sorted names of the rows that a member gave; rows without a setup belong to the only one there is.
fn names_in(answer: &ListAggregate<QueueRow>, member: &SharedMember) -> Vec<Arc<str>> {
    let part = &answer.parts[member.source];
    let only = part.setups.len() == 1;
    let own = |row: &&QueueRow| row.setup.as_ref().map_or(only, |setup| *setup == member.setup);
    let mut names: Vec<_> = part.outcome.iter().flatten().filter(own).map(|row| row.name.clone()).collect();
    names.sort();
    names
}

fn overview() -> impl Strategy<Value = OverviewPart> {
    let setup = (option::weighted(0.9, name("s", 3)), count(), count(), option::of(vec(name("q", 4), 0..3)));
    let setup =
        setup.prop_map(|(setup, queues, messages, queue_names)| SetupPart { setup, queues, messages, queue_names, ..SetupPart::default() });
    (vec(setup, 0..4), count()).prop_map(|(setups, active_connections)| OverviewPart {
        setups,
        active_connections,
        ..OverviewPart::default()
    })
}

fn store() -> impl Strategy<Value = StoreRow> {
    (name("e", 3), count(), count()).prop_map(|(name, events, streams)| StoreRow { name, events, streams, ..StoreRow::default() })
}

fn metrics() -> impl Strategy<Value = MetricsPart> {
    let counters = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(success, server_error, micros, duration_count)| {
        RequestCounters { success, server_error, duration_sum: Millis::from_micros(micros), duration_count, ..RequestCounters::default() }
    });
    let rates = (option::of(amount()), option::of(amount()), option::of(amount()));
    (option::of(counters), rates, (count(), count(), count(), count())).prop_map(|(requests, rates, counts)| MetricsPart {
        requests,
        uptime: counts.0.map(Millis::from_micros),
        memory_used: counts.1.map(ByteSize::from_bytes),
        memory_total: counts.2.map(ByteSize::from_bytes),
        active_connections: counts.3,
        cpu_usage: rates.0.and_then(|usage| Ratio::new(usage).ok()),
        query_rate: rates.1.and_then(|rate| Rate::new(rate).ok()),
        message_rate: rates.2.and_then(|rate| Rate::new(rate).ok()),
        ..MetricsPart::default()
    })
}
