//! Owns the answers about consumer groups, subscriptions and webhooks. Does not own the management list of groups, which
//! is another set.

use serde_json::{Value, json};

use super::errors::{coded, timed};
use super::rows::subscribed_at;
use super::{Answer, SetupView, View};
use crate::instance::holdings::{Group, Holdings, Place};
use crate::instance::world::Queue;

fn place(setup: SetupView<'_>, queue: &Queue) -> Place {
    (setup.setup.id.clone(), queue.name.clone())
}

/// GET `/api/v1/queues/{s}/{q}/consumers`: the active and paused subscriptions of the database.
pub(crate) fn consumers(view: &View<'_>, setup: SetupView<'_>, queue: &Queue) -> Answer {
    if !setup.database_up {
        return super::messages::away(view, setup, "Failed to get consumers");
    }
    let subscribed = subscribed_at(setup);
    let rows: Vec<Value> = setup
        .setup
        .groups
        .iter()
        .filter(|group| group.queue == queue.name)
        .map(|group| {
            json!({
                "groupName": group.name, "topic": queue.name, "status": group.status.word(), "subscribedAt": subscribed,
                "lastActiveAt": subscribed, "lastHeartbeatAt": subscribed, "heartbeatIntervalSeconds": 60,
                "heartbeatTimeoutSeconds": 300, "backfillStatus": "NONE", "backfillProcessedMessages": 0, "backfillTotalMessages": null,
            })
        })
        .collect();
    let body = json!({
        "message": "Consumers retrieved successfully", "queueName": queue.name, "setupId": setup.setup.id,
        "consumerCount": rows.len(), "consumers": rows, "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// GET `/api/v1/queues/{s}/{q}/consumer-groups`: the groups in the memory of this instance.
pub(crate) fn list(view: &View<'_>, holdings: &Holdings, setup: SetupView<'_>, queue: &Queue) -> Answer {
    let groups = holdings.groups.get(&place(setup, queue)).map_or(&[][..], Vec::as_slice);
    let rows: Vec<Value> = groups.iter().map(|group| row(setup, queue, group)).collect();
    let body = json!({
        "message": "Consumer groups retrieved successfully", "setupId": setup.setup.id, "queueName": queue.name,
        "groupCount": rows.len(), "groups": rows, "timestamp": view.now.millis(),
    });
    Answer::json(200, &body)
}

/// GET of one group.
pub(crate) fn one(view: &View<'_>, holdings: &Holdings, setup: SetupView<'_>, queue: &Queue, name: &str) -> Answer {
    let Some(group) = holdings.group(&place(setup, queue), name) else {
        return unknown(view, name);
    };
    let mut body = row(setup, queue, group);
    body["message"] = "Consumer group retrieved successfully".into();
    body["timestamp"] = view.now.millis().into();
    Answer::json(200, &body)
}

fn row(setup: SetupView<'_>, queue: &Queue, group: &Group) -> Value {
    json!({
        "groupName": group.name, "groupId": format!("{}:{}:{}", setup.setup.id, queue.name, group.name),
        "setupId": setup.setup.id, "queueName": queue.name, "topic": queue.name, "memberCount": 0,
        "consumerIds": group.members, "isActive": false, "maxMembers": 10, "loadBalancingStrategy": "ROUND_ROBIN",
        "sessionTimeout": 30_000, "createdAt": group.created.millis(), "lastActivity": group.changed.millis(),
        "stats": { "messagesProcessed": 0, "messagesFiltered": 0, "messagesFailed": 0 },
    })
}

/// GET `/api/v1/consumer-groups/{s}/{q}/{g}/subscription`.
pub(crate) fn options(view: &View<'_>, holdings: &Holdings, setup: SetupView<'_>, queue: &Queue, name: &str) -> Answer {
    match holdings.group(&place(setup, queue), name) {
        Some(group) => subscribed(view, group),
        None => unknown(view, name),
    }
}

/// The subscription of a group, with the options it was given.
pub(crate) fn subscribed(view: &View<'_>, group: &Group) -> Answer {
    let options = group.subscription.clone().unwrap_or_else(|| json!({}));
    Answer::json(200, &json!({ "groupName": group.name, "subscriptionOptions": options, "timestamp": view.now.millis() }))
}

/// The 404 of a group that this instance does not have in its memory.
pub(crate) fn unknown(view: &View<'_>, name: &str) -> Answer {
    timed(404, &format!("Consumer group not found: {name}"), view.now)
}

/// The 201 of a group.
pub(crate) fn created(view: &View<'_>, setup: &str, queue: &Queue, name: &str) -> Answer {
    let body = json!({
        "message": "Consumer group created successfully", "groupName": name, "setupId": setup, "queueName": queue.name,
        "groupId": format!("{setup}:{}:{name}", queue.name), "maxMembers": 10, "loadBalancingStrategy": "ROUND_ROBIN",
        "sessionTimeout": 30_000, "implementationType": queue.kind.word(), "subscriptionConfigured": false,
        "timestamp": view.now.millis(),
    });
    Answer::json(201, &body)
}

/// The 201 of a member.
pub(crate) fn joined(view: &View<'_>, queue: &str, group: &str, member: &str, id: &str) -> Answer {
    let body = json!({
        "message": "Successfully joined consumer group", "groupName": group, "consumerId": id, "memberName": member,
        "topic": queue, "isActive": false, "joinedAt": view.now.iso_nanos(), "memberCount": 0, "timestamp": view.now.millis(),
    });
    Answer::json(201, &body)
}

/// GET `/api/v1/setups/{s}/subscriptions/{topic}`: a list without anything around it.
pub(crate) fn subscriptions(holdings: &Holdings, setup: &str, topic: &str) -> Answer {
    let known = holdings.subscriptions.get(&(setup.to_owned(), topic.to_owned()));
    let rows: Vec<Value> = known.into_iter().flatten().map(|(group, state)| subscription_row(topic, group, state)).collect();
    Answer::json(200, &rows)
}

/// GET of one subscription.
pub(crate) fn subscription(view: &View<'_>, holdings: &Holdings, (setup, topic): (&str, &str), group: &str) -> Answer {
    let known = holdings.subscriptions.get(&(setup.to_owned(), topic.to_owned())).and_then(|known| known.get(group));
    match known {
        Some(state) => Answer::json(200, &subscription_row(topic, group, state)),
        None => coded(404, "PGQERR0100", &format!("Subscription not found: {topic}/{group}"), view.now),
    }
}

/// One subscription.
pub(crate) fn subscription_row(topic: &str, group: &str, state: &str) -> Value {
    json!({ "topic": topic, "groupName": group, "state": state })
}

/// GET `/api/v1/webhook-subscriptions/{id}`.
pub(crate) fn webhook(view: &View<'_>, holdings: &Holdings, id: &str) -> Answer {
    match holdings.webhooks.get(id) {
        Some(webhook) => Answer::json(200, webhook),
        None => coded(404, "PGQERR0100", &format!("Webhook subscription not found: {id}"), view.now),
    }
}
