//! `queues`, `groups`, `stores`, `overview`, `metrics`: the cluster as one.

use std::fmt::Write;

use peegeeq_service_manager_client::models::federation::{Envelope, GroupedGroups, GroupedQueues, GroupedStores, Overview};
use peegeeq_service_manager_client::{Error, Query, Request, requests};
use serde::de::DeserializeOwned;

use super::failure::{Failure, NOT_WELL};
use super::line::{Federated, Metrics};
use super::output::{Cell, Ordered, Page, Screen, Table, anything, cell, lines, number, rate, text};
use super::{Call, repeat};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Queues,
    Groups,
    Stores,
    Overview,
}

pub(super) async fn run(kind: Kind, asked: Federated) -> Result<Page, Failure> {
    let call = Call::new(&asked.manager, &asked.output)?;
    let query = query(&asked.question);
    let (parts, instance) = (asked.parts, asked.question.instance.as_deref());
    repeat::once_or_watch(asked.question.watch, async || match (kind, instance) {
        (_, Some(id)) => of_instance(&call, kind, id).await,
        (Kind::Queues, None) => of_cluster(&call, requests::queues(&query), parts).await,
        (Kind::Groups, None) => of_cluster(&call, requests::consumer_groups(&query), parts).await,
        (Kind::Stores, None) => of_cluster(&call, requests::event_stores(&query), parts).await,
        (Kind::Overview, None) => of_cluster(&call, requests::overview(&query), true).await,
    })
    .await
}

fn query(question: &super::line::Question) -> Query {
    Query {
        environment: question.environment.clone(),
        region: question.region.clone(),
        fresh: question.fresh,
        strict: question.strict,
        ..Query::default()
    }
}

/// An answer that can be shown as a table.
pub(super) trait Shown: DeserializeOwned {
    fn envelope(&self) -> &Envelope;
    fn names(&self) -> Vec<String>;
    /// With a line for each instance if `parts`.
    fn table(&self, parts: bool, screen: &Screen) -> String;
}

async fn of_cluster<T: Shown>(call: &Call, request: Request<T>, parts: bool) -> Result<Page, Failure> {
    let path = request.path().to_owned();
    let answer = call.client.ask(request).await.map_err(missing)?;
    let read: T = call.client.read(&path, &answer.body)?;
    let page = Page::shaped(call.format, &answer.body, || read.names(), || read.table(parts, &call.screen))?;
    Ok(judged(page, read.envelope()))
}

/// 503 is the manager's way to say that the cluster gave nothing, or not all: the command worked, the cluster did not.
fn missing(error: Error) -> Failure {
    let is_missing = matches!(&error, Error::Api(api) if api.status == 503);
    let mut failure = Failure::from(error);
    if is_missing {
        failure.code = NOT_WELL;
    }
    failure
}

/// Says what an answer does not cover.
fn judged(page: Page, envelope: &Envelope) -> Page {
    if envelope.complete != Some(false) {
        return page;
    }
    let mut page = page.with_code(NOT_WELL);
    let asked = envelope.coverage.as_ref().map_or(0, |coverage| coverage.asked);
    let whole = envelope.sources.iter().filter(|source| source.status == "ok").count();
    page = page.noting(format!("warning: incomplete: {whole} of {asked} instances gave all they have"));
    for source in envelope.sources.iter().filter(|source| source.status != "ok") {
        let why = source.error.as_ref().map(|error| format!(": {error}")).unwrap_or_default();
        page = page.noting(lines(&format!("  {} {}{why}", source.instance_id, source.status)));
    }
    for setup in &envelope.degraded_setups {
        let at = format!("  {}: setup {} is {}: {}; {}", setup.instance_id, setup.setup_id, setup.status, setup.reason, setup.action);
        page = page.noting(lines(&at));
    }
    page
}

async fn of_instance(call: &Call, kind: Kind, id: &str) -> Result<Page, Failure> {
    let (request, field) = match kind {
        Kind::Queues => (requests::instance_queues(id), "queues"),
        Kind::Groups => (requests::instance_consumer_groups(id), "consumerGroups"),
        Kind::Stores => (requests::instance_event_stores(id), "eventStores"),
        Kind::Overview => (requests::instance_overview(id), ""),
    };
    let answer = call.client.ask(request).await?;
    let raw = Ordered::read(&answer.body)?;
    let rows = raw.get(field).map(Ordered::list).unwrap_or_default();
    let name = |row: &Ordered| ["queueName", "groupId", "storeName", "name"].iter().find_map(|key| row.get(key)).map(Ordered::plain);
    Page::shaped(
        call.format,
        &answer.body,
        || rows.iter().filter_map(name).collect(),
        || match rows {
            [] => anything::show(&raw, &call.screen),
            rows => anything::rows_table(rows, &call.screen),
        },
    )
}

pub(super) async fn metrics(asked: Metrics) -> Result<Page, Failure> {
    let call = Call::new(&asked.manager, &asked.output)?;
    if asked.own {
        return Ok(Page::of(call.client.metrics_text().await?));
    }
    let query = query(&asked.question);
    repeat::once_or_watch(asked.question.watch, async || {
        if let Some(id) = &asked.question.instance {
            let answer = call.client.ask(requests::instance_metrics(id)).await?;
            let raw = Ordered::read(&answer.body)?;
            return Page::shaped(call.format, &answer.body, || vec![id.clone()], || anything::show(&raw, &call.screen));
        }
        let answer = call.client.ask(requests::metrics(&query)).await.map_err(missing)?;
        let raw = Ordered::read(&answer.body)?;
        let envelope: Envelope = call.client.read("/api/v1/federation/metrics", &answer.body)?;
        let names = || raw.get("metrics").map(keys).unwrap_or_default();
        let table = || raw.get("metrics").map(|metrics| anything::show(metrics, &call.screen)).unwrap_or_default();
        Ok(judged(Page::shaped(call.format, &answer.body, names, table)?, &envelope))
    })
    .await
}

fn keys(value: &Ordered) -> Vec<String> {
    if let Ordered::Object(fields) = value { fields.iter().map(|(key, _)| key.clone()).collect() } else { Vec::new() }
}

impl Shown for GroupedQueues {
    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn names(&self) -> Vec<String> {
        self.queues.iter().map(|queue| queue.queue_name.clone()).collect()
    }

    fn table(&self, parts: bool, screen: &Screen) -> String {
        let mut table = Table::new(&[
            text("QUEUE", 0),
            text("INSTANCE", 1),
            text("SETUP", 2),
            number("MESSAGES", 0),
            number("CONSUMERS", 1),
            number("RATE/S", 2),
            text("STATUS", 3),
        ]);
        for queue in &self.queues {
            table.row([
                cell(&queue.queue_name),
                place(queue.instances.iter().map(|part| &part.instance_id)),
                cell(""),
                queue.total_messages.into(),
                queue.total_consumers.into(),
                rate(queue.average_processing_rate),
                cell(""),
            ]);
            for part in queue.instances.iter().filter(|_| parts) {
                table.row([
                    cell(""),
                    cell(&part.instance_id),
                    cell(part.setup_id.as_deref().unwrap_or_default()),
                    part.message_count.into(),
                    part.consumer_count.into(),
                    rate(part.processing_rate),
                    standing(&part.status, part.standing.as_deref()),
                ]);
            }
        }
        let stats = &self.aggregated_stats;
        let bad = unwell(&[("unhealthy", stats.unhealthy_queues), ("unknown", stats.unknown_queues)]);
        let sum = format!("{}, {}{bad}", counted(self.queues.len(), "queue"), sum(stats.total_messages, "message"));
        ended(table.render(screen), &sum, self.queues.is_empty())
    }
}

impl Shown for GroupedGroups {
    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn names(&self) -> Vec<String> {
        self.consumer_groups.iter().map(|group| group.group_id.clone()).collect()
    }

    fn table(&self, parts: bool, screen: &Screen) -> String {
        let mut table = Table::new(&[
            text("GROUP", 0),
            text("INSTANCE", 1),
            text("QUEUE", 2),
            number("CONSUMERS", 0),
            number("PROCESSED", 2),
            number("LAG", 1),
            text("STATUS", 3),
        ]);
        for group in &self.consumer_groups {
            table.row([
                cell(&group.group_id),
                place(group.instances.iter().map(|part| &part.instance_id)),
                cell(""),
                group.total_consumers.into(),
                group.total_messages_processed.into(),
                group.total_lag.into(),
                cell(""),
            ]);
            for part in group.instances.iter().filter(|_| parts) {
                table.row([
                    cell(""),
                    cell(&part.instance_id),
                    cell(part.queue_name.as_deref().unwrap_or_default()),
                    part.consumer_count.into(),
                    part.messages_processed.into(),
                    part.lag.into(),
                    Cell::state(&part.status),
                ]);
            }
        }
        let stats = &self.aggregated_stats;
        let at_rest = unwell(&[("at rest", stats.inactive_groups)]);
        let sum = format!("{}, {}{at_rest}", counted(self.consumer_groups.len(), "group"), sum(stats.total_consumers, "consumer"));
        ended(table.render(screen), &sum, self.consumer_groups.is_empty())
    }
}

impl Shown for GroupedStores {
    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn names(&self) -> Vec<String> {
        self.event_stores.iter().map(|store| store.store_name.clone()).collect()
    }

    fn table(&self, parts: bool, screen: &Screen) -> String {
        let mut table = Table::new(&[
            text("STORE", 0),
            text("INSTANCE", 1),
            text("SETUP", 2),
            number("EVENTS", 0),
            number("STREAMS", 1),
            number("SIZE", 2),
            text("STATUS", 3),
        ]);
        for store in &self.event_stores {
            table.row([
                cell(&store.store_name),
                place(store.instances.iter().map(|part| &part.instance_id)),
                cell(""),
                store.total_events.into(),
                store.total_streams.into(),
                store.total_storage_size.clone().into(),
                cell(""),
            ]);
            for part in store.instances.iter().filter(|_| parts) {
                table.row([
                    cell(""),
                    cell(&part.instance_id),
                    cell(part.setup_id.as_deref().unwrap_or_default()),
                    part.event_count.into(),
                    part.stream_count.into(),
                    part.storage_size.clone().into(),
                    Cell::state(&part.status),
                ]);
            }
        }
        let stats = &self.aggregated_stats;
        let bad = unwell(&[("unhealthy", stats.unhealthy_stores)]);
        let sum = format!("{}, {}{bad}", counted(self.event_stores.len(), "store"), sum(stats.total_events, "event"));
        ended(table.render(screen), &sum, self.event_stores.is_empty())
    }
}

impl Shown for Overview {
    fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    fn names(&self) -> Vec<String> {
        self.instance_details.iter().map(|instance| instance.instance_id.clone()).collect()
    }

    fn table(&self, parts: bool, screen: &Screen) -> String {
        let mut table = Table::new(&[
            text("INSTANCE", 0),
            text("STATUS", 1),
            text("ENVIRONMENT", 3),
            text("REGION", 3),
            number("QUEUES", 2),
            number("GROUPS", 2),
            number("STORES", 2),
            number("MESSAGES", 0),
            number("CONSUMERS", 1),
        ]);
        for instance in self.instance_details.iter().filter(|_| parts) {
            table.row([
                cell(&instance.instance_id),
                Cell::state(instance.status.as_str()),
                cell(&instance.environment),
                cell(&instance.region),
                instance.queues.into(),
                instance.consumer_groups.into(),
                instance.event_stores.into(),
                instance.messages.into(),
                instance.consumers.into(),
            ]);
        }
        let data = &self.aggregated_data;
        let sums = [
            sum(data.total_queues, "queue"),
            sum(data.total_consumer_groups, "group"),
            sum(data.total_event_stores, "store"),
            sum(data.total_messages, "message"),
            sum(data.total_consumers, "consumer"),
        ];
        let of = counted(self.instance_details.len(), "instance");
        ended(table.render(screen), &format!("{of}: {}", sums.join(", ")), self.instance_details.is_empty())
    }
}

/// Where a part does not count, that is what matters.
fn standing(status: &str, standing: Option<&str>) -> Cell {
    Cell::state(standing.filter(|word| *word != "counted").unwrap_or(status))
}

/// Where something is: named if it is in one place.
fn place<'a>(mut ids: impl ExactSizeIterator<Item = &'a String>) -> Cell {
    match (ids.len(), ids.next()) {
        (1, Some(id)) => cell(id),
        (count, _) => cell(counted(count, "instance")),
    }
}

fn counted(count: usize, word: &str) -> String {
    format!("{count} {word}{}", if count == 1 { "" } else { "s" })
}

/// A sum with its word; one that nobody knows is told as that.
pub(super) fn sum(value: Option<i64>, word: &str) -> String {
    match value {
        Some(1) => format!("1 {word}"),
        Some(value) => format!("{value} {word}s"),
        None => format!("{word}s unknown"),
    }
}

fn unwell(counts: &[(&str, u64)]) -> String {
    counts.iter().filter(|(_, count)| *count > 0).fold(String::new(), |mut out, (word, count)| {
        let _ = write!(out, ", {count} {word}");
        out
    })
}

fn ended(table: String, sum: &str, is_empty: bool) -> String {
    if is_empty { format!("{sum}\n") } else { format!("{table}{sum}\n") }
}
