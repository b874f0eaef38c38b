//! What a caller may ask of the incidents.

use http::{HeaderMap, header};
use peegeeq_domain::incident::Incident;
use peegeeq_domain::instance::Fault;
use peegeeq_domain::time::Timestamp;
use utoipa::IntoParams;

use crate::api::error::ApiError;
use crate::clock;

/// Incidents of a page when nothing is said.
const LIMIT: usize = 100;

/// The most incidents of a page.
const LIMIT_MAX: usize = 1000;

/// What a caller may say in the query of the list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub(super) struct IncidentsParameters {
    /// `open` or `closed`; default both.
    status: Option<String>,
    /// Only those that were open at this time or later, ISO 8601.
    #[param(format = DateTime)]
    since: Option<String>,
    /// Only those that began before this time, ISO 8601.
    #[param(format = DateTime)]
    until: Option<String>,
    /// Only those that affect exactly this environment.
    environment: Option<String>,
    /// Only those that affect this instance.
    instance: Option<String>,
    /// Only those older than this one: the id of an incident.
    #[param(pattern = "^[0-9]+$")]
    before: Option<String>,
    /// Only those newer than this one: the id of an incident.
    #[param(pattern = "^[0-9]+$")]
    after: Option<String>,
    /// `desc` (newest first, the default) or `asc`.
    order: Option<String>,
    /// Incidents of a page, default 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What a caller may say in the query of one.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub(super) struct IncidentParameters {
    /// `json` or `markdown`; stands over what `Accept` says.
    format: Option<String>,
}

/// Which incident.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the path; handlers take the id as text")]
pub(super) struct IncidentPath {
    /// The id of an incident, from the list.
    #[param(pattern = "^[0-9]+$")]
    incident_id: String,
}

/// Which way a page goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

/// What was asked of the list.
#[derive(Debug)]
pub(super) struct IncidentsQuery {
    is_open: Option<bool>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    environment: Option<String>,
    instance: Option<String>,
    before: Option<u64>,
    after: Option<u64>,
    pub(super) order: Order,
    pub(super) limit: usize,
    pub(super) ignored: Vec<String>,
}

impl Default for IncidentsQuery {
    fn default() -> Self {
        let (is_open, since, until, environment, instance, before, after) = Default::default();
        let (order, limit, ignored) = (Order::Descending, LIMIT, Vec::new());
        Self { is_open, since, until, environment, instance, before, after, order, limit, ignored }
    }
}

impl IncidentsQuery {
    /// Reads the parameters, naming all faults at once.
    pub(super) fn read(parameters: Vec<(String, String)>) -> Result<Self, ApiError> {
        let (mut query, mut faults) = (Self::default(), Vec::new());
        for (name, value) in parameters {
            if let Err(message) = query.take(&name, value) {
                faults.push(Fault::new(&name, message));
            }
        }
        if faults.is_empty() { Ok(query) } else { Err(ApiError::faults(faults)) }
    }

    fn take(&mut self, name: &str, value: String) -> Result<(), String> {
        let time = |value: &str| clock::parse_iso(value).ok_or_else(|| format!("{name} must be a time such as 2026-01-31T12:00:00Z"));
        let id = |value: &str| value.parse().map_err(|_| format!("{name} must be the id of an incident, such as 1742"));
        match name {
            "status" => {
                self.is_open = Some(match &*value {
                    "open" => true,
                    "closed" => false,
                    _ => return Err("status must be open or closed".to_owned()),
                });
            }
            "since" => self.since = Some(time(&value)?),
            "until" => self.until = Some(time(&value)?),
            "environment" => self.environment = Some(value),
            "instance" => self.instance = Some(value),
            "before" => self.before = Some(id(&value)?),
            "after" => self.after = Some(id(&value)?),
            "order" => {
                self.order = match &*value {
                    "asc" => Order::Ascending,
                    "desc" => Order::Descending,
                    _ => return Err("order must be asc or desc".to_owned()),
                };
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
                self.limit = limit.ok_or_else(|| format!("limit must be a whole number from 1 to {LIMIT_MAX}"))?;
            }
            _ => self.ignored.push(name.to_owned()),
        }
        Ok(())
    }

    /// Whether an incident is asked for.
    pub(super) fn wants(&self, incident: &Incident) -> bool {
        let in_environment = |wanted: &String| {
            let mut environments = incident.affected.iter().filter_map(|affected| affected.domain.environment.as_deref());
            environments.any(|environment| environment == wanted)
        };
        self.is_open.is_none_or(|is_open| is_open == incident.closed_at.is_none())
            && self.since.is_none_or(|since| incident.closed_at.is_none_or(|closed| closed >= since))
            && self.until.is_none_or(|until| incident.began < until)
            && self.environment.as_ref().is_none_or(in_environment)
            && self.instance.as_ref().is_none_or(|instance| incident.affects(instance))
            && self.before.is_none_or(|before| incident.id < before)
            && self.after.is_none_or(|after| incident.id > after)
    }
}

/// In which form one is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Markdown,
}

impl Format {
    /// Reads `format`, or else `Accept`: JSON unless Markdown is asked for and JSON is not.
    pub(super) fn read(parameters: Vec<(String, String)>, headers: &HeaderMap) -> Result<Self, ApiError> {
        match parameters.iter().rev().find(|(name, _)| name == "format").map(|(_, value)| &**value) {
            Some("json") => return Ok(Self::Json),
            Some("markdown") => return Ok(Self::Markdown),
            Some(_) => return Err(ApiError::faults(vec![Fault::new("format", "format must be json or markdown")])),
            None => {}
        }
        let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut types = accepted.flat_map(|value| value.split(',')).map(|part| part.split(';').next().unwrap_or_default().trim());
        let first = types.find(|wanted| matches!(*wanted, "text/markdown" | "application/json" | "application/*" | "*/*"));
        Ok(if first == Some("text/markdown") { Self::Markdown } else { Self::Json })
    }
}
