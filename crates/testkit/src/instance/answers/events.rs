//! Owns the answers about events of a store. Does not own keeping them, nor statistics.

use serde_json::{Value, json};

use super::errors::timed;
use super::messages::away;
use super::{Answer, SetupView, View};
use crate::instance::answering::Ask;
use crate::instance::holdings::Holdings;
use crate::instance::world::EventStore;

fn kept<'a>(holdings: &'a Holdings, setup: SetupView<'_>, store: &EventStore) -> impl Iterator<Item = &'a Value> {
    holdings.events.get(&(setup.setup.id.clone(), store.name.clone())).into_iter().flatten()
}

/// GET `/api/v1/eventstores/{s}/{e}/events`: those that were stored through this instance, oldest first. `totalCount`
/// counts what the world says as well.
pub(crate) fn list(view: &View<'_>, holdings: &Holdings, setup: SetupView<'_>, store: &EventStore, ask: &Ask<'_>) -> Answer {
    if !setup.database_up {
        return away(view, setup, "Failed to get events");
    }
    let (limit, offset) = (ask.number("limit", 100).clamp(1, 1_000), ask.number("offset", 0));
    let wanted = ask.parameter("eventType");
    let of_type = |event: &&Value| wanted.is_none_or(|wanted| event["eventType"] == wanted);
    let events: Vec<_> = kept(holdings, setup, store).filter(of_type).skip(offset).take(limit).collect();
    let total = store.total();
    let body = json!({
        "message": "Events retrieved successfully", "eventStoreName": store.name, "setupId": setup.setup.id,
        "eventCount": events.len(), "limit": limit, "offset": offset, "totalCount": total,
        "hasMore": (offset + events.len()) as u64 != total,
        "filters": { "sortOrder": "TRANSACTION_TIME_ASC", "includeCorrections": true },
        "events": events, "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// GET of one event.
pub(crate) fn one(view: &View<'_>, holdings: &Holdings, setup: SetupView<'_>, store: &EventStore, id: &str) -> Answer {
    match kept(holdings, setup, store).find(|event| event["eventId"] == id) {
        Some(event) => {
            let body = json!({
                "message": "Event retrieved successfully", "eventStoreName": store.name, "setupId": setup.setup.id,
                "eventId": id, "event": event, "timestamp": view.now.millis(),
            });
            Answer::json(200, &body)
        }
        None => timed(404, "Event not found", view.now),
    }
}

/// The 201 of an event.
pub(crate) fn stored(view: &View<'_>, setup: &str, store: &str, event: &Value) -> Answer {
    let body = json!({
        "message": "Event stored successfully", "eventStoreName": store, "setupId": setup, "eventId": event["eventId"],
        "eventType": event["eventType"], "version": 1, "transactionTime": view.now.iso_micros(), "timestamp": view.now.millis(),
    });
    Answer::json(201, &body)
}
