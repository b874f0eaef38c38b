//! Words, paths and parameters of requests, for the description of the API: what is written here is what the readers accept.
//!
//! Owns no behaviour. The readers take words in any case; the description names the plain spelling.

use utoipa::{IntoParams, ToSchema};

/// The instance a path names.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the path; handlers take the id as text")]
pub struct InstancePath {
    /// Name of the instance, percent-encoded once.
    #[param(
        min_length = 1,
        max_length = 128,
        pattern = "^[^\\u0000-\\u001F\\u007F-\\u009F\\u00AD\\u034F\\u061C\\u115F\\u1160\\u17B4\\u17B5\\u180B-\\u180F\\u200B-\\u200F\\u2028-\\u202E\\u2060-\\u206F\\u3164\\uFEFF\\uFFA0\\uFFF0-\\uFFFB]+$"
    )]
    instance_id: String,
}

/// What a caller may say to the read of one instance.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub struct AtParameter {
    /// As it was at this time, ISO 8601, from the journal.
    #[param(format = DateTime)]
    at: Option<String>,
}

/// What a caller may say to the list.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub struct ListParameters {
    /// Exactly this environment.
    environment: Option<String>,
    /// Exactly this region.
    region: Option<String>,
    /// `healthy`, `unhealthy`, `unknown`, `starting` or `stopping`, in any case; another word matches nothing.
    status: Option<String>,
    /// Field to sort by, with `-` in front for the other direction.
    #[param(inline)]
    sort: Option<SortWord>,
    /// As the instances were at this time, ISO 8601, from the journal.
    #[param(format = DateTime)]
    at: Option<String>,
    /// Page, from 1.
    #[param(minimum = 1, maximum = 1_000_000)]
    page: Option<u32>,
    /// Rows of a page; default 100 when a page is asked for.
    #[param(minimum = 1, maximum = 1000)]
    page_size: Option<u32>,
}

/// Plain or encrypted.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum SchemeWord {
    /// `http://`
    Http,
    /// `https://`
    Https,
}

/// What can be ordered for an instance.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum PresenceWord {
    /// Coming up: `starting` until its first passed check.
    Starting,
    /// Takes part.
    Serving,
    /// Finishes what it has, gets nothing new.
    Draining,
    /// Going away.
    Stopping,
    /// Taken out by an operator.
    Maintenance,
}

/// What the list can be sorted by; `-` turns the order round.
#[derive(Debug, ToSchema)]
#[expect(missing_docs, reason = "each is the field of the same name, with or without '-'")]
pub enum SortWord {
    #[schema(rename = "instanceId")]
    InstanceId,
    #[schema(rename = "-instanceId")]
    InstanceIdDown,
    #[schema(rename = "host")]
    Host,
    #[schema(rename = "-host")]
    HostDown,
    #[schema(rename = "port")]
    Port,
    #[schema(rename = "-port")]
    PortDown,
    #[schema(rename = "environment")]
    Environment,
    #[schema(rename = "-environment")]
    EnvironmentDown,
    #[schema(rename = "region")]
    Region,
    #[schema(rename = "-region")]
    RegionDown,
    #[schema(rename = "version")]
    Version,
    #[schema(rename = "-version")]
    VersionDown,
    #[schema(rename = "status")]
    Status,
    #[schema(rename = "-status")]
    StatusDown,
    #[schema(rename = "weight")]
    Weight,
    #[schema(rename = "-weight")]
    WeightDown,
    #[schema(rename = "registeredAt")]
    RegisteredAt,
    #[schema(rename = "-registeredAt")]
    RegisteredAtDown,
    #[schema(rename = "lastHealthCheck")]
    LastHealthCheck,
    #[schema(rename = "-lastHealthCheck")]
    LastHealthCheckDown,
}
