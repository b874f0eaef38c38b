//! What every federated answer says about itself: who was asked, what is missing and why.

use std::collections::BTreeMap;

use peegeeq_domain::federation::{
    Agreement, Coverage, DegradedSetup, FetchFailure, Part, PhysicalHost, PhysicalIdentity, SetupTrouble, SharedSetup,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::standing_word;
use crate::federation::Attached;

/// The fields that every federated answer has.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; it is written from prepared text")]
pub struct Envelope {
    /// `Federated … retrieved successfully`, or `No healthy instances available`.
    message: String,
    /// When this answer was sent, ISO 8601.
    timestamp: String,
    /// How many instances answered.
    instance_count: usize,
    /// How many instances were asked.
    instances_queried: usize,
    /// Whether the answer speaks for all there is.
    complete: bool,
    /// The opposite of `complete`.
    partial: bool,
    /// How much of the cluster the answer speaks for.
    coverage: CoverageView,
    /// Every instance, whether it was asked, and what came of it.
    sources: Vec<SourceView>,
    /// The instances that gave nothing.
    failed_instances: Vec<FailedInstance<'static>>,
    /// Figures that no instance supplied; they are null.
    unavailable: Vec<String>,
    /// Fields of rows that instances fill with something meaningless; they are in no total.
    placeholders: Vec<String>,
    /// Databases that several attachments show: counted once if the instances agree about what is in them.
    shared_setups: Vec<SharedSetupView<'static>>,
    /// Setups that the answer does not speak for although their instance answered; the first hundred of them.
    degraded_setups: Vec<DegradedSetupView<'static>>,
    /// How many such setups there are.
    degraded_setup_count: usize,
    /// Parameters of the request that mean nothing here: a typo, perhaps. Only if there were any.
    #[schema(required = false)]
    ignored_parameters: Vec<String>,
    /// Number of the page, from 1. Only if a page was asked for, as the next two.
    #[schema(required = false)]
    page: usize,
    /// Elements on a full page.
    #[schema(required = false)]
    page_size: usize,
    /// How many pages there are.
    #[schema(required = false)]
    total_pages: usize,
}

/// How much of the cluster an answer speaks for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoverageView {
    /// Instances that were asked.
    pub asked: usize,
    /// Of those: answered.
    pub answered: usize,
    /// Of the answered: gave less than they have.
    pub degraded: usize,
    /// Of the asked: gave nothing.
    pub failed: usize,
    /// Not even asked: down, or the manager had too much to do.
    pub skipped: usize,
    /// Attachments of setups whose data is in the answer.
    pub setups_known: usize,
    /// Attachments of setups whose data is not.
    pub setups_unknown: usize,
}

impl From<&Coverage> for CoverageView {
    fn from(coverage: &Coverage) -> Self {
        let Coverage { asked, answered, degraded, failed, skipped, setups_known, setups_unknown } = *coverage;
        Self { asked, answered, degraded, failed, skipped, setups_known, setups_unknown }
    }
}

/// One instance in `sources`.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer: the age is filled in at each request")]
pub struct SourceView {
    #[schema(inline)]
    #[serde(flatten)]
    stable: StableSource<'static>,
    /// How old its answer is; null if it was not asked.
    age_ms: Option<u64>,
}

/// One instance in `sources`, but for the age.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StableSource<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// `ok`, `degraded`, `failed` or `skipped`.
    pub status: &'static str,
    /// Its state: `healthy`, `unhealthy`, `unknown`, `starting` or `stopping`.
    pub health: &'static str,
    /// Its environment.
    pub environment: &'a str,
    /// Its region.
    pub region: &'a str,
    /// How long it took to answer; null if it was not asked.
    pub took_ms: Option<u64>,
    /// Why it is not `ok`, and what to do.
    pub error: Option<String>,
    /// Rows of its answer that could not be read.
    pub skipped_rows: usize,
}

impl<'a> StableSource<'a> {
    /// How one part of an answer looks.
    pub fn of<T>(part: &'a Part<T, Attached>) -> Self {
        let faults = &part.attached.faults;
        let status = match &part.outcome {
            Err(failure) if !failure.was_asked() => "skipped",
            _ => part.status().word(),
        };
        Self {
            instance_id: part.source.instance.as_str(),
            status,
            health: part.attached.entry.state().as_str(),
            environment: &part.source.environment,
            region: &part.source.region,
            took_ms: part.attached.took.map(peegeeq_domain::time::millis),
            error: error(part),
            skipped_rows: faults.count,
        }
    }
}

/// The most setups of one source that its error names.
const SETUPS_TOLD_MAX: usize = 10;

/// The most characters of a sentence with an instance's own words in it.
const SENTENCE_CHARACTERS_MAX: usize = 512;

/// The beginning of a sentence.
fn cut(sentence: String) -> String {
    match sentence.char_indices().nth(SENTENCE_CHARACTERS_MAX) {
        Some((end, _)) => format!("{}…", &sentence[..end]),
        None => sentence,
    }
}

fn error<T>(part: &Part<T, Attached>) -> Option<String> {
    if let Err(failure) = &part.outcome {
        return Some(cut(failure.to_string()));
    }
    let setups = part.degraded.iter().take(SETUPS_TOLD_MAX).map(|degraded| format!("setup {:?}: {}", degraded.setup, degraded.trouble));
    let faults = part.attached.faults.first.as_ref().map(|first| match part.attached.faults.count {
        1 => first.clone(),
        count => format!("{first} (and {} more)", count - 1),
    });
    let all: Vec<String> = setups.chain(part.attached.unlisted.clone()).chain(faults).collect();
    (!all.is_empty()).then(|| cut(all.join("; ")))
}

/// One instance in `failedInstances`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FailedInstance<'a> {
    /// Its name.
    pub instance_id: &'a str,
    /// Why it gave nothing.
    pub error: String,
    /// `timeout`, `refused`, `unreachable`, `status`, `too-large`, `bad-body`, `not-healthy` or `busy`.
    pub status: &'static str,
    /// The HTTP status of its answer, if that was the reason.
    pub http_status: Option<u16>,
}

impl<'a> FailedInstance<'a> {
    /// How a part looks that gave nothing; `None` if it gave something.
    pub fn of<T>(part: &'a Part<T, Attached>) -> Option<Self> {
        let failure = part.outcome.as_ref().err()?;
        let http_status = match failure {
            FetchFailure::Status { code, .. } => Some(*code),
            _ => None,
        };
        Some(Self { instance_id: part.source.instance.as_str(), error: cut(failure.to_string()), status: failure.word(), http_status })
    }
}

/// A database that several attachments show.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedSetupView<'a> {
    /// Environment of the instances.
    pub environment: &'a str,
    /// Region of the instances.
    pub region: &'a str,
    /// Host of the database; beside an instance, `HOST (local)`.
    pub host: String,
    /// Port of the database.
    pub port: u16,
    /// Name of the database.
    pub database: &'a str,
    /// Schema within it.
    pub schema: &'a str,
    /// Whether it was counted once; if not, the instances disagree about what is in it.
    pub merged: bool,
    /// Who shows it.
    pub members: Vec<SharedMemberView<'a>>,
}

/// One attachment of a shared database.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedMemberView<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The setup's id there.
    pub setup_id: &'a str,
    /// `counted`, `shared` (counted elsewhere) or `unknown`.
    pub standing: &'static str,
}

impl<'a> SharedSetupView<'a> {
    /// How a shared setup looks within an answer.
    pub fn of<T>(shared: &'a SharedSetup, parts: &'a [Part<T, Attached>]) -> Self {
        let PhysicalIdentity { environment, region, host, port, database, schema } = &shared.identity;
        let member = |member: &'a peegeeq_domain::federation::SharedMember| SharedMemberView {
            instance_id: parts.get(member.source).map_or("", |part| part.source.instance.as_str()),
            setup_id: &member.setup,
            standing: standing_word(member.standing),
        };
        Self {
            environment,
            region,
            host: host_text(host),
            port: *port,
            database,
            schema,
            merged: shared.agreement == Agreement::Merged,
            members: shared.members.iter().map(member).collect(),
        }
    }
}

fn host_text(host: &PhysicalHost) -> String {
    match host {
        PhysicalHost::Named(name) => name.clone(),
        PhysicalHost::BesideInstance { instance_host, socket: None } => format!("{instance_host} (local)"),
        PhysicalHost::BesideInstance { instance_host, socket: Some(path) } => format!("{instance_host} (socket {path})"),
    }
}

/// A setup that an answer does not speak for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DegradedSetupView<'a> {
    /// The instance.
    pub instance_id: &'a str,
    /// The setup's id there.
    pub setup_id: &'a str,
    /// `database-down`, `health-unknown`, `missing` or `rows-absent`.
    pub status: &'static str,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub action: String,
}

impl<'a> DegradedSetupView<'a> {
    /// How a setup of a part looks.
    pub fn of<T>(part: &'a Part<T, Attached>, degraded: &'a DegradedSetup) -> Self {
        let base = part.attached.entry.instance.registration.endpoint.base_url();
        let setup = &degraded.setup;
        let action = match &degraded.trouble {
            SetupTrouble::Missing => format!("attach it again: POST {base}/api/v1/database-setup/connect with setupId {setup:?}"),
            SetupTrouble::HealthUntold { .. } => {
                format!("find out why it does not tell; see GET {base}/api/v1/setups/{}/health", crate::api::wire::path_segment(setup))
            }
            SetupTrouble::DatabaseDown { .. } | SetupTrouble::RowsAbsent { .. } => {
                format!("bring its database back; see GET {base}/api/v1/setups/{}/health", crate::api::wire::path_segment(setup))
            }
        };
        let (status, reason) = (degraded.trouble.word(), cut(degraded.trouble.to_string()));
        Self { instance_id: part.source.instance.as_str(), setup_id: setup, status, reason, action }
    }
}

/// A row as its instance sent it, whatever that was, with where it came from.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the answer; rows are handed on as text")]
pub struct FlatRow {
    /// The instance that gave it.
    source_instance_id: String,
    /// Where that listens.
    source_host: String,
    /// Its port.
    source_port: u16,
    /// Its environment.
    source_environment: String,
    /// Its region.
    source_region: String,
    /// Every field that the instance sent.
    #[serde(flatten)]
    fields: BTreeMap<String, serde_json::Value>,
}
