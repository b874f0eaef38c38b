//! A gateway around the pure core, as thin as it can be: the table, ejections, a budget, a cursor. Bugs are planted here.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, Entry};
use peegeeq_domain::federation::{DatabaseAddress, SetupBinding, SetupHealth};
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Instance, Presence};
use peegeeq_domain::routing::accrual::{Accrual, AccrualEvent, AccrualPolicy};
use peegeeq_domain::routing::panic::{PanicPolicies, PanicPolicy};
use peegeeq_domain::routing::pick::Loads;
use peegeeq_domain::routing::retry::{Budget, BudgetPolicy};
use peegeeq_domain::routing::table::{Member, Policy, Standing, Table};
use peegeeq_domain::time::Moment;

use crate::bugs::Bug;

/// Which setups the instance at a port has: `s0` is on one database, `s1` on another, and not everybody has both.
pub(crate) fn has_setup(port: u16, setup: &str) -> bool {
    match setup {
        "s0" => !port.is_multiple_of(3),
        _ => !port.is_multiple_of(4),
    }
}

pub(crate) const SETUPS: [&str; 2] = ["s0", "s1"];

fn bindings(port: u16) -> Vec<SetupBinding> {
    let binding = |setup: &str| SetupBinding {
        setup: setup.into(),
        database: Some(DatabaseAddress { host: format!("db-{setup}").into(), port: 5432, database: "d".into(), schema: "s".into() }),
        queues: None,
        health: SetupHealth::Up,
        missing: false,
    };
    SETUPS.into_iter().filter(|setup| has_setup(port, setup)).map(binding).collect()
}

/// What the gateway keeps between requests.
pub(crate) struct Router {
    bug: Option<Bug>,
    pub(crate) policy: AccrualPolicy,
    pub(crate) budget: Budget,
    pub(crate) cursor: u64,
    accruals: RefCell<BTreeMap<String, Accrual>>,
    table: Option<Arc<Table>>,
}

/// What a request sees of the loads: only who may be tried on probation matters here.
pub(crate) struct Permits<'r> {
    router: &'r Router,
    table: &'r Table,
    now: Moment,
}

impl Router {
    pub(crate) fn new(bug: Option<Bug>) -> Self {
        let failures = if bug == Some(Bug::EjectsTooSoon) { 2 } else { 5 };
        let budget = BudgetPolicy { reserve_per_second: 1, ..BudgetPolicy::default() };
        Self {
            bug,
            policy: AccrualPolicy { failures, ..AccrualPolicy::default() },
            budget: Budget::new(budget),
            cursor: 0,
            accruals: RefCell::default(),
            table: None,
        }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(crate) fn panic_policies(&self) -> PanicPolicies {
        let writes = if self.has(Bug::PanicsWithWrites) { PanicPolicy::BestEvidence } else { PanicPolicy::Fail };
        PanicPolicies { writes, ..PanicPolicies::default() }
    }

    /// A retry, if the budget has one.
    pub(crate) fn budget(&mut self) -> &mut Budget {
        if self.has(Bug::HasNoBudget) {
            self.budget = Budget::new(BudgetPolicy { percent: 1_000, ..BudgetPolicy::default() });
        }
        &mut self.budget
    }

    pub(crate) fn permits<'r>(&'r self, table: &'r Table, now: Moment) -> Permits<'r> {
        Permits { router: self, table, now }
    }

    /// The picture changed: the table is built again before the next request.
    pub(crate) fn catalog_changed(&mut self) {
        if !self.has(Bug::RoutesByAnOldTable) || self.cursor % 1_000 < 200 {
            self.table = None;
        }
    }

    /// Tells the ejections what happened to an instance; true if it is ejected now.
    pub(crate) fn tell(&mut self, id: &str, event: AccrualEvent, now: Moment, random: u64) -> bool {
        let mut accruals = self.accruals.borrow_mut();
        let state = accruals.entry(id.into()).or_default();
        let (before, after) = (state.standing(), state.next(event, &self.policy, now, random));
        *state = after;
        let changed = before != after.standing();
        if changed {
            self.table = None;
        }
        changed && matches!(after.standing(), Standing::Out { .. })
    }

    /// The table in force.
    pub(crate) fn table(&mut self, catalog: &Catalog, passed: impl Fn(&str) -> Option<u64>, now: Moment) -> Arc<Table> {
        let is_old = |table: &&Arc<Table>| table.changes_at().is_none_or(|at| at > now);
        if let Some(table) = self.table.as_ref().filter(is_old) {
            return table.clone();
        }
        let table = Arc::new(self.build(catalog, passed, now));
        self.table = Some(table.clone());
        table
    }

    fn build(&self, catalog: &Catalog, passed: impl Fn(&str) -> Option<u64>, now: Moment) -> Table {
        let entries: Vec<Arc<Entry>> = catalog.entries().iter().map(|entry| self.spoil(entry)).collect();
        let setups: Vec<_> = entries.iter().map(|entry| bindings(entry.instance.registration.endpoint.port.get())).collect();
        let mut accruals = self.accruals.borrow_mut();
        let members: Vec<_> = entries
            .iter()
            .zip(&setups)
            .map(|(entry, setups)| {
                let state = accruals.entry(entry.id().as_str().into()).or_default();
                *state = state.next(AccrualEvent::Tick, &self.policy, now, 0);
                let out = !matches!(state.standing(), Standing::In);
                Member {
                    setups: (entry.verdict != Verdict::Unprobed).then_some(setups),
                    standing: state.standing(),
                    last_healthy: passed(entry.id().as_str()).map(Moment::from_millis),
                    weight: if out && self.has(Bug::EjectsEverybody) { 0 } else { 1 },
                    ..Member::of(entry)
                }
            })
            .collect();
        Table::build(&members, &Policy::default(), now)
    }

    fn spoil(&self, entry: &Arc<Entry>) -> Arc<Entry> {
        if !self.has(Bug::IgnoresPresence) {
            return entry.clone();
        }
        let instance = Instance { presence: Presence::Serving, ..Instance::clone(&entry.instance) };
        Arc::new(Entry { instance: instance.into(), verdict: entry.verdict })
    }
}

impl Loads for Permits<'_> {
    fn in_flight(&self, _: usize) -> u32 {
        0
    }

    fn latency(&self, _: usize, _: Moment) -> f64 {
        0.0
    }

    fn take_probe(&self, index: usize) -> bool {
        let Some(candidate) = self.table.candidate(index) else { return false };
        let mut accruals = self.router.accruals.borrow_mut();
        let state = accruals.entry(candidate.id.as_str().into()).or_default();
        let is_open = state.is_open_for_probe();
        *state = state.next(AccrualEvent::ProbeTaken, &self.router.policy, self.now, 0);
        is_open || self.router.has(Bug::ProbesWithMany)
    }
}
