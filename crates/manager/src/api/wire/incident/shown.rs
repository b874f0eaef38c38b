//! From what the domain knows of an incident to its shapes, with the words and sentences.

use std::collections::BTreeSet;
use std::time::Duration;

use peegeeq_domain::incident::{Affected, Before, Counts, Incident, Now, Place, Relation, Scope, Step, StepKind, What, Worst};
use peegeeq_domain::time::{Timestamp, millis};

use super::{AffectedCounts, AffectedView, BeforeView, IncidentView, ScopeView, StepView};
use crate::clock;
use crate::registry::store::Seq;

impl IncidentView {
    /// How an incident looks at `now`, when it closes `stable_after` it became well.
    pub fn of(incident: &Incident, now: Timestamp, stable_after: Duration) -> Self {
        let environments: BTreeSet<_> = incident.affected.iter().filter_map(|affected| affected.domain.environment.as_deref()).collect();
        let is_open = incident.closed_at.is_none();
        let closes = |since: Timestamp| since.epoch_millis().saturating_add_unsigned(millis(stable_after));
        let closes_at = incident.stable_since.filter(|_| is_open).map(|since| clock::iso(Timestamp::from_epoch_millis(closes(since))));
        Self {
            id: incident.id.to_string(),
            status: if is_open { "open" } else { "closed" },
            title: title(incident),
            scope: ScopeView::of(&incident.scope()),
            started_at: clock::iso(incident.began),
            opened_at: clock::iso(incident.opened.at),
            opened_by: place(incident.opened.place),
            last_bad_at: clock::iso(incident.last_bad),
            stable_since: incident.stable_since.map(clock::iso),
            closes_at,
            closed_at: incident.closed_at.map(clock::iso),
            duration_ms: millis(incident.length(now)),
            worst: worst(incident.worst()),
            affected: AffectedCounts::of(incident.counts(), incident.instances()),
            relapses: incident.relapses,
            environments: environments.into_iter().map(str::to_owned).collect(),
            merged: incident.merged.iter().map(u64::to_string).collect(),
        }
    }
}

impl ScopeView {
    fn of(scope: &Scope) -> Self {
        let named = |kind, name: &dyn ToString| Self { kind, name: Some(name.to_string()) };
        match scope {
            Scope::Manager => Self { kind: "manager", name: None },
            Scope::Instance(id) => named("instance", id),
            Scope::Host(host) => named("host", host),
            Scope::Database(database) => named("database", database),
            Scope::Region { environment, region } => named("region", &format!("{environment}/{region}")),
            Scope::Environment(environment) => named("environment", environment),
            Scope::Cluster => Self { kind: "cluster", name: None },
        }
    }
}

impl AffectedCounts {
    fn of(counts: Counts, instances: usize) -> Self {
        let Counts { bad, recovered, left, unknown, uncounted } = counts;
        Self { total: counts.total(), instances, bad, recovered, left, unknown: unknown + uncounted }
    }
}

impl AffectedView {
    /// How one that is affected looks.
    pub fn of(affected: &Affected) -> Self {
        let domain = &affected.domain;
        let text = |text: &Option<std::sync::Arc<str>>| text.as_deref().map(str::to_owned);
        Self {
            instance_id: affected.subject.instance.to_string(),
            setup: text(&affected.subject.setup),
            host: text(&domain.host),
            environment: text(&domain.environment),
            region: text(&domain.region),
            database: text(&domain.database),
            first_bad_at: clock::iso(affected.first.at),
            first_bad_event: place(affected.first.place),
            worst: worst(affected.worst),
            now: now(affected.now),
            since: clock::iso(affected.since),
            recovered_at: affected.recovered_at.map(clock::iso),
            times_bad: affected.times_bad,
            reason: affected.reason.to_string(),
        }
    }
}

impl BeforeView {
    /// How a change before an incident looks; `told` is the kind and the sentence of its entry, if that is kept.
    pub fn of(before: &Before, began: Timestamp, told: Option<(&str, &str)>) -> Self {
        let (kind, sentence) = told.unwrap_or(("unknown", "the journal does not keep this entry any more"));
        let summary = match before.what {
            What::Reweighted { from, to } => format!("{sentence}; its weight went from {from} to {to}"),
            _ => sentence.to_owned(),
        };
        let earlier = began.epoch_millis().saturating_sub(before.mark.at.epoch_millis());
        Self {
            event: place(before.mark.place),
            at: clock::iso(before.mark.at),
            seconds_before: u64::try_from(earlier / 1000).unwrap_or_default(),
            kind: kind.to_owned(),
            relation: relation(before.relation),
            instance_id: before.instance.as_ref().map(ToString::to_string),
            summary,
        }
    }
}

impl StepView {
    /// How a step looks; `told` is the sentence of its entry, if that is kept.
    pub fn of(step: &Step, told: Option<&str>) -> Self {
        let own = match step.kind {
            StepKind::Stable => Some("nothing is bad any more"),
            StepKind::Closed => Some("closed: nothing was bad for long enough"),
            StepKind::Merged => Some("another incident turned out to be this one"),
            _ => None,
        };
        let kept = || told.unwrap_or("the journal does not keep this entry any more");
        Self {
            event: step.place.map(place),
            at: clock::iso(step.at),
            step: step_word(step.kind),
            instance_id: step.subject.as_ref().map(|subject| subject.instance.to_string()),
            setup: step.subject.as_ref().and_then(|subject| subject.setup.as_deref().map(str::to_owned)),
            summary: own.unwrap_or_else(kept).to_owned(),
        }
    }
}

/// A sentence for people: how many, where, what.
fn title(incident: &Incident) -> String {
    let (counts, scope) = (incident.counts(), incident.scope());
    let many = |count: usize, one: &str, more: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {more}") };
    let what = match incident.worst() {
        Worst::Down => format!("{} down", many(incident.instances(), "instance", "instances")),
        Worst::SetupDown => format!("{} without database", many(counts.total(), "setup", "setups")),
        Worst::SetupMissing => format!("{} missing", many(counts.total(), "setup", "setups")),
        Worst::Doubt => "most hosts silent at the same time".to_owned(),
    };
    match scope {
        Scope::Manager if counts.total() == 0 => "the manager could not trust its checks: ".to_owned() + &what,
        Scope::Manager => format!("{what} while most hosts were silent"),
        Scope::Instance(id) if incident.worst() == Worst::Down => format!("{id} down"),
        Scope::Instance(id) => format!("{what} on {id}"),
        Scope::Host(host) => format!("{what} on host {host}"),
        Scope::Database(database) => format!("{what}: {database}"),
        Scope::Region { environment, region } => format!("{what} in {environment}/{region}"),
        Scope::Environment(environment) => format!("{what} in {environment}"),
        Scope::Cluster => format!("{what} across environments"),
    }
}

fn place(place: Place) -> String {
    Seq { epoch: place.epoch, number: place.number }.to_string()
}

const fn worst(worst: Worst) -> &'static str {
    match worst {
        Worst::Down => "down",
        Worst::SetupDown => "setup-down",
        Worst::SetupMissing => "setup-missing",
        Worst::Doubt => "doubt",
    }
}

const fn now(now: Now) -> &'static str {
    match now {
        Now::Bad => "bad",
        Now::Recovered => "recovered",
        Now::Deregistered => "deregistered",
        Now::OrderedOut => "ordered-out",
        Now::Unknown => "unknown",
    }
}

const fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::SameInstance => "same-instance",
        Relation::SameHost => "same-host",
        Relation::SameRegion => "same-region",
        Relation::SameEnvironment => "same-environment",
        Relation::Manager => "manager",
    }
}

const fn step_word(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Opened => "opened",
        StepKind::Joined => "joined",
        StepKind::Again => "again",
        StepKind::Recovered => "recovered",
        StepKind::Left => "left",
        StepKind::Ordered => "ordered",
        StepKind::Changed => "changed",
        StepKind::Unknown => "unknown",
        StepKind::Doubt => "doubt",
        StepKind::Trust => "trust",
        StepKind::Merged => "merged",
        StepKind::Stable => "stable",
        StepKind::Closed => "closed",
    }
}
