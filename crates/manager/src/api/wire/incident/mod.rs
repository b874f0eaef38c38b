//! Incidents as the API shows them: the row of a list, and one with all that belongs to it.
//!
//! Owns the shapes. Does not own what an incident is (`peegeeq_domain::incident`), nor how entries are found.

mod shown;

use serde::Serialize;
use utoipa::ToSchema;

/// One incident, as a list and live updates show it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentView {
    /// Its name: the number of the journal entry that opened it. The same after a restart of the manager.
    #[schema(examples("1742"))]
    pub id: String,
    /// `open` or `closed`.
    pub status: &'static str,
    /// What it is, as one short sentence for people.
    #[schema(examples("3 instances on host 10.0.0.7 went down"))]
    pub title: String,
    /// What failed, as far as the affected ones show.
    pub scope: ScopeView,
    /// When the first affected one began to fail, ISO 8601. A little before `openedAt` where failing came before down.
    pub started_at: String,
    /// When it was clear that it was an incident.
    pub opened_at: String,
    /// The journal entry that opened it, `<epoch>:<seq>`.
    #[schema(examples("3:1742"))]
    pub opened_by: String,
    /// When something went bad last.
    pub last_bad_at: String,
    /// Since when nothing is bad; null while something is.
    pub stable_since: Option<String>,
    /// When it will close if nothing goes bad again; null while something is bad, and when it is closed.
    pub closes_at: Option<String>,
    /// When it closed; null while it is open.
    pub closed_at: Option<String>,
    /// From `startedAt` until nothing was bad any more; until now while something is.
    pub duration_ms: u64,
    /// The worst that happened: `down` (an instance), `setup-down`, `setup-missing`, or `doubt` (the manager could not trust its own checks).
    pub worst: &'static str,
    /// How many are affected, and how they are now.
    pub affected: AffectedCounts,
    /// How often something went bad again that had recovered within this incident.
    pub relapses: u64,
    /// Environments of the affected ones, sorted.
    pub environments: Vec<String>,
    /// Incidents that turned out to be the same one; their names lead here.
    pub merged: Vec<String>,
}

/// What failed.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScopeView {
    /// `instance`, `host`, `database`, `region`, `environment`, `cluster`, or `manager` (most hosts fell silent together).
    pub kind: &'static str,
    /// Which: an instance id, a host, `host:port/database/schema`, an environment; `environment/region` for a region; null for `cluster` and `manager`.
    pub name: Option<String>,
}

/// How many are affected: instances, and setups on instances, each counted once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AffectedCounts {
    /// All.
    pub total: usize,
    /// Different instances among them.
    pub instances: usize,
    /// Bad now.
    pub bad: usize,
    /// Well again.
    pub recovered: usize,
    /// Not there any more, or taken out by order.
    pub left: usize,
    /// Nobody knows how they are: the manager did not run, or has not looked yet.
    pub unknown: usize,
}

/// One that is affected: an instance, or a setup on one.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AffectedView {
    /// The instance.
    pub instance_id: String,
    /// The setup on it; null: the instance itself.
    pub setup: Option<String>,
    /// Its host, if the journal tells.
    pub host: Option<String>,
    /// Its environment, if the journal tells.
    pub environment: Option<String>,
    /// Its region, if the journal tells.
    pub region: Option<String>,
    /// Where the setup's data lives, `host:port/database/schema`; null for an instance, or when it did not say.
    pub database: Option<String>,
    /// When it began to fail.
    pub first_bad_at: String,
    /// The journal entry that says so first, `<epoch>:<seq>`.
    pub first_bad_event: String,
    /// The worst it was: `down`, `setup-down` or `setup-missing`.
    pub worst: &'static str,
    /// How it is: `bad`, `recovered`, `deregistered`, `ordered-out` (drained or in maintenance) or `unknown`.
    pub now: &'static str,
    /// Since when it is so.
    pub since: String,
    /// When it was well again the last time; null: it was not.
    pub recovered_at: Option<String>,
    /// How often it went bad.
    pub times_bad: u32,
    /// Why, in the words of the last check that found it bad.
    pub reason: String,
}

/// Something that happened shortly before, and may be the cause.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BeforeView {
    /// The journal entry, `<epoch>:<seq>`.
    #[schema(examples("3:1739"))]
    pub event: String,
    /// When, ISO 8601.
    pub at: String,
    /// Seconds from then to the beginning of the incident.
    pub seconds_before: u64,
    /// Kind of the journal entry, as in `/api/v1/events`.
    pub kind: String,
    /// How it is related: `same-instance`, `same-host`, `same-region`, `same-environment` or `manager`.
    pub relation: &'static str,
    /// The instance it was about, if it was about one.
    pub instance_id: Option<String>,
    /// A sentence for people.
    pub summary: String,
}

/// One step of the incident.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    /// The journal entry, `<epoch>:<seq>`; null for what no entry tells: that it became stable, or closed.
    pub event: Option<String>,
    /// When, ISO 8601.
    pub at: String,
    /// `opened`, `joined` (another one went bad), `again` (one went bad that had recovered), `recovered`, `left`, `ordered`, `changed`, `unknown` (the manager
    /// stopped, started or lost entries), `doubt`, `trust`, `merged`, `stable` or `closed`.
    pub step: &'static str,
    /// The instance it is about, if it is about one.
    pub instance_id: Option<String>,
    /// The setup it is about, if it is about one.
    pub setup: Option<String>,
    /// A sentence for people.
    pub summary: String,
}

/// A page of incidents.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentsPage {
    /// `Incidents retrieved successfully`
    pub message: &'static str,
    /// Incidents in this page.
    pub count: usize,
    /// The incidents, newest first unless `order=asc`.
    pub incidents: Vec<IncidentView>,
    /// Where to go on: say it as `before` (newest first) or `after` (oldest first). Null: there is no more.
    pub next: Option<String>,
    /// How many are open, whatever the filter.
    pub open: usize,
    /// False for a moment after the start: the journal is still being read, and older incidents are missing.
    pub complete: bool,
    /// Parameters of the request that mean nothing: a typo, perhaps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ignored_parameters: Vec<String>,
    /// When.
    pub timestamp: String,
}

/// One incident with all that belongs to it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IncidentAnswer {
    /// `Incident retrieved successfully`
    pub message: &'static str,
    /// The incident.
    pub incident: IncidentView,
    /// What happened in the ten minutes before it (`incidents.before`), oldest first, at most 50.
    pub before: Vec<BeforeView>,
    /// Who is affected, in the order in which they went bad.
    pub affected: Vec<AffectedView>,
    /// Affected ones that are counted but not listed.
    pub affected_omitted: usize,
    /// What happened in it, oldest first.
    pub timeline: Vec<StepView>,
    /// Steps that are not kept: those in the middle of a long incident.
    pub timeline_omitted: u64,
    /// When.
    pub timestamp: String,
}
