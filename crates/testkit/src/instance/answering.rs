//! Owns the way from a request to a normal answer: methods, unknown things, caching, dialects and the few changes
//! that a request can make. Does not own misbehaviour.

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::Dialect;
use super::answers::{
    Answer, SetupView, View, alerts, errors, events, groups, guide, health, management, messages, mid2025, queues, setups, telemetry,
};
use super::changing;
use super::endpoint::{Endpoint, QueueQuestion, SetupQuestion, StoreQuestion};
use super::holdings::Holdings;
use super::ledger::Ledger;
use super::memory::Memory;
use super::prometheus;
use super::world::{EventStore, Queue};

/// A request as far as answers depend on it.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub(crate) method: &'a Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a Bytes,
}

impl Ask<'_> {
    /// A parameter of the query as it stands there.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// A number in the query.
    pub(crate) fn number(&self, name: &str, otherwise: usize) -> usize {
        self.parameter(name).and_then(|text| text.parse().ok()).unwrap_or(otherwise)
    }
}

/// The normal answer to a request.
pub(crate) fn answer(memory: &mut Memory, ledger: &Ledger, ask: &Ask<'_>) -> Answer {
    let get = ask.method == Method::GET;
    if get && let Some(kept) = memory.kept(ask.path) {
        return kept;
    }
    let Some(endpoint) = Endpoint::of(ask.path) else {
        return errors::unknown_path();
    };
    if !endpoint.allowed().split(',').any(|allowed| allowed == ask.method.as_str()) {
        return wrong_method(&endpoint, ask.method);
    }
    if !get {
        return changing::change(memory, &endpoint, ask);
    }
    let answer = look(memory, ledger, &endpoint, ask);
    if endpoint.is_pure() {
        memory.keep(ask.path, &answer);
    }
    answer
}

/// A 405 names what is allowed, except to HEAD.
fn wrong_method(endpoint: &Endpoint, method: &Method) -> Answer {
    let answer = Answer::empty(405);
    if method == Method::HEAD { answer } else { answer.with("allow", endpoint.allowed()) }
}

fn look(memory: &mut Memory, ledger: &Ledger, endpoint: &Endpoint, ask: &Ask<'_>) -> Answer {
    if *endpoint == Endpoint::Metrics {
        let totals = memory.totals();
        return management::metrics(&memory.view(), totals);
    }
    let view = memory.view();
    match endpoint {
        Endpoint::Root => Answer::empty(302).with("location", "/ui/"),
        Endpoint::ApiHealth => health::api(&view),
        Endpoint::Prometheus => prometheus::render(&view, ledger),
        Endpoint::Setups => setups::list(&view),
        Endpoint::MessagesOfManagement => messages::of_management(&view, &memory.holdings, ask),
        Endpoint::OfSetup(setup, question) => look_at_setup(&view, &memory.holdings, setup, question),
        Endpoint::OfQueue(setup, queue, question) => match find_queue(&view, setup, queue) {
            Ok((setup, queue)) => look_at_queue(&view, &memory.holdings, (setup, queue), question, ask),
            Err(unknown) => unknown,
        },
        Endpoint::OfStore(setup, store, question) => look_at_store(&view, &memory.holdings, (setup, store), question, ask),
        Endpoint::Webhook(id) => groups::webhook(&view, &memory.holdings, id),
        other => in_dialect(&view, memory.dialect, other),
    }
}

/// The answers that differ between releases.
fn in_dialect(view: &View<'_>, dialect: Dialect, endpoint: &Endpoint) -> Answer {
    match (endpoint, dialect) {
        (Endpoint::Health, Dialect::Guide) => guide::health(view),
        (Endpoint::Health, _) => health::process(),
        (Endpoint::Overview, Dialect::Current) => management::overview(view),
        (Endpoint::Overview, Dialect::Mid2025) => mid2025::overview(view),
        (Endpoint::Overview, Dialect::Guide) => guide::overview(view),
        (Endpoint::Queues, Dialect::Current) => management::queues(view),
        (Endpoint::Queues, Dialect::Mid2025) => mid2025::queues(view),
        (Endpoint::Queues, Dialect::Guide) => guide::queues(view),
        (Endpoint::ConsumerGroups, Dialect::Guide) => guide::consumer_groups(view),
        (Endpoint::ConsumerGroups, _) => management::consumer_groups(view),
        (Endpoint::EventStores, Dialect::Guide) => guide::event_stores(view),
        (Endpoint::EventStores, _) => management::event_stores(view),
        _ => errors::unknown_path(),
    }
}

fn look_at_setup(view: &View<'_>, holdings: &Holdings, id: &str, question: &SetupQuestion) -> Answer {
    use SetupQuestion as Ask;
    let Some(setup) = view.setup(id) else {
        return unknown_setup(view, id, question);
    };
    match question {
        Ask::Details => setups::details(setup),
        Ask::Status => setups::status(setup),
        Ask::Health => health::setup(view, setup),
        Ask::Components => health::setup_components(view, setup),
        Ask::Component(name) => health::setup_component(view, setup, name),
        Ask::Queues => setups::queues(setup),
        Ask::EventStores => setups::event_stores(setup),
        Ask::Telemetry => telemetry::of_setup(view, setup),
        Ask::AlertSummary => alerts::summary(setup),
        Ask::DeadLetters => Answer::json(200, &[(); 0]),
        Ask::DeadLetterStats => alerts::dead_letters(setup),
        Ask::Subscriptions(topic) => groups::subscriptions(holdings, id, topic),
        Ask::Subscription(topic, group) => groups::subscription(view, holdings, (id, topic), group),
        Ask::Detach | Ask::Delete | Ask::Drop | Ask::SubscriptionOrder(..) | Ask::Webhooks(_) => errors::unknown_path(),
    }
}

/// The 404 of a setup that this instance is not attached to.
pub(crate) fn unknown_setup(view: &View<'_>, id: &str, question: &SetupQuestion) -> Answer {
    use SetupQuestion as Ask;
    let error = format!("Setup not found: {id}");
    match question {
        Ask::Health | Ask::Components | Ask::Component(_) => errors::bare(404, &error),
        Ask::Subscriptions(_) | Ask::Subscription(..) | Ask::SubscriptionOrder(..) | Ask::Webhooks(_) => {
            errors::coded(404, "PGQERR0100", &error, view.now)
        }
        Ask::AlertSummary | Ask::DeadLetters | Ask::DeadLetterStats => errors::coded(404, "PGQERR0100", &error, view.now),
        _ => errors::with_status(404, &error, view.now),
    }
}

/// A queue that this instance knows, or the 404.
pub(crate) fn find_queue<'a>(view: &View<'a>, setup: &str, queue: &str) -> Result<(SetupView<'a>, &'a Queue), Answer> {
    let Some(setup) = view.setup(setup) else {
        return Err(errors::timed(404, "Queue not found", view.now));
    };
    let found = setup.setup.queue(queue).ok_or_else(|| errors::timed(404, &format!("Queue not found: {queue}"), view.now))?;
    Ok((setup, found))
}

fn look_at_queue(
    view: &View<'_>,
    holdings: &Holdings,
    (setup, queue): (SetupView<'_>, &Queue),
    question: &QueueQuestion,
    ask: &Ask<'_>,
) -> Answer {
    use QueueQuestion as Question;
    match question {
        Question::Details => queues::details(view, setup, queue),
        Question::Stats => queues::stats(view, setup, queue),
        Question::Messages => messages::of_queue(view, holdings, setup, queue, ask),
        Question::Consumers => groups::consumers(view, setup, queue),
        Question::Bindings => messages::bindings(view, setup, queue),
        Question::Groups => groups::list(view, holdings, setup, queue),
        Question::Group(name) => groups::one(view, holdings, setup, queue, name),
        Question::GroupSubscription(name) => groups::options(view, holdings, setup, queue, name),
        Question::Batch | Question::Order(_) | Question::Members(_) | Question::Member(..) => errors::unknown_path(),
    }
}

/// An event store that this instance knows, or the 404.
pub(crate) fn find_store<'a>(view: &View<'a>, setup: &str, store: &str) -> Result<(SetupView<'a>, &'a EventStore), Answer> {
    let found = view.setup(setup).and_then(|view| Some((view, view.setup.stores.iter().find(|known| known.name == store)?)));
    found.ok_or_else(|| errors::timed(404, &format!("Event store not found: {store}"), view.now))
}

fn look_at_store(view: &View<'_>, holdings: &Holdings, (setup, store): (&str, &str), question: &StoreQuestion, ask: &Ask<'_>) -> Answer {
    let (setup, store) = match find_store(view, setup, store) {
        Ok(found) => found,
        Err(unknown) => return unknown,
    };
    match question {
        StoreQuestion::Store | StoreQuestion::Stats => queues::store_stats(view, setup, store),
        StoreQuestion::Events => events::list(view, holdings, setup, store, ask),
        StoreQuestion::Event(id) => events::one(view, holdings, setup, store, id),
    }
}
