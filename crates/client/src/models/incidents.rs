//! What failed together.

use serde::Deserialize;

/// `/api/v1/incidents`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IncidentList {
    /// Incidents of this page.
    pub incidents: Vec<Incident>,
    /// Where to go on: `before` of the next question.
    pub next: Option<String>,
    /// How many are open.
    pub open: u64,
    /// Whether the manager has read its whole journal since it started.
    pub complete: bool,
}

/// One incident.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Incident {
    /// Its name.
    pub id: String,
    /// `open` or `closed`.
    pub status: String,
    /// What it is, as a sentence.
    pub title: String,
    /// What failed.
    pub scope: Scope,
    /// When the first affected one began to fail.
    pub started_at: String,
    /// The journal entry that opened it.
    pub opened_by: String,
    /// Since when nothing is bad.
    pub stable_since: Option<String>,
    /// When it closed.
    pub closed_at: Option<String>,
    /// From its beginning until nothing was bad any more, or until now.
    pub duration_ms: u64,
    /// The worst that happened.
    pub worst: String,
    /// How many are affected.
    pub affected: Counts,
    /// How often something went bad again.
    pub relapses: u64,
    /// Incidents that turned out to be this one.
    pub merged: Vec<String>,
}

/// What failed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Scope {
    /// `instance`, `host`, `database`, `region`, `environment`, `cluster` or `manager`.
    pub kind: String,
    /// Which.
    pub name: Option<String>,
}

/// How many are affected, and how they are.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// All.
    pub total: u64,
    /// Different instances among them.
    pub instances: u64,
    /// Bad now.
    pub bad: u64,
    /// Well again.
    pub recovered: u64,
    /// Gone, or taken out by order.
    pub left: u64,
    /// Nobody knows.
    pub unknown: u64,
}

/// `/api/v1/incidents/{id}`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IncidentReport {
    /// The incident.
    pub incident: Incident,
    /// What changed before.
    pub before: Vec<Before>,
    /// Who is affected.
    pub affected: Vec<Affected>,
    /// What happened.
    pub timeline: Vec<Step>,
}

/// Something that changed before an incident.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Before {
    /// The journal entry.
    pub event: String,
    /// When.
    pub at: String,
    /// How it is related to what failed.
    pub relation: String,
    /// What, as a sentence.
    pub summary: String,
}

/// One that is affected.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Affected {
    /// The instance.
    pub instance_id: String,
    /// The setup on it, if it is one.
    pub setup: Option<String>,
    /// When it began to fail.
    pub first_bad_at: String,
    /// The worst it was.
    pub worst: String,
    /// How it is.
    pub now: String,
    /// When it was well again the last time.
    pub recovered_at: Option<String>,
    /// Why it was bad.
    pub reason: String,
}

/// One step of an incident.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Step {
    /// The journal entry, if one tells it.
    pub event: Option<String>,
    /// When.
    pub at: String,
    /// Which step.
    pub step: String,
    /// What, as a sentence.
    pub summary: String,
}
