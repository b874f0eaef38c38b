//! Random small clusters, and tables of them.

use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, CatalogEvent};
use peegeeq_domain::federation::{DatabaseAddress, SetupBinding, SetupHealth};
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Draft, Instance, Presence, Registration, Revision};
use peegeeq_domain::routing::pick::{Draw, Strategy};
use peegeeq_domain::routing::table::{Member, Policy, Standing, Table};
use peegeeq_domain::time::{Moment, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Strategy as _;

pub(super) const NOW: Moment = Moment::from_millis(1_000_000);

/// One member of a random cluster.
#[derive(Clone, Debug)]
pub(super) struct One {
    pub(super) environment: &'static str,
    pub(super) region: &'static str,
    pub(super) presence: Presence,
    pub(super) verdict: Verdict,
    pub(super) weight: u32,
    pub(super) standing: Standing,
    pub(super) last_healthy: Option<Moment>,
    pub(super) setups: Option<Vec<SetupBinding>>,
}

/// A member that serves, with the setup `s0` on one database.
pub(super) fn plain(weight: u32) -> One {
    One {
        environment: "prod",
        region: "eu",
        presence: Presence::Serving,
        verdict: Verdict::Passing,
        weight,
        standing: Standing::In,
        last_healthy: None,
        setups: Some(vec![binding("s0", Some("db0"))]),
    }
}

fn binding(setup: &str, host: Option<&str>) -> SetupBinding {
    let database = host.map(|host| DatabaseAddress { host: host.into(), port: 5432, database: "d".into(), schema: "s".into() });
    SetupBinding { setup: setup.into(), database, queues: None, health: SetupHealth::Up, missing: false }
}

fn bindings() -> impl Arbitrarily<Vec<SetupBinding>> {
    let host = option::weighted(0.85, select(vec!["db0", "db0", "db0", "db1", "localhost"]));
    let one = (any::<bool>(), host, 0..10_u8, option::weighted(0.5, vec(select(vec!["q0", "q1", "q2"]), 0..3)));
    vec(one, 3).prop_map(|all| {
        let attached = all.into_iter().enumerate().filter(|(_, (attached, ..))| *attached);
        attached
            .map(|(number, (_, host, luck, queues))| SetupBinding {
                health: if luck == 1 { SetupHealth::Down { reason: "gone".into() } } else { SetupHealth::Up },
                missing: luck == 2,
                queues: queues.map(|names| names.into_iter().map(Arc::from).collect()),
                ..binding(&format!("s{number}"), host)
            })
            .collect()
    })
}

/// Any strategy of proptest for a type, shorter; the name `Strategy` is the gateway's here.
pub(super) trait Arbitrarily<T>: proptest::strategy::Strategy<Value = T> {}
impl<T, S: proptest::strategy::Strategy<Value = T>> Arbitrarily<T> for S {}

fn verdict() -> impl Arbitrarily<Verdict> {
    let down = Verdict::Down { in_a_row: 3 };
    let failing = |passed_before| Verdict::Failing { in_a_row: 1, passed_before };
    prop_oneof![6 => Just(Verdict::Passing), 1 => Just(down), 1 => Just(failing(true)), 1 => Just(failing(false)), 1 => Just(Verdict::Unprobed)]
}

fn standing() -> impl Arbitrarily<Standing> {
    let out = (0..2_000_u64)
        .prop_map(|age| Standing::Out { since: Moment::from_millis(998_000 + age), until: Moment::from_millis(999_000 + age) });
    prop_oneof![3 => Just(Standing::In), 1 => out, 1 => Just(Standing::Probation { since: Moment::from_millis(900_000) })]
}

pub(super) fn one() -> impl Arbitrarily<One> {
    let presence = prop_oneof![6 => Just(Presence::Serving), 4 => select(Presence::ALL.to_vec())];
    let place = (select(vec!["prod", "prod", "test"]), select(vec!["eu", "us"]));
    let passed = option::of((0..1_000_000_u64).prop_map(Moment::from_millis));
    (place, presence, verdict(), 0..4_u32, standing(), passed, option::weighted(0.9, bindings())).prop_map(
        |((environment, region), presence, verdict, weight, standing, last_healthy, setups)| One {
            environment,
            region,
            presence,
            verdict,
            weight,
            standing,
            last_healthy,
            setups,
        },
    )
}

pub(super) fn cluster() -> impl Arbitrarily<Vec<One>> {
    vec(one(), 0..9)
}

/// The catalog of a cluster: the number of a member is the number of its candidate.
pub(super) fn catalog(cluster: &[One]) -> Catalog {
    let events = cluster.iter().enumerate().flat_map(|(number, one)| {
        let draft = Draft {
            instance_id: Some(format!("i{number:03}")),
            host: Some(format!("host{number}")),
            port: Some(Some(8080)),
            environment: Some(one.environment.into()),
            region: Some(one.region.into()),
            presence: Some(one.presence.as_str().into()),
            ..Draft::default()
        };
        let instance = Instance::registered(Registration::from_draft(draft).expect("a valid member"), Timestamp::default());
        let judged = CatalogEvent::Judged { id: instance.id().clone(), incarnation: Revision::FIRST, verdict: one.verdict };
        [CatalogEvent::Registered(instance.into()), judged]
    });
    Catalog::default().after(events.collect::<Vec<_>>()).0
}

pub(super) fn table_with(cluster: &[One], policy: &Policy) -> Table {
    let catalog = catalog(cluster);
    let members: Vec<_> = catalog
        .entries()
        .iter()
        .zip(cluster)
        .map(|(entry, one)| Member {
            setups: one.setups.as_deref(),
            weight: one.weight,
            standing: one.standing,
            last_healthy: one.last_healthy,
            ..Member::of(entry)
        })
        .collect();
    Table::build(&members, policy, NOW)
}

pub(super) fn table(cluster: &[One]) -> Table {
    table_with(cluster, &Policy::default())
}

pub(super) fn draw(strategy: Strategy, cursor: u64, random: u64) -> Draw {
    Draw { strategy, cursor, random, now: NOW, affinity: None, may_probe: true }
}
