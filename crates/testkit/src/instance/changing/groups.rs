//! Owns changes of what lives in the memory of one instance only: consumer groups, webhooks; and of subscriptions.
//! Does not own the groups of management.

use http::Method;
use serde_json::{Map, Value, json};

use super::text;
use crate::instance::answering::{Ask, find_queue};
use crate::instance::answers::{Answer, errors, groups};
use crate::instance::endpoint::QueueQuestion;
use crate::instance::holdings::{Group, Place};
use crate::instance::memory::Memory;
use crate::stamp::Moment;

fn body(ask: &Ask<'_>) -> Value {
    serde_json::from_slice(ask.body).unwrap_or_default()
}

/// What a request changes about the groups of a queue.
pub(crate) fn of_queue(memory: &mut Memory, (setup, queue): (&str, &str), question: &QueueQuestion, ask: &Ask<'_>) -> Answer {
    if let Err(unknown) = find_queue(&memory.view(), setup, queue) {
        return unknown;
    }
    let place = (setup.to_owned(), queue.to_owned());
    match question {
        QueueQuestion::Groups => create(memory, &place, ask),
        QueueQuestion::Group(name) => remove(memory, &place, name),
        QueueQuestion::Members(group) => join(memory, &place, group, ask),
        QueueQuestion::Member(group, member) => leave(memory, &place, group, member),
        QueueQuestion::GroupSubscription(group) => configure(memory, &place, group, ask),
        _ => errors::unknown_path(),
    }
}

fn create(memory: &mut Memory, place: &Place, ask: &Ask<'_>) -> Answer {
    let body = body(ask);
    let Some(name) = text(&body, ["groupName", "name"]) else {
        return errors::timed(400, "Invalid request: Group name is required", memory.view().now);
    };
    if memory.holdings.group(place, name).is_some() {
        return errors::timed(409, &format!("Consumer group already exists: {name}"), memory.view().now);
    }
    let now = Moment::now();
    let group = Group { name: name.to_owned(), members: vec![], created: now, changed: now, subscription: None };
    memory.holdings.groups.entry(place.clone()).or_default().push(group);
    let view = memory.view();
    match find_queue(&view, &place.0, &place.1) {
        Ok((_, queue)) => groups::created(&view, &place.0, queue, name),
        Err(unknown) => unknown,
    }
}

fn remove(memory: &mut Memory, place: &Place, name: &str) -> Answer {
    if memory.holdings.group(place, name).is_none() {
        return groups::unknown(&memory.view(), name);
    }
    memory.holdings.groups.entry(place.clone()).or_default().retain(|group| group.name != name);
    Answer::empty(204)
}

fn join(memory: &mut Memory, place: &Place, name: &str, ask: &Ask<'_>) -> Answer {
    let body = body(ask);
    let number = memory.holdings.number();
    let member = text(&body, ["memberName"; 2]).unwrap_or("member");
    let id = format!("{member}-{number}");
    let Some(group) = memory.holdings.group_mut(place, name) else {
        return groups::unknown(&memory.view(), name);
    };
    group.members.push(id.clone());
    group.changed = Moment::now();
    groups::joined(&memory.view(), &place.1, name, member, &id)
}

fn leave(memory: &mut Memory, place: &Place, name: &str, member: &str) -> Answer {
    let Some(group) = memory.holdings.group_mut(place, name) else {
        return groups::unknown(&memory.view(), name);
    };
    let before = group.members.len();
    group.members.retain(|known| known != member);
    if group.members.len() == before {
        return errors::timed(404, &format!("Member not found: {member}"), memory.view().now);
    }
    Answer::empty(204)
}

/// Sets or forgets the subscription of a group.
fn configure(memory: &mut Memory, place: &Place, name: &str, ask: &Ask<'_>) -> Answer {
    let options = (ask.method != Method::DELETE).then(|| body(ask));
    let Some(group) = memory.holdings.group_mut(place, name) else {
        return groups::unknown(&memory.view(), name);
    };
    group.subscription = options;
    if group.subscription.is_none() {
        return Answer::empty(204);
    }
    let group = group.clone();
    groups::subscribed(&memory.view(), &group)
}

/// POST `/api/v1/setups/{s}/subscriptions/{topic}`.
pub(crate) fn subscribe(memory: &mut Memory, setup: &str, topic: &str, ask: &Ask<'_>) -> Answer {
    let body = body(ask);
    let Some(group) = text(&body, ["groupName", "group"]) else {
        return errors::coded(400, "PGQERR0101", "Group name is required", memory.view().now);
    };
    let known = memory.holdings.subscriptions.entry((setup.to_owned(), topic.to_owned())).or_default();
    known.insert(group.to_owned(), "ACTIVE");
    Answer::json(201, &groups::subscription_row(topic, group, "ACTIVE"))
}

/// DELETE of a subscription.
pub(crate) fn unsubscribe(memory: &mut Memory, (setup, topic): (&str, &str), group: &str) -> Answer {
    let known = memory.holdings.subscriptions.entry((setup.to_owned(), topic.to_owned())).or_default();
    if known.remove(group).is_some() {
        return Answer::empty(204);
    }
    groups::subscription(&memory.view(), &memory.holdings, (setup, topic), group)
}

/// POST `…/pause`, `…/resume` and `…/heartbeat` of a subscription.
pub(crate) fn order_subscription(memory: &mut Memory, (setup, topic): (&str, &str), group: &str, order: &str) -> Answer {
    let known = memory.holdings.subscriptions.entry((setup.to_owned(), topic.to_owned())).or_default();
    if let Some(state) = known.get_mut(group) {
        match order {
            "pause" => *state = "PAUSED",
            "resume" => *state = "ACTIVE",
            "heartbeat" => {}
            _ => return errors::unknown_path(),
        }
    }
    groups::subscription(&memory.view(), &memory.holdings, (setup, topic), group)
}

/// POST `/api/v1/setups/{s}/queues/{q}/webhook-subscriptions`.
pub(crate) fn add_webhook(memory: &mut Memory, setup: &str, queue: &str, ask: &Ask<'_>) -> Answer {
    let body = body(ask);
    let Some(url) = text(&body, ["webhookUrl"; 2]) else {
        return errors::coded(400, "PGQERR0101", "webhookUrl is required", memory.view().now);
    };
    if let Err(unknown) = find_queue(&memory.view(), setup, queue) {
        return unknown;
    }
    let id = memory.holdings.uuid();
    let webhook = json!({
        "subscriptionId": id, "setupId": setup, "queueName": queue, "webhookUrl": url, "status": "ACTIVE",
        "createdAt": memory.view().now.iso_nanos(),
    });
    let fields: Map<_, _> = webhook.as_object().cloned().unwrap_or_default();
    memory.holdings.webhooks.insert(id, fields);
    Answer::json(201, &webhook)
}

/// DELETE `/api/v1/webhook-subscriptions/{id}`.
pub(crate) fn remove_webhook(memory: &mut Memory, id: &str) -> Answer {
    match memory.holdings.webhooks.remove(id) {
        Some(_) => Answer::empty(204),
        None => groups::webhook(&memory.view(), &memory.holdings, id),
    }
}
