//! Owns the way from a request to a normal answer: methods, unknown things, caching, dialects and the few changes
//! that a request can make. Does not own misbehaviour.

use http::Method;
use serde_json::Value;

use super::Dialect;
use super::answers::{Answer, SetupView, View, errors, guide, health, management, mid2025, queues, setups, telemetry};
use super::endpoint::{Endpoint, QueueQuestion, SetupQuestion};
use super::ledger::Ledger;
use super::memory::Memory;
use super::prometheus;

/// The normal answer to a request.
pub(crate) fn answer(memory: &mut Memory, ledger: &Ledger, method: &Method, path: &str, body: &[u8]) -> Answer {
    if method == Method::GET
        && let Some(kept) = memory.kept(path)
    {
        return kept;
    }
    let Some(endpoint) = Endpoint::of(path) else {
        return errors::unknown_path();
    };
    if !endpoint.allowed().split(',').any(|allowed| allowed == method.as_str()) {
        return wrong_method(&endpoint, method);
    }
    if method != Method::GET {
        return change(memory, &endpoint, body);
    }
    let answer = look(memory, ledger, &endpoint);
    if endpoint.is_pure() {
        memory.keep(path, &answer);
    }
    answer
}

/// A 405 names what is allowed, except to HEAD.
fn wrong_method(endpoint: &Endpoint, method: &Method) -> Answer {
    let answer = Answer::empty(405);
    if method == Method::HEAD { answer } else { answer.with("allow", endpoint.allowed()) }
}

fn look(memory: &mut Memory, ledger: &Ledger, endpoint: &Endpoint) -> Answer {
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
        Endpoint::OfSetup(setup, question) => look_at_setup(&view, setup, question),
        Endpoint::OfQueue(setup, queue, question) => look_at_queue(&view, setup, queue, *question),
        Endpoint::StoreStats(setup, store) => look_at_store(&view, setup, store),
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

fn look_at_setup(view: &View<'_>, id: &str, question: &SetupQuestion) -> Answer {
    use SetupQuestion as Ask;
    let Some(setup) = view.setup(id) else {
        return unknown_setup(view, id, question);
    };
    match question {
        Ask::Details | Ask::Detach => setups::details(setup),
        Ask::Status => setups::status(setup),
        Ask::Health => health::setup(view, setup),
        Ask::Components => health::setup_components(view, setup),
        Ask::Component(name) => health::setup_component(view, setup, name),
        Ask::Queues => setups::queues(setup),
        Ask::EventStores => setups::event_stores(setup),
        Ask::Telemetry => telemetry::of_setup(view, setup),
    }
}

fn unknown_setup(view: &View<'_>, id: &str, question: &SetupQuestion) -> Answer {
    use SetupQuestion as Ask;
    let error = format!("Setup not found: {id}");
    match question {
        Ask::Health | Ask::Components | Ask::Component(_) => errors::bare(404, &error),
        _ => errors::with_status(404, &error, view.now),
    }
}

fn look_at_queue(view: &View<'_>, setup: &str, queue: &str, question: QueueQuestion) -> Answer {
    let Some(setup) = view.setup(setup) else {
        return errors::timed(404, "Queue not found", view.now);
    };
    let Some(found) = setup.setup.queue(queue) else {
        return errors::timed(404, &format!("Queue not found: {queue}"), view.now);
    };
    match question {
        QueueQuestion::Details => queues::details(view, setup, found),
        QueueQuestion::Stats => queues::stats(view, setup, found),
        QueueQuestion::Messages => queues::sent(view, setup, found),
    }
}

fn look_at_store(view: &View<'_>, setup: &str, store: &str) -> Answer {
    let found = view.setup(setup).and_then(|view| Some((view, view.setup.stores.iter().find(|known| known.name == store)?)));
    match found {
        Some((setup, store)) => queues::store_stats(view, setup, store),
        None => errors::timed(404, &format!("Event store not found: {store}"), view.now),
    }
}

fn change(memory: &mut Memory, endpoint: &Endpoint, body: &[u8]) -> Answer {
    match endpoint {
        Endpoint::Connect => connect(memory, body),
        Endpoint::OfSetup(setup, _) => {
            if memory.detach(setup) {
                return Answer::empty(204);
            }
            unknown_setup(&memory.view(), setup, &SetupQuestion::Details)
        }
        Endpoint::OfQueue(setup, queue, _) => send(memory, setup, queue, body),
        _ => errors::unknown_path(),
    }
}

fn connect(memory: &mut Memory, body: &[u8]) -> Answer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let Some(id) = request.get("setupId").and_then(Value::as_str) else {
        return errors::with_status(400, "Invalid request: setupId is required", memory.view().now);
    };
    let attached = memory.attach(id);
    let view = memory.view();
    match view.setup(id).filter(|_| attached) {
        Some(setup) => setups::attached(setup),
        None => errors::with_status(404, &format!("Setup not found: {id}"), view.now),
    }
}

fn send(memory: &mut Memory, setup: &str, queue: &str, body: &[u8]) -> Answer {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    if request.get("payload").is_none() {
        let error = "Invalid request: Message payload is required";
        return errors::timed(400, error, memory.view().now);
    }
    let stored = memory.view().setup(setup).is_some_and(|view: SetupView<'_>| view.database_up);
    if stored {
        memory.update(|world| {
            let setup = world.setup_mut(setup);
            let queue = setup.and_then(|setup| setup.queues.iter_mut().find(|known| known.name == queue));
            if let Some(queue) = queue {
                queue.messages += 1;
            }
        });
    }
    look_at_queue(&memory.view(), setup, queue, QueueQuestion::Messages)
}
