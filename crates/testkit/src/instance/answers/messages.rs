//! Owns the answers about messages of a queue: reading, sending, and what a queue says to orders.
//! Does not own keeping them.

use serde_json::{Value, json};

use super::errors::{refused, timed};
use super::{Answer, SetupView, View};
use crate::instance::answering::Ask;
use crate::instance::holdings::{Holdings, Message};
use crate::instance::world::Queue;

/// GET `/api/v1/queues/{s}/{q}/messages`: newest first, nothing is taken away.
pub(crate) fn of_queue(view: &View<'_>, holdings: &Holdings, setup: SetupView<'_>, queue: &Queue, ask: &Ask<'_>) -> Answer {
    if !setup.database_up {
        return away(view, setup, "Failed to get messages");
    }
    let rows = page(holdings, &setup.setup.id, &queue.name, ask.number("offset", 0), ask.number("count", 10));
    let body = json!({
        "message": "Messages retrieved successfully", "queueName": queue.name, "setupId": setup.setup.id,
        "messageCount": rows.len(), "ackMode": ask.parameter("ackMode").unwrap_or("manual"), "messages": rows,
        "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// GET `/api/v1/management/messages`: empty for whatever is unknown.
pub(crate) fn of_management(view: &View<'_>, holdings: &Holdings, ask: &Ask<'_>) -> Answer {
    let setup = view.setup(ask.parameter("setup").unwrap_or_default()).filter(|setup| setup.database_up);
    let queue = ask.parameter("queue").unwrap_or_default();
    let (offset, limit) = (ask.number("offset", 0), ask.number("limit", 50));
    let rows = setup.map_or_else(Vec::new, |setup| page(holdings, &setup.setup.id, queue, offset, limit));
    let body = json!({
        "message": "Messages retrieved successfully", "messageCount": rows.len(), "messages": rows, "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

fn page(holdings: &Holdings, setup: &str, queue: &str, offset: usize, count: usize) -> Vec<Value> {
    let kept = holdings.messages.get(&(setup.to_owned(), queue.to_owned()));
    kept.into_iter().flatten().rev().skip(offset).take(count).map(row).collect()
}

fn row(message: &Message) -> Value {
    let payload = message.payload.as_str().map_or_else(|| message.payload.to_string(), str::to_owned);
    json!({ "id": message.id, "payload": payload, "createdAt": message.at.iso_micros(), "headers": message.headers })
}

/// GET `/api/v1/queues/{s}/{q}/bindings`: there never are any.
pub(crate) fn bindings(view: &View<'_>, setup: SetupView<'_>, queue: &Queue) -> Answer {
    let body = json!({
        "message": "Bindings retrieved successfully", "queueName": queue.name, "setupId": setup.setup.id,
        "bindingCount": 0, "bindings": [], "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// The answer to a message that was taken.
pub(crate) fn sent(view: &View<'_>, setup: &str, queue: &str, id: &str) -> Answer {
    let body = json!({
        "message": "Message sent successfully", "queueName": queue, "setupId": setup, "messageId": id, "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// The answer to a batch: 207 when some were refused.
pub(crate) fn batch(view: &View<'_>, setup: &str, queue: &str, results: &[Value], failed: usize) -> Answer {
    let body = json!({
        "message": "Batch processed", "queueName": queue, "setupId": setup, "totalMessages": results.len(),
        "successfulMessages": results.len() - failed, "failedMessages": failed, "results": results, "timestamp": view.now.millis(),
    });
    Answer::json(if failed == 0 { 200 } else { 207 }, &body)
}

/// The 503 of a message whose database is away.
pub(crate) fn not_sent(view: &View<'_>, setup: SetupView<'_>, queue: &str) -> Answer {
    away(view, setup, &format!("Failed to send message to queue '{queue}' in setup '{}'", setup.setup.id))
}

/// The 503 of anything that needs the database.
pub(crate) fn away(view: &View<'_>, setup: SetupView<'_>, failure: &str) -> Answer {
    timed(503, &format!("{failure}: {}", refused(setup)), view.now)
}

/// The answer of a queue that did as it was told.
pub(crate) fn done(view: &View<'_>, setup: &str, queue: &str, message: &str, more: Value) -> Answer {
    let mut body = json!({ "message": message, "queueName": queue, "setupId": setup, "timestamp": view.now.millis() });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    Answer::json(200, &body)
}
