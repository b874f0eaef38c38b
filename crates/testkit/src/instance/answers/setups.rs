//! Owns the answers about setups: list, details, status, their queues and stores, and attaching.
//! Does not own their health, nor what attaching changes.

use serde::Serialize;

use super::{Answer, SetupView, View};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SetupList<'a> {
    count: usize,
    setup_ids: Vec<&'a str>,
}

pub(crate) fn list(view: &View<'_>) -> Answer {
    let setup_ids: Vec<_> = view.setups.iter().map(|setup| setup.setup.id.as_str()).collect();
    Answer::json(200, &SetupList { count: setup_ids.len(), setup_ids })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Details<'a> {
    setup_id: &'a str,
    status: &'static str,
    host: &'a str,
    port: u16,
    database_name: &'a str,
    schema: &'a str,
    queue_factories: Vec<&'a str>,
    event_stores: Vec<&'a str>,
}

pub(crate) fn details(view: SetupView<'_>) -> Answer {
    let database = &view.setup.database;
    let details = Details {
        setup_id: &view.setup.id,
        status: "ACTIVE",
        host: &database.host,
        port: database.port,
        database_name: &database.name,
        schema: &database.schema,
        queue_factories: queue_names(view),
        event_stores: store_names(view),
    };
    Answer::json(200, &details)
}

fn queue_names(view: SetupView<'_>) -> Vec<&str> {
    view.setup.queues.iter().map(|queue| queue.name.as_str()).collect()
}

fn store_names(view: SetupView<'_>) -> Vec<&str> {
    view.setup.stores.iter().map(|store| store.name.as_str()).collect()
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    setup_id: &'a str,
    status: &'static str,
}

/// Always ACTIVE for a setup that is remembered, also while its database is away.
pub(crate) fn status(view: SetupView<'_>) -> Answer {
    Answer::json(200, &Status { setup_id: &view.setup.id, status: "ACTIVE" })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueNames<'a> {
    count: usize,
    queues: Vec<&'a str>,
    queue_details: Vec<QueueDetail<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct QueueDetail<'a> {
    name: &'a str,
    implementation_type: &'static str,
}

pub(crate) fn queues(view: SetupView<'_>) -> Answer {
    let detail = |queue: &'_ crate::instance::world::Queue| queue.kind.word();
    let queue_details =
        view.setup.queues.iter().map(|queue| QueueDetail { name: &queue.name, implementation_type: detail(queue) }).collect();
    let queues = queue_names(view);
    Answer::json(200, &QueueNames { count: queues.len(), queues, queue_details })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoreNames<'a> {
    count: usize,
    event_stores: Vec<&'a str>,
}

pub(crate) fn event_stores(view: SetupView<'_>) -> Answer {
    let event_stores = store_names(view);
    Answer::json(200, &StoreNames { count: event_stores.len(), event_stores })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attached<'a> {
    setup_id: &'a str,
    status: &'static str,
    queue_count: usize,
    event_store_count: usize,
    message: &'static str,
}

/// The answer to a successful connect.
pub(crate) fn attached(view: SetupView<'_>) -> Answer {
    joined(view, 200, "Connected to existing database setup successfully")
}

/// The answer to a successful creation.
pub(crate) fn created(view: SetupView<'_>) -> Answer {
    joined(view, 201, "Database setup created successfully")
}

fn joined(view: SetupView<'_>, status: u16, message: &'static str) -> Answer {
    let attached = Attached {
        setup_id: &view.setup.id,
        status: "ACTIVE",
        queue_count: view.setup.queues.len(),
        event_store_count: view.setup.stores.len(),
        message,
    };
    Answer::json(status, &attached)
}
