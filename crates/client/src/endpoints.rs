//! Every endpoint: as a request that can be built and sent later, and as a method of the client.
//!
//! Owns methods, paths and parameters. The shapes of answers are in [`crate::models`].

use std::marker::PhantomData;

use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::Value;

use crate::models::federation::{
    FlatGroups, FlatMetrics, FlatOverview, FlatQueues, FlatStores, GroupedGroups, GroupedQueues, GroupedStores, Metrics, Overview,
};
use crate::models::incidents::{IncidentList, IncidentReport};
use crate::models::instances::{Deregistered, HealthCheck, InstanceList, InstanceRead, Order, Ordered, Registered, Registration, Update};
use crate::models::manager::{Detail, ManagerHealth, ProbeAnswer};
use crate::{Client, Error};

/// What is not escaped in a segment of a path.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A request whose answer is a `T`.
#[derive(Clone, Debug)]
pub struct Request<T> {
    method: Method,
    path: String,
    body: Option<Bytes>,
    etag: Option<String>,
    expected: &'static [u16],
    answer: PhantomData<fn() -> T>,
}

impl<T> Request<T> {
    fn new(method: Method, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), body: None, etag: None, expected: &[], answer: PhantomData }
    }

    /// A request for any path of the manager, its parameters included.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    fn with_body(mut self, body: &impl Serialize) -> Self {
        self.body = Some(serde_json::to_vec(body).expect("our own shapes can be written as JSON").into());
        self
    }

    fn with(mut self, pairs: &[(&str, Option<String>)]) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs {
            if let Some(value) = value {
                query.append_pair(name, value);
            }
        }
        let query = query.finish();
        if !query.is_empty() {
            self.path = format!("{}?{query}", self.path);
        }
        self
    }

    fn expecting(mut self, statuses: &'static [u16]) -> Self {
        self.expected = statuses;
        self
    }

    /// Asks for an answer only if its mark differs; otherwise [`crate::Answer::status`] is 304 and there is no body.
    #[must_use]
    pub fn unless(mut self, etag: Option<String>) -> Self {
        if etag.is_some() {
            self.expected = &[304];
        }
        self.etag = etag;
        self
    }

    /// The path with its parameters.
    pub fn path(&self) -> &str {
        &self.path
    }

    pub(crate) fn method(&self) -> &Method {
        &self.method
    }

    pub(crate) fn body(&self) -> Option<&Bytes> {
        self.body.as_ref()
    }

    pub(crate) fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    pub(crate) fn expected(&self) -> &'static [u16] {
        self.expected
    }

    pub(crate) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }
}

/// Which instances a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Exactly this environment.
    pub environment: Option<String>,
    /// Exactly this region.
    pub region: Option<String>,
    /// Exactly this state.
    pub status: Option<String>,
    /// Field by which the list is sorted, with `-` before it from the other end.
    pub sort: Option<String>,
    /// Number of the page, from 1.
    pub page: Option<u32>,
    /// Instances on a page.
    pub page_size: Option<u32>,
}

/// What a federated question asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// Only instances of this environment.
    pub environment: Option<String>,
    /// Only instances of this region.
    pub region: Option<String>,
    /// Ask the instances now instead of taking an answer that may be a moment old.
    pub fresh: bool,
    /// Fail with 503 when anything is missing.
    pub strict: bool,
    /// Number of the page, from 1.
    pub page: Option<u32>,
    /// Elements on a page.
    pub page_size: Option<u32>,
}

/// Which events are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventQuery {
    /// Only those of this instance.
    pub instance: Option<String>,
    /// Only those of this kind, such as `instance.verdict`; with a dot at its end, all that begin so.
    pub kind: Option<String>,
    /// Only those behind this event, `<epoch>:<sequence>`.
    pub since: Option<String>,
    /// Only those at this time or later, as ISO 8601.
    pub from: Option<String>,
    /// The newest first.
    pub newest_first: bool,
    /// At most so many.
    pub limit: Option<u32>,
}

/// Which incidents are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IncidentQuery {
    /// `open` or `closed`.
    pub status: Option<String>,
    /// Only those that were open at this time or later, as ISO 8601.
    pub since: Option<String>,
    /// Only those that began before this time, as ISO 8601.
    pub until: Option<String>,
    /// Only those that affect this environment.
    pub environment: Option<String>,
    /// Only those that affect this instance.
    pub instance: Option<String>,
    /// Only those older than this one.
    pub before: Option<String>,
    /// At most so many.
    pub limit: Option<u32>,
}

fn instance<T>(method: Method, id: &str, rest: &str) -> Request<T> {
    Request::new(method, format!("/api/v1/instances/{}{rest}", utf8_percent_encode(id, SEGMENT)))
}

fn federated<T>(path: &str, query: &Query) -> Request<T> {
    Request::get(path).with(&[
        ("environment", query.environment.clone()),
        ("region", query.region.clone()),
        ("fresh", query.fresh.then(|| "true".to_owned())),
        ("partial", query.strict.then(|| "strict".to_owned())),
        ("page", query.page.map(|page| page.to_string())),
        ("pageSize", query.page_size.map(|size| size.to_string())),
    ])
}

fn list(filter: &Filter) -> Request<InstanceList> {
    Request::get("/api/v1/instances").with(&[
        ("environment", filter.environment.clone()),
        ("region", filter.region.clone()),
        ("status", filter.status.clone()),
        ("sort", filter.sort.clone()),
        ("page", filter.page.map(|page| page.to_string())),
        ("pageSize", filter.page_size.map(|size| size.to_string())),
    ])
}

fn journal(query: &EventQuery) -> Request<Value> {
    Request::get("/api/v1/events").with(&[
        ("instance", query.instance.clone()),
        ("kind", query.kind.clone()),
        ("since", query.since.clone()),
        ("from", query.from.clone()),
        ("order", query.newest_first.then(|| "desc".to_owned())),
        ("limit", query.limit.map(|limit| limit.to_string())),
    ])
}

fn incident_list(query: &IncidentQuery) -> Request<IncidentList> {
    Request::get("/api/v1/incidents").with(&[
        ("status", query.status.clone()),
        ("since", query.since.clone()),
        ("until", query.until.clone()),
        ("environment", query.environment.clone()),
        ("instance", query.instance.clone()),
        ("before", query.before.clone()),
        ("limit", query.limit.map(|limit| limit.to_string())),
    ])
}

fn incident_path(id: &str) -> String {
    format!("/api/v1/incidents/{}", utf8_percent_encode(id, SEGMENT))
}

/// Writes each endpoint twice: as a function of [`requests`] and as a method of [`Client`].
macro_rules! endpoints {
    ($($(#[$words:meta])* $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty = $request:expr;)*) => {
        /// Every endpoint as a request, for [`Client::call`] and [`Client::ask`].
        pub mod requests {
            use super::*;
            $($(#[$words])* pub fn $name($($argument: $kind),*) -> Request<$answer> { $request })*
        }

        /// Every endpoint. Each fails as [`Client::call`] does.
        impl Client {
            $($(#[$words])* pub async fn $name(&self, $($argument: $kind),*) -> Result<$answer, Error> {
                self.call(requests::$name($($argument),*)).await
            })*
        }
    };
}

endpoints! {
    /// All instances, or those that a filter lets through.
    list_instances(filter: &Filter) -> InstanceList = list(filter);
    /// One instance.
    get_instance(id: &str) -> InstanceRead = instance(Method::GET, id, "");
    /// Registers an instance, or changes one of the same id.
    register(registration: &Registration) -> Registered = Request::new(Method::POST, "/api/v1/instances/register").with_body(registration);
    /// Changes weight, metadata or presence of an instance.
    update_instance(id: &str, update: &Update) -> Registered = instance(Method::PUT, id, "").with_body(update);
    /// Takes an instance out of the registry.
    deregister(id: &str) -> Deregistered = instance(Method::DELETE, id, "/deregister");
    /// Asks an instance for its health now. The outcome does not count for its state.
    check_health(id: &str) -> HealthCheck = instance(Method::GET, id, "/health");
    /// Probes an instance now, as one of its regular checks: the outcome counts.
    force_check(id: &str) -> HealthCheck = instance(Method::POST, id, "/health/check");
    /// Sends an instance no new work.
    drain(id: &str, order: &Order) -> Ordered = instance(Method::POST, id, "/drain").with_body(order);
    /// Ends drain or maintenance.
    resume(id: &str, order: &Order) -> Ordered = instance(Method::POST, id, "/resume").with_body(order);
    /// Takes an instance out of service without watching it.
    maintenance(id: &str, order: &Order) -> Ordered = instance(Method::POST, id, "/maintenance").with_body(order);
    /// The cluster in numbers.
    overview(query: &Query) -> Overview = federated("/api/v1/federation/overview", query);
    /// Queues by name.
    queues(query: &Query) -> GroupedQueues = federated("/api/v1/federation/queues", query);
    /// Consumer groups by name.
    consumer_groups(query: &Query) -> GroupedGroups = federated("/api/v1/federation/consumer-groups", query);
    /// Event stores by name.
    event_stores(query: &Query) -> GroupedStores = federated("/api/v1/federation/event-stores", query);
    /// Metrics of the instances as one.
    metrics(query: &Query) -> Metrics = federated("/api/v1/federation/metrics", query);
    /// The cluster in numbers; 200 also when no instance is healthy.
    flat_overview(query: &Query) -> FlatOverview = federated("/api/v1/federated/overview", query);
    /// Queues as the instances sent them, each with where it came from.
    flat_queues(query: &Query) -> FlatQueues = federated("/api/v1/federated/queues", query);
    /// Consumer groups as the instances sent them.
    flat_consumer_groups(query: &Query) -> FlatGroups = federated("/api/v1/federated/consumer-groups", query);
    /// Event stores as the instances sent them.
    flat_event_stores(query: &Query) -> FlatStores = federated("/api/v1/federated/event-stores", query);
    /// Metrics of the instances as one; 200 also when no instance is healthy.
    flat_metrics(query: &Query) -> FlatMetrics = federated("/api/v1/federated/metrics", query);
    /// What one instance says of itself.
    instance_overview(id: &str) -> Value = instance(Method::GET, id, "/overview");
    /// Queues of one instance, as it sends them.
    instance_queues(id: &str) -> Value = instance(Method::GET, id, "/queues");
    /// Consumer groups of one instance.
    instance_consumer_groups(id: &str) -> Value = instance(Method::GET, id, "/consumer-groups");
    /// Event stores of one instance.
    instance_event_stores(id: &str) -> Value = instance(Method::GET, id, "/event-stores");
    /// Metrics of one instance.
    instance_metrics(id: &str) -> Value = instance(Method::GET, id, "/metrics");
    /// What the manager remembers: registrations, transitions, orders.
    events(query: &EventQuery) -> Value = journal(query);
    /// What failed together, the newest first.
    incidents(query: &IncidentQuery) -> IncidentList = incident_list(query);
    /// One incident with its timeline.
    incident(id: &str) -> IncidentReport = Request::get(incident_path(id));
    /// One incident as a page of Markdown: for [`Client::ask`] only, it is not JSON.
    incident_markdown(id: &str) -> () = Request::get(format!("{}?format=markdown", incident_path(id)));
    /// How requests are spread just now.
    routing() -> Value = Request::get("/api/v1/routing");
    /// Who would get a request, who not, and why. Sends nothing to an instance.
    explain_route(question: &Value) -> Value = Request::new(Method::POST, "/api/v1/routing/explain").with_body(question);
    /// The manager's own health.
    health() -> ManagerHealth = Request::get("/health");
    /// Whether the manager runs.
    live() -> ProbeAnswer = Request::get("/health/live");
    /// Whether the manager takes part; "not" is an answer too.
    ready() -> ProbeAnswer = Request::get("/health/ready").expecting(&[503]);
    /// The manager's own health with its registry.
    health_detail() -> Detail = Request::get("/health/detail");
}

impl Client {
    /// The manager's own metrics as Prometheus reads them.
    ///
    /// # Errors
    /// As [`Client::ask`].
    pub async fn metrics_text(&self) -> Result<String, Error> {
        let answer = self.ask(Request::<()>::get("/metrics")).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_segment_whatever_they_hold() {
        assert_eq!(requests::get_instance("a b/ü?#").path(), "/api/v1/instances/a%20b%2F%C3%BC%3F%23");
    }

    #[test]
    fn parameters_that_are_not_said_are_not_sent() {
        assert_eq!(requests::list_instances(&Filter::default()).path(), "/api/v1/instances");
        let query = Query { environment: Some("a&b".into()), strict: true, ..Query::default() };
        assert_eq!(requests::queues(&query).path(), "/api/v1/federation/queues?environment=a%26b&partial=strict");
    }

    #[test]
    fn only_looking_is_safe() {
        assert!(requests::check_health("a").is_safe());
        assert!(!requests::force_check("a").is_safe() && !requests::deregister("a").is_safe());
    }
}
