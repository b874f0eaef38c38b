//! What a caller may ask of the journal.

use peegeeq_domain::instance::Fault;
use peegeeq_domain::time::Timestamp;
use utoipa::IntoParams;

use crate::api::error::ApiError;
use crate::clock;
use crate::registry::store::{EventQuery, KindPattern, Order, Seq};

/// Events of a page when nothing is said.
const LIMIT: usize = 100;

/// The most events of a page.
const LIMIT_MAX: usize = 1000;

/// What a caller may say in the query.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query; the reader takes parameters one by one to name all faults at once")]
pub(super) struct EventsParameters {
    /// Only about this instance.
    instance: Option<String>,
    /// Only about instances of exactly this environment: as they were registered then, as far as the journal tells, else as they are now.
    environment: Option<String>,
    /// Only of these kinds, separated by commas or said again: `instance.verdict`, or `operator.` for all that begin so.
    kind: Option<String>,
    /// Only at this time or later, ISO 8601.
    #[param(format = DateTime)]
    from: Option<String>,
    /// Only before this time, ISO 8601.
    #[param(format = DateTime)]
    to: Option<String>,
    /// Only behind this event, `<epoch>:<seq>`.
    #[param(pattern = "^[0-9]+:[0-9]+$")]
    since: Option<String>,
    /// Only before this event, `<epoch>:<seq>`.
    #[param(pattern = "^[0-9]+:[0-9]+$")]
    before: Option<String>,
    /// `asc` (oldest first) or `desc`.
    order: Option<String>,
    /// Events of a page, default 100.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
}

/// What was asked.
#[derive(Debug)]
pub(super) struct EventsQuery {
    pub(super) events: EventQuery,
    pub(super) since: Option<Seq>,
    pub(super) ignored: Vec<String>,
}

impl EventsQuery {
    /// Reads the parameters, naming all faults at once.
    pub(super) fn read(parameters: Vec<(String, String)>, order: Order) -> Result<Self, ApiError> {
        let mut events = EventQuery { limit: LIMIT, order, ..EventQuery::default() };
        let (mut faults, mut since, mut ignored) = (Faults::default(), None, Vec::new());
        for (name, value) in parameters {
            match &*name {
                "instance" => events.instance = Some(value),
                "environment" => events.environment = Some(value),
                "kind" => events.kinds.extend(value.split(',').filter_map(|kind| faults.kind(kind.trim()))),
                "from" => events.from = faults.time("from", &value),
                "to" => events.to = faults.time("to", &value),
                "since" => since = faults.place("since", &value),
                "before" => events.before = faults.place("before", &value).map(|seq| seq.number),
                "order" => events.order = faults.order(&value).unwrap_or(order),
                "limit" => events.limit = faults.limit(&value).unwrap_or(LIMIT),
                _ => ignored.push(name),
            }
        }
        events.after = since.map(|since| since.number);
        if faults.0.is_empty() { Ok(Self { events, since, ignored }) } else { Err(ApiError::faults(faults.0)) }
    }
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    fn or<T>(&mut self, field: &str, read: Option<T>, message: impl FnOnce() -> String) -> Option<T> {
        if read.is_none() {
            self.0.push(Fault::new(field, message()));
        }
        read
    }

    fn kind(&mut self, text: &str) -> Option<KindPattern> {
        KindPattern::parse(text).map_err(|message| self.0.push(Fault::new("kind", message))).ok()
    }

    fn time(&mut self, field: &str, text: &str) -> Option<Timestamp> {
        self.or(field, clock::parse_iso(text), || format!("{field} must be a time such as 2026-01-31T12:00:00Z"))
    }

    fn place(&mut self, field: &str, text: &str) -> Option<Seq> {
        self.or(field, Seq::parse(text), || format!("{field} must be the id of an event, such as 3:1742"))
    }

    fn order(&mut self, text: &str) -> Option<Order> {
        let order = match text {
            "asc" => Some(Order::Ascending),
            "desc" => Some(Order::Descending),
            _ => None,
        };
        self.or("order", order, || "order must be asc or desc".to_owned())
    }

    fn limit(&mut self, text: &str) -> Option<usize> {
        let limit = text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit));
        self.or("limit", limit, || format!("limit must be a whole number from 1 to {LIMIT_MAX}"))
    }
}
