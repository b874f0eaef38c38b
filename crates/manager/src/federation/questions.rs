//! What is asked of each instance for each kind of answer.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use peegeeq_domain::federation::{FetchFailure, MetricsPart, OverviewPart};

use super::fan_out::{Question, Understood};
use super::prometheus;
use super::samples::Samples;
use super::upstream::{ReadList, RowReader, read_list, read_metrics, read_overview};

/// The path of an instance's overview.
pub(super) const OVERVIEW: &str = "/api/v1/management/overview";
/// The path of its queues.
pub(super) const QUEUES: &str = "/api/v1/management/queues";
/// The path of its consumer groups.
pub(super) const CONSUMER_GROUPS: &str = "/api/v1/management/consumer-groups";
/// The path of its event stores.
pub(super) const EVENT_STORES: &str = "/api/v1/management/event-stores";
/// The path of its metrics.
pub(super) const METRICS: &str = "/api/v1/management/metrics";
/// The path of what it tells Prometheus.
const PROMETHEUS: &str = "/metrics";

type Answered<'a, T> = BoxFuture<'a, Result<Understood<T>, FetchFailure>>;

pub(super) fn overview(question: Question<'_>) -> Answered<'_, OverviewPart> {
    async move {
        let body = question.ask(OVERVIEW).await?;
        let _turn = question.turn().await;
        let (content, figures, faults) = read_overview(&body)?;
        Ok(Understood { figures, faults, body, ..Understood::plain(content) })
    }
    .boxed()
}

pub(super) fn list<'a, Q: RowReader>(question: Question<'a>, path: &'static str) -> Answered<'a, Vec<Q::Row>>
where
    Q::Row: Send,
{
    async move {
        let body = question.ask(path).await?;
        let _turn = question.turn().await;
        let ReadList { rows, raw, faults, placeholders } = read_list::<Q>(&body)?;
        Ok(Understood { faults, placeholders, body, raw, ..Understood::plain(rows) })
    }
    .boxed()
}

/// The text for Prometheus is a bonus: without it some figures are unknown, and that is all.
pub(super) fn metrics(question: Question<'_>, samples: Arc<Samples>) -> Answered<'_, MetricsPart> {
    async move {
        let (body, text) = futures_util::join!(question.ask(METRICS), question.ask(PROMETHEUS));
        let _turn = question.turn().await;
        let mut part = read_metrics(&body?)?;
        let figures = text.ok().map(|text| prometheus::read(&String::from_utf8_lossy(&text))).unwrap_or_default();
        part.cpu_usage = part.cpu_usage.or(figures.process_cpu);
        part.uptime = part.uptime.or(figures.uptime);
        part.requests = figures.requests;
        part.earlier = figures.requests.and_then(|counters| samples.exchange(question.instance, counters, part.uptime));
        Ok(Understood::plain(part))
    }
    .boxed()
}
