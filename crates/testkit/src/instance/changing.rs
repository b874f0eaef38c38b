//! Owns what requests change: setups and management. Messages and groups have their own places below.
//! Does not own the wording of answers.

mod groups;
mod messages;

use http::Method;
use serde_json::{Value, json};

use super::answering::{Ask, find_queue, unknown_setup};
use super::answers::{Answer, errors, setups};
use super::endpoint::{Endpoint, QueueQuestion, SetupQuestion, StoreQuestion};
use super::happening::Happening;
use super::memory::Memory;
use super::world::{ConsumerGroup, Database, EventStore, GroupStatus, Queue, QueueKind, Setup};

/// Does what a request asks for, and answers.
pub(crate) fn change(memory: &mut Memory, endpoint: &Endpoint, ask: &Ask<'_>) -> Answer {
    match endpoint {
        Endpoint::Setups | Endpoint::Create => create(memory, ask),
        Endpoint::Connect => connect(memory, ask),
        Endpoint::Queues => of_management(memory, ask, add_queue),
        Endpoint::ConsumerGroups => of_management(memory, ask, add_group),
        Endpoint::EventStores => of_management(memory, ask, add_store),
        Endpoint::QueueOfManagement(setup, queue) if ask.method == Method::DELETE => remove_queue(memory, setup, queue),
        Endpoint::QueueOfManagement(setup, queue) => changed_queue(memory, setup, queue),
        Endpoint::OfSetup(setup, question) => of_setup(memory, setup, question, ask),
        Endpoint::OfQueue(setup, queue, QueueQuestion::Details) => remove_queue(memory, setup, queue),
        Endpoint::OfQueue(setup, queue, question) => of_queue(memory, (setup, queue), question, ask),
        Endpoint::OfStore(setup, store, StoreQuestion::Events) => messages::store(memory, setup, store, ask),
        Endpoint::Webhook(id) => groups::remove_webhook(memory, id),
        _ => errors::unknown_path(),
    }
}

fn of_queue(memory: &mut Memory, (setup, queue): (&str, &str), question: &QueueQuestion, ask: &Ask<'_>) -> Answer {
    use QueueQuestion as Question;
    match question {
        Question::Messages => messages::send(memory, setup, queue, ask),
        Question::Batch => messages::batch(memory, setup, queue, ask),
        Question::Order(order) => messages::obey(memory, setup, queue, *order, ask),
        _ => groups::of_queue(memory, (setup, queue), question, ask),
    }
}

/// The body as JSON, or the 400 of everything about setups.
fn parse(memory: &Memory, ask: &Ask<'_>) -> Result<Value, Answer> {
    serde_json::from_slice(ask.body).map_err(|error| {
        let error = format!("Error processing request: Failed to decode:{error}");
        errors::with_status(400, &error, memory.view().now)
    })
}

/// A text of a body under one of its names.
fn text<'a>(body: &'a Value, names: [&str; 2]) -> Option<&'a str> {
    names.into_iter().find_map(|name| body.get(name)?.as_str()).filter(|text| !text.is_empty())
}

fn required(memory: &Memory, what: &str) -> Answer {
    errors::with_status(400, &format!("Invalid request: {what} is required"), memory.view().now)
}

fn database(id: &str, body: &Value) -> Option<Database> {
    let config = body.get("databaseConfig")?;
    let text = |name: &str, otherwise: &str| config.get(name).and_then(Value::as_str).unwrap_or(otherwise).to_owned();
    let port = config.get("port").and_then(Value::as_u64).and_then(|port| u16::try_from(port).ok()).unwrap_or(5_432);
    let (host, name) = (text("host", "127.0.0.1"), text("databaseName", &format!("peegeeq_{id}")));
    Some(Database { host, port, name, schema: text("schema", "peegeeq") })
}

fn queue(body: &Value) -> Option<Queue> {
    let kind = match text(body, ["implementationType", "type"]) {
        Some("outbox") => QueueKind::Outbox,
        _ => QueueKind::Native,
    };
    text(body, ["queueName", "name"]).map(|name| Queue::new(name, kind))
}

fn store(body: &Value) -> Option<EventStore> {
    text(body, ["eventStoreName", "name"]).map(|name| EventStore::new(name, 0, &[]))
}

fn create(memory: &mut Memory, ask: &Ask<'_>) -> Answer {
    let body = match parse(memory, ask) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(id) = text(&body, ["setupId"; 2]) else {
        return required(memory, "setupId");
    };
    let Some(database) = database(id, &body) else {
        return required(memory, "databaseConfig");
    };
    if memory.world.setup(id).is_some() {
        let error = format!(
            "Setup already exists: {id}. Use POST /api/v1/database-setup/connect to attach, or drop the database first (a separate, guarded operation) to recreate."
        );
        return errors::with_status(409, &error, memory.view().now);
    }
    let list = |name: &str| body.get(name).and_then(Value::as_array).into_iter().flatten();
    let (queues, stores) = (list("queues").filter_map(queue).collect(), list("eventStores").filter_map(store).collect());
    memory.update(|world| world.setups.push(Setup { database, queues, stores, ..Setup::empty(id) }));
    let view = memory.view();
    view.setup(id).map_or_else(errors::unknown_path, setups::created)
}

/// Attaches to a setup of the world. One that is only named by a database configuration is taken to be there, and empty.
fn connect(memory: &mut Memory, ask: &Ask<'_>) -> Answer {
    let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
    let Some(id) = text(&body, ["setupId"; 2]) else {
        return required(memory, "setupId");
    };
    let known = memory.attach(id);
    if !known && let Some(database) = database(id, &body) {
        memory.update(|world| world.setups.push(Setup { database, ..Setup::empty(id) }));
    }
    let view = memory.view();
    view.setup(id).map_or_else(|| unknown_setup(&view, id, &SetupQuestion::Details), setups::attached)
}

fn of_setup(memory: &mut Memory, id: &str, question: &SetupQuestion, ask: &Ask<'_>) -> Answer {
    use SetupQuestion as Question;
    if memory.view().setup(id).is_none() {
        return unknown_setup(&memory.view(), id, question);
    }
    match question {
        Question::Details | Question::Detach | Question::Delete => {
            memory.detach(id);
            memory.holdings.groups.retain(|(setup, _), _| setup != id);
            Answer::empty(204)
        }
        Question::Drop => drop_database(memory, id, ask),
        Question::Queues => with_body(memory, ask, |memory, body| add_queue(memory, id, body)),
        Question::EventStores => with_body(memory, ask, |memory, body| add_store(memory, id, body)),
        Question::Subscriptions(topic) => groups::subscribe(memory, id, topic, ask),
        Question::Subscription(topic, group) => groups::unsubscribe(memory, (id, topic), group),
        Question::SubscriptionOrder(topic, group, order) => groups::order_subscription(memory, (id, topic), group, order),
        Question::Webhooks(queue) => groups::add_webhook(memory, id, queue, ask),
        _ => errors::unknown_path(),
    }
}

fn drop_database(memory: &mut Memory, id: &str, ask: &Ask<'_>) -> Answer {
    let body: Value = serde_json::from_slice(ask.body).unwrap_or_default();
    let name = memory.world.setup(id).map(|setup| setup.database.name.clone());
    if text(&body, ["confirmDatabaseName"; 2]).map(str::to_owned) != name {
        return errors::with_status(400, "Invalid request: confirmDatabaseName does not match", memory.view().now);
    }
    memory.detach(id);
    memory.update(|world| world.setups.retain(|setup| setup.id != id));
    memory.holdings.forget(|(setup, _)| setup == id);
    Answer::empty(204)
}

fn with_body(memory: &mut Memory, ask: &Ask<'_>, act: impl FnOnce(&mut Memory, &Value) -> Answer) -> Answer {
    match parse(memory, ask) {
        Ok(body) => act(memory, &body),
        Err(refusal) => refusal,
    }
}

/// What management changes names its setup in the body.
fn of_management(memory: &mut Memory, ask: &Ask<'_>, act: impl FnOnce(&mut Memory, &str, &Value) -> Answer) -> Answer {
    with_body(memory, ask, |memory, body| {
        let Some(setup) = text(body, ["setup", "setupId"]) else {
            return errors::timed(400, "Setup is required", memory.view().now);
        };
        if memory.view().setup(setup).is_none() {
            return errors::timed(404, &format!("Setup not found: {setup}"), memory.view().now);
        }
        act(memory, setup, body)
    })
}

fn add_queue(memory: &mut Memory, setup: &str, body: &Value) -> Answer {
    let Some(queue) = queue(body) else {
        return required(memory, "queueName");
    };
    if find_queue(&memory.view(), setup, &queue.name).is_ok() {
        return errors::with_status(409, &format!("Queue already exists: {}", queue.name), memory.view().now);
    }
    let name = queue.name.clone();
    memory.update(|world| world.setup_mut(setup).into_iter().for_each(|setup| setup.queues.push(queue.clone())));
    memory.tell(Happening::Queue { setup: setup.to_owned(), queue: name.clone(), change: "QUEUE_CREATED" });
    let message = format!("Queue '{name}' created successfully in setup '{setup}'");
    created(memory, json!({ "message": message, "queueName": name, "setupId": setup, "implementationType": queue.kind.word() }))
}

fn created(memory: &Memory, mut body: Value) -> Answer {
    body["timestamp"] = memory.view().now.millis().into();
    Answer::json(201, &body)
}

fn changed_queue(memory: &mut Memory, setup: &str, queue: &str) -> Answer {
    if let Err(unknown) = find_queue(&memory.view(), setup, queue) {
        return unknown;
    }
    memory.tell(Happening::Queue { setup: setup.to_owned(), queue: queue.to_owned(), change: "QUEUE_UPDATED" });
    let body = json!({ "message": "Queue updated", "queueName": queue, "setupId": setup, "timestamp": memory.view().now.millis() });
    Answer::json(200, &body)
}

fn remove_queue(memory: &mut Memory, setup: &str, queue: &str) -> Answer {
    if let Err(unknown) = find_queue(&memory.view(), setup, queue) {
        return unknown;
    }
    memory.update(|world| world.setup_mut(setup).into_iter().for_each(|setup| setup.queues.retain(|known| known.name != queue)));
    memory.holdings.forget(|place| place.0 == setup && place.1 == queue);
    memory.tell(Happening::Queue { setup: setup.to_owned(), queue: queue.to_owned(), change: "QUEUE_DELETED" });
    Answer::empty(204)
}

fn add_group(memory: &mut Memory, setup: &str, body: &Value) -> Answer {
    let (Some(name), Some(queue)) = (text(body, ["name", "groupName"]), text(body, ["queueName"; 2])) else {
        return errors::timed(400, "Group name and queue name are required", memory.view().now);
    };
    let exists = |known: &ConsumerGroup| known.name == name && known.queue == queue;
    if memory.world.setup(setup).is_some_and(|setup| setup.groups.iter().any(exists)) {
        return errors::timed(409, &format!("Consumer group already exists: {name}"), memory.view().now);
    }
    let group = ConsumerGroup::new(name, queue, 1, GroupStatus::Active);
    memory.update(|world| world.setup_mut(setup).into_iter().for_each(|setup| setup.groups.push(group.clone())));
    let message = format!("Consumer group '{name}' created successfully for queue '{queue}' in setup '{setup}'");
    created(memory, json!({ "message": message, "groupName": name, "setupId": setup, "queueName": queue }))
}

fn add_store(memory: &mut Memory, setup: &str, body: &Value) -> Answer {
    let Some(store) = store(body) else {
        return required(memory, "eventStoreName");
    };
    let name = store.name.clone();
    memory.update(|world| world.setup_mut(setup).into_iter().for_each(|setup| setup.stores.push(store.clone())));
    let message = format!("Event store '{name}' created successfully in setup '{setup}'");
    created(memory, json!({ "message": message, "eventStoreName": name, "setupId": setup }))
}
