//! What an operator writes to begin or lead a rolling restart, and how far one is.

use std::sync::Arc;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::rolling::{Rolling, Stage, State, Step};
use serde::Serialize;
use utoipa::ToSchema;

use super::millis;
use crate::clock;
use crate::gateway::Traffic;

/// Body of `POST /api/v1/routing/rolling-restart`.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the request in the API document; the reader takes fields one by one to name all faults at once")]
pub struct RollingRequest {
    /// These instances, in this order.
    instance_ids: Option<Vec<String>>,
    /// Those of this environment, in the order of ids.
    environment: Option<String>,
    /// Those of this region.
    region: Option<String>,
    /// All of them; must be said if nothing else is.
    all: Option<bool>,
    /// Why; shown, and noted with each order.
    #[schema(max_length = 400)]
    reason: Option<String>,
    /// After so long streams of a draining instance are ended; `60s` if not said.
    #[schema(examples("60s"))]
    deadline: Option<String>,
    /// For so long somebody may take to restart an instance, and it to become well; `15m` if not said.
    #[schema(examples("15m"))]
    restart_within: Option<String>,
    /// For so long a restarted instance may take to list its former setups; `2m` if not said.
    #[schema(examples("2m"))]
    setups_within: Option<String>,
    /// The most instances that are out at the same time; 1 if not said.
    #[schema(minimum = 1, maximum = 100)]
    max_unavailable: Option<u32>,
}

/// Body of `POST /api/v1/routing/rolling-restart/{restartId}/…`, which may be empty.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "as above")]
pub struct RollingWord {
    /// When pausing: why.
    #[schema(max_length = 400)]
    reason: Option<String>,
    /// When continuing: go on with the instance it was paused for, whatever is missing.
    force: Option<bool>,
}

/// All rolling restarts that are remembered.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingList {
    /// The newest first.
    pub restarts: Vec<RollingView>,
    /// When.
    pub timestamp: String,
}

/// How far a rolling restart is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingView {
    /// Its id.
    pub restart_id: String,
    /// `running`, `paused`, `cancelled` or `done`.
    pub state: &'static str,
    /// What is to be done now, or what it waits for.
    pub sentence: String,
    /// The instance it is paused for, if it is paused for one.
    pub paused_for: Option<String>,
    /// Who ordered it.
    pub by: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// When it began.
    pub began_at: String,
    /// Since when it is in this state.
    pub since: String,
    /// After so long streams of a draining instance are ended.
    pub deadline_ms: u64,
    /// For so long a restart may take.
    pub restart_within_ms: u64,
    /// For so long former setups may take to come back.
    pub setups_within_ms: u64,
    /// The most instances that are out at the same time.
    pub max_unavailable: usize,
    /// How many were restarted.
    pub done: usize,
    /// How many there are.
    pub total: usize,
    /// Each of them, in its turn.
    pub instances: Vec<RollingInstance>,
    /// When.
    pub timestamp: String,
}

/// How far one instance is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RollingInstance {
    /// Its id.
    pub instance_id: String,
    /// `queued`, `chosen`, `draining`, `ready-to-restart`, `restarting`, `waiting-for-setups`, `returning`, `done` or `skipped`.
    pub stage: &'static str,
    /// Since when.
    pub since: String,
    /// Why it was skipped.
    pub why: Option<String>,
    /// Requests under way and waiting, streams among them; null for whom nothing is sent to.
    pub in_flight: Option<usize>,
    /// Streams under way.
    pub streams: Option<usize>,
    /// Streams that were ended because the deadline of its drain has come; null before that.
    pub streams_ended: Option<usize>,
    /// The setups it had before it was drained, and is to have again.
    #[schema(value_type = Vec<String>)]
    pub former_setups: Vec<Arc<str>>,
}

impl RollingView {
    /// How far it is, with what is under way to each instance.
    pub fn of(rolling: &Rolling, traffic: impl Fn(&InstanceId) -> Option<Traffic>) -> Self {
        let paused_for = if let State::Paused { instance, .. } = &rolling.state { instance.as_ref() } else { None };
        Self {
            restart_id: rolling.id.to_string(),
            state: rolling.state.as_str(),
            sentence: sentence(rolling),
            paused_for: paused_for.map(ToString::to_string),
            by: rolling.by.to_string(),
            reason: rolling.reason.as_deref().map(str::to_owned),
            began_at: clock::iso(rolling.began_at),
            since: clock::iso(rolling.since),
            deadline_ms: millis(rolling.limits.deadline),
            restart_within_ms: millis(rolling.limits.restart_within),
            setups_within_ms: millis(rolling.limits.setups_within),
            max_unavailable: rolling.limits.max_unavailable,
            done: rolling.steps.iter().filter(|step| step.stage == Stage::Done).count(),
            total: rolling.steps.len(),
            instances: rolling.steps.iter().map(|step| RollingInstance::of(step, traffic(&step.instance))).collect(),
            timestamp: clock::iso(clock::wall()),
        }
    }
}

impl RollingInstance {
    fn of(step: &Step, traffic: Option<Traffic>) -> Self {
        let why = if let Stage::Skipped { why } = &step.stage { Some(why.to_string()) } else { None };
        Self {
            instance_id: step.instance.to_string(),
            stage: step.stage.as_str(),
            since: clock::iso(step.since),
            why,
            in_flight: traffic.map(|traffic| traffic.in_flight + traffic.waiting),
            streams: traffic.map(|traffic| traffic.streams),
            streams_ended: traffic.and_then(|traffic| traffic.streams_ended),
            former_setups: step.former.clone(),
        }
    }
}

fn sentence(rolling: &Rolling) -> String {
    match &rolling.state {
        State::Paused { instance: Some(instance), why } => format!("paused for {instance}: {why}"),
        State::Paused { instance: None, why } => format!("paused: {why}"),
        State::Cancelled => "called off".to_owned(),
        State::Done => "over".to_owned(),
        State::Running => {
            let of = |stage: &Stage| {
                let steps = rolling.steps.iter().filter(|step| step.stage == *stage);
                steps.map(|step| step.instance.as_str()).collect::<Vec<_>>().join(", ")
            };
            match rolling.steps.iter().find(|step| step.stage.is_under_way()) {
                _ if rolling.steps.iter().any(|step| step.stage == Stage::Ready) => format!("restart {} now", of(&Stage::Ready)),
                Some(step) => format!("{} is {}", step.instance, words(&step.stage)),
                None => "waits until all others take part".to_owned(),
            }
        }
    }
}

fn words(stage: &Stage) -> &'static str {
    match stage {
        Stage::Chosen | Stage::Draining => "draining",
        Stage::Restarting => "restarting",
        Stage::Setups => "to list its former setups",
        Stage::Returning => "let in again",
        other => other.as_str(),
    }
}
