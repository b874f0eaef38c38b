//! The figures that answers are held to: two real instances as they were recorded, and the examples of the guide.

use alloc::string::ToString;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use super::*;
use crate::instance::InstanceId;
use crate::quantity::{ByteSize, Millis, Rate, Ratio};

fn source(name: &str) -> Source {
    Source {
        instance: InstanceId::parse(name).expect(name),
        host: "10.0.0.1".into(),
        environment: "production".into(),
        region: "eu-west".into(),
    }
}

fn binding(setup: &str, queues: &[&str]) -> SetupBinding {
    SetupBinding {
        setup: setup.into(),
        database: Some(DatabaseAddress { host: "127.0.0.1".into(), port: 5432, database: setup.into(), schema: "peegeeq".into() }),
        queues: Some(queues.iter().map(|name| Arc::from(*name)).collect()),
        health: SetupHealth::Up,
        missing: false,
    }
}

fn counted<R: Row>(list: &ListAggregate<R>) -> usize {
    list.rows.iter().filter(|placed| placed.standing == Standing::Counted).count()
}

fn down(mut binding: SetupBinding) -> SetupBinding {
    binding.health = SetupHealth::Down { reason: "connection refused".into() };
    binding
}

fn gave<T>(name: &str, setups: Vec<SetupBinding>, content: T) -> Contribution<T> {
    Contribution { source: source(name), setups: setups.into(), outcome: Ok(content), faulty: false, attached: () }
}

fn queue(setup: &str, name: &str, messages: u64, rate: f64) -> QueueRow {
    QueueRow {
        setup: Some(setup.into()),
        name: name.into(),
        messages: Some(messages),
        consumers: Some(1),
        rate: Rate::new(rate).ok(),
        status: QueueStatus::Active,
        ..QueueRow::default()
    }
}

fn group(setup: &str, queue: &str, name: &str, status: GroupStatus) -> GroupRow {
    let consumers = Some(u64::from(status == GroupStatus::Active));
    GroupRow { setup: Some(setup.into()), queue: Some(queue.into()), name: name.into(), consumers, status, ..GroupRow::default() }
}

fn store(setup: &str, name: &str, events: u64, streams: u64) -> StoreRow {
    StoreRow {
        setup: Some(setup.into()),
        name: name.into(),
        events: Some(events),
        streams: Some(streams),
        status: StoreStatus::Active,
        ..StoreRow::default()
    }
}

fn queues_of_a() -> Contribution<Vec<QueueRow>> {
    let rows = vec![queue("alpha", "payments", 0, 0.0), queue("alpha", "orders", 42, 1.2352941176470589)];
    gave("peegeeq-a", vec![binding("alpha", &["payments", "orders"])], rows)
}

fn queues_of_b() -> Contribution<Vec<QueueRow>> {
    let rows = vec![queue("beta", "orders", 30, 0.9090909090909091), queue("beta", "shipments", 8, 0.0)];
    gave("peegeeq-b", vec![binding("beta", &["orders", "shipments"])], rows)
}

fn overview_of(name: &str, setup: &str, counts: [u64; 5], queues: &[&str], connections: u64) -> Contribution<OverviewPart> {
    let [queue_count, groups, stores, messages, consumers] = counts.map(Some);
    let queue_names = Some(queues.iter().map(|name| Arc::from(*name)).collect());
    let part = SetupPart { setup: Some(setup.into()), queues: queue_count, groups, stores, messages, consumers, queue_names };
    let content = OverviewPart { setups: vec![part], active_connections: Some(connections), uptime: None };
    gave(name, vec![binding(setup, queues)], content)
}

#[test]
fn two_real_instances_have_four_queues_five_groups_three_stores_and_eighty_messages() {
    let queues = aggregate(vec![queues_of_b(), queues_of_a()]);
    assert_eq!((queues.rows.len(), queues.names.len()), (4, 3));
    assert_eq!(queues.totals.messages.total(), Some(80));
    assert_eq!(queues.conditions, ConditionCounts { good: 3, bad: 0, unknown: 0 });
    let orders = queues.names.iter().find(|named| &*named.name == "orders").expect("orders");
    assert_eq!((orders.totals.messages.total(), queues.rows_of(orders).len()), (Some(72), 2));
    assert!(queues.coverage.complete());

    use GroupStatus::{Active, Paused};
    let groups = aggregate(vec![
        gave(
            "peegeeq-a",
            vec![binding("alpha", &["payments", "orders"])],
            vec![
                group("alpha", "payments", "payment-processors", Active),
                group("alpha", "orders", "order-processors", Active),
                group("alpha", "orders", "analytics", Paused),
            ],
        ),
        gave(
            "peegeeq-b",
            vec![binding("beta", &["orders", "shipments"])],
            vec![group("beta", "orders", "order-processors", Active), group("beta", "shipments", "shippers", Active)],
        ),
    ]);
    assert_eq!((groups.rows.len(), groups.totals.consumers.total()), (5, Some(4)));
    assert_eq!(groups.conditions, ConditionCounts { good: 3, bad: 1, unknown: 0 });
    assert_eq!((groups.totals.lag.total(), groups.average_lag()), (None, None));
    assert_eq!(groups.totals.unavailable(), ["totalMessagesProcessed", "totalLag", "averageLag"]);

    let stores = aggregate(vec![
        gave("peegeeq-a", vec![], vec![store("alpha", "audit-events", 3, 3), store("alpha", "order-events", 14, 10)]),
        gave("peegeeq-b", vec![], vec![store("beta", "order-events", 7, 7)]),
    ]);
    assert_eq!((stores.rows.len(), stores.totals.events.total(), stores.totals.streams.total()), (3, Some(24), Some(20)));
    assert_eq!((stores.totals.average_events_per_stream(), stores.totals.storage_size()), (Some(1.2), None));
}

#[test]
fn two_real_overviews_add_up() {
    let a = overview_of("peegeeq-a", "alpha", [2, 3, 2, 42, 2], &["payments", "orders"], 22);
    let b = overview_of("peegeeq-b", "beta", [2, 2, 1, 38, 2], &["orders", "shipments"], 13);
    let overview = aggregate_overview(vec![b, a]);
    let totals = &overview.totals;
    let seen = [totals.queues, totals.groups, totals.stores, totals.messages, totals.consumers, totals.connections];
    assert_eq!(seen.map(|sum| sum.total()), [4, 5, 3, 80, 4, 35].map(Some));
    assert_eq!(overview.instances[0].messages.total(), Some(42));
}

#[test]
fn two_real_metrics_add_up_as_in_the_original() {
    let metrics = |used: u64, total: u64, threads: u64, connections: u64, messages: u64| MetricsPart {
        memory_used: Some(ByteSize::from_bytes(used)),
        memory_total: Some(ByteSize::from_bytes(total)),
        memory_max: Some(ByteSize::from_bytes(536_870_912)),
        cpu_cores: Some(2),
        threads_active: Some(threads),
        active_connections: Some(connections),
        total_messages: Some(messages),
        ..MetricsPart::default()
    };
    let of = |name: &str, content: MetricsPart| gave(name, vec![], content);
    let both = aggregate_metrics(vec![
        of("peegeeq-b", metrics(19_318_848, 38_797_312, 30, 13, 38)),
        of("peegeeq-a", metrics(27_113_632, 35_651_584, 31, 22, 42)),
    ]);
    let totals = &both.totals;
    let seen = [totals.memory_used, totals.memory_total, totals.memory_max, totals.cpu_cores, totals.threads_active];
    assert_eq!(seen.map(|sum| sum.total()), [46_432_480, 74_448_896, 1_073_741_824, 4, 61].map(Some));
    assert_eq!((totals.connections.total(), totals.messages.total()), (Some(35), Some(80)));
    assert_eq!(totals.memory_usage_percent(), Some(62.368258624009684));
    assert!(totals.unavailable().contains(&"system.totalDiskUsage"));
    assert!(!totals.unavailable().contains(&"queues.totalMessages"));
}

#[test]
fn the_guides_examples_hold() {
    let mut first = queue("s", "order-processing", 150, 45.2);
    first.consumers = Some(2);
    let queues = aggregate(vec![gave("1", vec![], vec![first]), gave("2", vec![], vec![queue("s", "order-processing", 89, 32.1)])]);
    let totals = &queues.names[0].totals;
    assert_eq!((totals.messages.total(), totals.consumers.total()), (Some(239), Some(3)));
    assert_eq!(totals.average_rate().map(crate::quantity::two_decimals), Some(38.65));

    let lagging = |lag| GroupRow { name: "order-processors".into(), lag: Some(lag), ..GroupRow::default() };
    let groups = aggregate(vec![gave("1", vec![], vec![lagging(45)]), gave("2", vec![], vec![lagging(23)])]);
    assert_eq!((groups.totals.lag.total(), groups.names[0].totals.lag.mean()), (Some(68), Some(34.0)));
    assert_eq!(groups.average_lag(), Some(68.0));

    let stored = |size: &str| StoreRow { storage: size.parse().ok(), ..store("s", "user-events", 1, 1) };
    let stores = aggregate(vec![gave("1", vec![], vec![stored("2.5GB")]), gave("2", vec![], vec![stored("1.8GB")])]);
    assert_eq!(stores.totals.storage_size().map(|size| size.to_string()).as_deref(), Some("4.3GB"));
}

#[test]
fn response_times_weigh_as_much_as_their_requests() {
    let counted = |success: u64, server_error: u64, seconds: u64| MetricsPart {
        requests: Some(RequestCounters {
            success,
            server_error,
            duration_sum: Millis::from_millis(seconds * 1000),
            duration_count: success + server_error,
            ..RequestCounters::default()
        }),
        uptime: Some(Millis::from_millis(10_000)),
        cpu_usage: Ratio::new(0.25).ok(),
        ..MetricsPart::default()
    };
    let metrics = aggregate_metrics(vec![gave("1", vec![], counted(900, 0, 9)), gave("2", vec![], counted(75, 25, 11))]);
    let totals = &metrics.totals;
    assert_eq!(totals.average_response_time().map(|time| time.to_string()).as_deref(), Some("20ms"));
    assert_eq!(totals.error_rate().map(Ratio::share), Some(0.025));
    assert_eq!((totals.requests_per_second(), totals.average_cpu_percent()), (Some(100.0), Some(25.0)));
    assert_eq!(metrics.instances[1].response_time, Some(Millis::from_millis(110)));
}

#[test]
fn a_database_that_is_down_is_unknown_and_not_empty() {
    let mut a = queues_of_a();
    a.setups = vec![down(binding("alpha", &["payments", "orders"]))].into();
    a.outcome = Ok(vec![]);
    let queues = aggregate(vec![a.clone(), queues_of_b()]);
    assert_eq!((queues.totals.messages.total(), queues.totals.messages.unknown()), (Some(38), 1));
    assert_eq!(queues.parts[0].status(), SourceStatus::Degraded);
    assert_eq!(queues.coverage, Coverage { asked: 2, answered: 2, degraded: 1, setups_known: 1, setups_unknown: 1, ..Coverage::default() });
    assert!(!queues.coverage.complete());
    assert_eq!(aggregate(vec![a]).totals.messages.total(), None, "nothing known is not nothing there");

    let zeros = vec![store("alpha", "audit-events", 0, 0)];
    let stores = aggregate(vec![gave("peegeeq-a", vec![down(binding("alpha", &[]))], zeros)]);
    assert_eq!((stores.rows[0].standing, stores.totals.events.total()), (Standing::Unknown, None));
    assert_eq!(stores.conditions, ConditionCounts { unknown: 1, ..ConditionCounts::default() });
}

#[test]
fn silence_about_queues_that_exist_is_noticed_before_the_probe_does() {
    let mut a = queues_of_a();
    a.outcome = Ok(vec![]);
    let queues = aggregate(vec![a]);
    assert_eq!(queues.parts[0].degraded[0].trouble, SetupTrouble::RowsAbsent { expected: 2 });
    assert_eq!(queues.totals.messages.total(), None);

    let emptied = overview_of("peegeeq-a", "alpha", [0; 5], &[], 22);
    let emptied = Contribution { setups: vec![binding("alpha", &["orders"])].into(), ..emptied };
    let overview = aggregate_overview(vec![emptied]);
    assert_eq!((overview.standings[0][0], overview.totals.queues.total()), (Standing::Unknown, None));
}

#[test]
fn a_missing_setup_degrades_until_its_rows_are_back() {
    let missing = SetupBinding { missing: true, ..binding("alpha", &["payments", "orders"]) };
    let mut a = queues_of_a();
    a.setups = vec![missing].into();
    assert!(aggregate(vec![a.clone()]).coverage.complete());
    a.outcome = Ok(vec![]);
    let queues = aggregate(vec![a]);
    assert_eq!(queues.parts[0].degraded[0].trouble, SetupTrouble::Missing);
    assert_eq!(queues.coverage.setups_unknown, 1);
}

#[test]
fn the_same_database_on_two_instances_counts_once_and_is_shown() {
    let mut twin = queues_of_a();
    twin.source = source("peegeeq-z");
    let queues = aggregate(vec![twin.clone(), queues_of_a()]);
    assert_eq!((queues.rows.len(), counted(&queues), queues.totals.messages.total()), (4, 2, Some(42)));
    assert_eq!(queues.shared.len(), 1);
    assert_eq!(queues.shared[0].agreement, Agreement::Merged);
    let standings: Vec<_> = queues.shared[0].members.iter().map(|member| member.standing).collect();
    assert_eq!(standings, [Standing::Counted, Standing::SameAs(0)]);

    twin.outcome = Ok(vec![queue("alpha", "orders", 42, 1.0), queue("alpha", "refunds", 1, 1.0)]);
    let queues = aggregate(vec![twin, queues_of_a()]);
    assert_eq!((counted(&queues), queues.totals.messages.total()), (4, Some(85)));
    assert_eq!(queues.shared[0].agreement, Agreement::Disagreeing);
}

#[test]
fn numbers_for_all_databases_of_an_instance_count_once_too() {
    let part =
        || MetricsPart { active_connections: Some(20), total_messages: Some(42), threads_active: Some(31), ..MetricsPart::default() };
    let setups = || vec![binding("alpha", &["orders"])];
    let metrics = aggregate_metrics(vec![gave("a", setups(), part()), gave("b", setups(), part())]);
    assert_eq!((metrics.totals.connections.total(), metrics.totals.messages.total()), (Some(20), Some(42)));
    assert_eq!(metrics.totals.threads_active.total(), Some(62));
    let metrics = aggregate_metrics(vec![gave("a", setups(), part()), gave("b", vec![down(binding("alpha", &["orders"]))], part())]);
    assert_eq!((metrics.totals.messages.total(), metrics.totals.messages.unknown()), (Some(42), 1));
}

#[test]
fn failures_are_told_and_skipped_sources_are_not_called_asked() {
    let fail = |name: &str, failure| Contribution {
        source: source(name),
        setups: vec![].into(),
        outcome: Err(failure),
        faulty: false,
        attached: (),
    };
    let queues = aggregate(vec![fail("x", FetchFailure::Refused), fail("y", FetchFailure::NotHealthy), queues_of_a()]);
    let coverage = Coverage { asked: 2, answered: 1, failed: 1, skipped: 1, setups_known: 1, ..Coverage::default() };
    assert_eq!(queues.coverage, coverage);
    assert_eq!((queues.totals.messages.total(), queues.totals.messages.unknown()), (Some(42), 2));
    assert_eq!(FetchFailure::Timeout { after_millis: 3000 }.to_string(), "the instance gave no complete answer within 3000 ms");
}

#[test]
fn a_health_question_asked_in_vain_makes_zeros_unknown() {
    let untold = |setup: &str| SetupBinding { health: SetupHealth::Untold { reason: "HTTP status 500".into() }, ..binding(setup, &[]) };
    let mut a = queues_of_a();
    a.setups = vec![untold("alpha")].into();
    let queues = aggregate(vec![a.clone()]);
    assert_eq!(queues.parts[0].degraded[0].trouble.word(), "health-unknown");
    assert!(!queues.coverage.complete());
    assert_eq!((queues.totals.messages.total(), queues.totals.messages.unknown()), (Some(42), 1), "42 may count, the zero proves nothing");
    for rows in [vec![], vec![queue("alpha", "payments", 0, 0.0)]] {
        a.outcome = Ok(rows);
        let queues = aggregate(vec![a.clone()]);
        assert_eq!((queues.totals.messages.total(), queues.coverage.setups_unknown), (None, 1));
    }
    let unasked = SetupBinding { health: SetupHealth::Unknown, ..untold("alpha") };
    a.setups = vec![unasked].into();
    assert!(aggregate(vec![a]).coverage.complete(), "never asked is no trouble");
}

#[test]
fn a_doubtful_twin_does_not_stand_for_one_that_tells() {
    let mut first = queues_of_a();
    first.setups =
        vec![SetupBinding { health: SetupHealth::Untold { reason: "timeout".into() }, ..binding("alpha", &["payments", "orders"]) }].into();
    first.outcome = Ok(vec![queue("alpha", "payments", 3, 0.0), queue("alpha", "orders", 0, 0.0)]);
    let second = Contribution { source: source("peegeeq-z"), ..queues_of_a() };
    let queues = aggregate(vec![first, second]);
    assert_eq!((queues.totals.messages.total(), queues.totals.messages.unknown()), (Some(42), 0));
}

#[test]
fn faults_make_totals_unknown_and_the_answer_incomplete() {
    let mut a = queues_of_a();
    a.faulty = true;
    let queues = aggregate(vec![a.clone()]);
    assert_eq!((queues.totals.messages.total(), queues.totals.messages.unknown()), (Some(42), 1));
    assert_eq!((queues.coverage.degraded, queues.coverage.complete()), (1, false));
    a.outcome = Ok(vec![]);
    a.setups = vec![].into();
    assert_eq!(aggregate(vec![a]).totals.messages.total(), None);
}

#[test]
fn rows_that_agree_are_merged_whatever_was_remembered() {
    let mut twin = queues_of_a();
    twin.source = source("peegeeq-z");
    twin.setups = vec![binding("alpha", &["payments"])].into();
    let queues = aggregate(vec![twin.clone(), queues_of_a()]);
    assert_eq!((queues.totals.messages.total(), queues.shared[0].agreement), (Some(42), Agreement::Merged));
    let groups = |name: &str, rows: Vec<GroupRow>| gave(name, vec![binding("alpha", &["orders"])], rows);
    let one = vec![group("alpha", "orders", "readers", GroupStatus::Active)];
    let groups = aggregate(vec![groups("a", vec![]), groups("b", one)]);
    assert_eq!(groups.totals.consumers.total(), Some(1), "one that says nothing hides nobody's rows");
}
