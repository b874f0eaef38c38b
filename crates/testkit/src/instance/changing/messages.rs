//! Owns taking messages and events, and orders to queues. Does not own reading them.

use serde_json::{Value, json};

use super::text;
use crate::instance::answering::{Ask, find_queue, find_store};
use crate::instance::answers::{Answer, errors, events, messages};
use crate::instance::endpoint::QueueOrder;
use crate::instance::happening::Happening;
use crate::instance::holdings::{Accepted, Message};
use crate::instance::memory::Memory;
use crate::stamp::Moment;

fn parse(memory: &Memory, ask: &Ask<'_>) -> Result<Value, Answer> {
    serde_json::from_slice(ask.body).map_err(|error| errors::timed(400, &format!("Invalid request: {error}"), memory.view().now))
}

/// A body that can be acted on for a queue whose database answers, or the refusal.
fn acceptable(memory: &Memory, setup: &str, queue: &str, ask: &Ask<'_>) -> Result<Value, Answer> {
    let body = parse(memory, ask)?;
    let view = memory.view();
    let (found, _) = find_queue(&view, setup, queue)?;
    if found.database_up { Ok(body) } else { Err(messages::not_sent(&view, found, queue)) }
}

/// POST `/api/v1/queues/{s}/{q}/messages`.
pub(crate) fn send(memory: &mut Memory, setup: &str, queue: &str, ask: &Ask<'_>) -> Answer {
    let payload = parse(memory, ask).map(|body| body.get("payload").cloned());
    match payload {
        Ok(Some(_)) => {}
        Ok(None) => return errors::timed(400, "Invalid request: Message payload is required", memory.view().now),
        Err(refusal) => return refusal,
    }
    match acceptable(memory, setup, queue, ask) {
        Ok(body) => {
            let id = take(memory, setup, queue, &body, ask);
            messages::sent(&memory.view(), setup, queue, &id)
        }
        Err(refusal) => refusal,
    }
}

/// POST `…/messages/batch`: messages without a payload are refused one by one.
pub(crate) fn batch(memory: &mut Memory, setup: &str, queue: &str, ask: &Ask<'_>) -> Answer {
    let body = match acceptable(memory, setup, queue, ask) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(list) = body.get("messages").and_then(Value::as_array).filter(|list| !list.is_empty()) else {
        return errors::timed(400, "Invalid request: Batch must contain at least one message", memory.view().now);
    };
    let (mut results, mut failed) = (Vec::new(), 0);
    for (index, message) in list.iter().enumerate() {
        if message.get("payload").is_some() {
            let id = take(memory, setup, queue, message, ask);
            results.push(json!({ "index": index, "messageId": id, "status": "SUCCESS" }));
        } else {
            failed += 1;
            results.push(json!({ "index": index, "status": "FAILED", "error": "Message payload is required" }));
        }
    }
    messages::batch(&memory.view(), setup, queue, &results, failed)
}

/// Acts on one message and returns its id.
fn take(memory: &mut Memory, setup: &str, queue: &str, message: &Value, ask: &Ask<'_>) -> String {
    let id = memory.holdings.number().to_string();
    let payload = message["payload"].clone();
    let kind = text(message, ["messageType"; 2]).unwrap_or("Object");
    let at = Moment::now();
    let headers =
        json!({ "messageType": kind, "payloadSize": payload.to_string().len().to_string(), "timestamp": at.millis().to_string() });
    let header = |name: &str| ask.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let accepted = Accepted {
        setup: setup.to_owned(),
        queue: queue.to_owned(),
        message_id: id.clone(),
        payload: payload.clone(),
        idempotency_key: header("idempotency-key"),
        traceparent: header("traceparent"),
        headers: ask.headers.clone(),
        body: ask.body.clone(),
    };
    memory.holdings.accept(accepted, Message { id: id.clone(), payload: payload.clone(), headers: headers.clone(), at });
    memory.update(|world| {
        let queues = world.setup_mut(setup).map(|setup| &mut setup.queues);
        queues.into_iter().flatten().filter(|known| known.name == queue).for_each(|queue| queue.messages += 1);
    });
    let (setup, queue) = (setup.to_owned(), queue.to_owned());
    memory.tell(Happening::Queue { setup: setup.clone(), queue: queue.clone(), change: "MESSAGES_SENT" });
    memory.tell(Happening::Message { setup, queue, id: id.clone(), payload, headers });
    id
}

/// POST `…/purge`, `…/pause`, `…/resume` and `…/publish`; publishing is sending here.
pub(crate) fn obey(memory: &mut Memory, setup: &str, queue: &str, order: QueueOrder, ask: &Ask<'_>) -> Answer {
    let waiting = match find_queue(&memory.view(), setup, queue) {
        Ok((_, queue)) => queue.messages,
        Err(unknown) => return unknown,
    };
    let place = (setup.to_owned(), queue.to_owned());
    let (message, more) = match order {
        QueueOrder::Publish => return send(memory, setup, queue, ask),
        QueueOrder::Purge => {
            purge(memory, setup, queue);
            ("Queue purged successfully", json!({ "purgedCount": waiting }))
        }
        QueueOrder::Pause => {
            memory.holdings.paused.retain(|known| *known != place);
            memory.holdings.paused.push(place);
            ("Queue paused successfully", json!({ "pausedSubscriptions": 0 }))
        }
        QueueOrder::Resume => {
            memory.holdings.paused.retain(|known| *known != place);
            ("Queue resumed successfully", json!({ "resumedSubscriptions": 0 }))
        }
    };
    messages::done(&memory.view(), setup, queue, message, more)
}

fn purge(memory: &mut Memory, setup: &str, queue: &str) {
    memory.holdings.messages.remove(&(setup.to_owned(), queue.to_owned()));
    memory.update(|world| {
        let queues = world.setup_mut(setup).map(|setup| &mut setup.queues);
        queues.into_iter().flatten().filter(|known| known.name == queue).for_each(|queue| queue.messages = 0);
    });
    memory.tell(Happening::Queue { setup: setup.to_owned(), queue: queue.to_owned(), change: "QUEUE_PURGED" });
}

/// POST `/api/v1/eventstores/{s}/{e}/events`.
pub(crate) fn store(memory: &mut Memory, setup: &str, store: &str, ask: &Ask<'_>) -> Answer {
    let (body, up) = match (parse(memory, ask), find_store(&memory.view(), setup, store)) {
        (Ok(body), Ok((view, _))) => (body, view.database_up),
        (Err(refusal), _) | (_, Err(refusal)) => return refusal,
    };
    let view = memory.view();
    if let Some(setup) = view.setup(setup).filter(|_| !up) {
        return messages::away(&view, setup, "Failed to store event");
    }
    let Some(kind) = text(&body, ["eventType"; 2]).map(str::to_owned) else {
        return errors::timed(400, "Invalid request: Event type is required", view.now);
    };
    drop(view);
    let event = event(memory, &kind, &body);
    memory.update(|world| {
        let stores = world.setup_mut(setup).map(|setup| &mut setup.stores);
        for known in stores.into_iter().flatten().filter(|known| known.name == store) {
            match known.events.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, count)) => *count += 1,
                None => known.events.push((kind.clone(), 1)),
            }
        }
    });
    memory.holdings.store((setup.to_owned(), store.to_owned()), event.clone());
    memory.tell(Happening::Event { setup: setup.to_owned(), store: store.to_owned(), event: event.clone() });
    events::stored(&memory.view(), setup, store, &event)
}

fn event(memory: &mut Memory, kind: &str, body: &Value) -> Value {
    let id = memory.holdings.uuid();
    let seconds = Moment::now().millis() as f64 / 1_000.0;
    json!({
        "eventType": kind, "eventData": body["eventData"], "validTo": null, "transactionTime": seconds, "correlationId": id,
        "causationId": null, "aggregateId": body["aggregateId"], "version": 1, "metadata": {}, "validTime": seconds,
        "eventId": id, "validFrom": seconds,
    })
}
