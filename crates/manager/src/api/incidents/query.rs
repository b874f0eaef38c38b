//! What a caller may ask of the incidents.

use utoipa::IntoParams;

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
#[into_params(parameter_in = Path, names("incidentId"))]
pub(super) struct IncidentPath(
    /// The id of an incident, from the list.
    #[expect(dead_code, reason = "describes the path")]
    String,
);
