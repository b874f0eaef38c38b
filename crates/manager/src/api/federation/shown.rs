//! The five kinds of federated answers: what differs between them.

use std::ops::Range;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use peegeeq_domain::federation::{GroupRow, Named, QueueRow, Row, StoreRow};
use serde::Serialize;

use super::flat::write_rows;
use super::query::{Page, View};
use super::text::JsonText;
use crate::api::wire::federation::{
    AggregatedData, GroupStats, InstanceDetail, InstanceFigures, MetricsBlocks, NamedGroup, NamedQueue, NamedStore, QueueStats, StoreStats,
};
use crate::federation::{Answer, Content, FederationHandle, List, Metrics, Overview, Unanswered, Want};

type Asked<'a, C> = BoxFuture<'a, Result<Arc<Answer<C>>, Unanswered>>;

/// One kind of federated answer.
pub(super) trait Shown: Content {
    /// What it is called in messages.
    const SUBJECT: &'static str;

    /// Asks for it.
    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, Self>;

    /// Elements of the main array.
    fn length(&self, view: View) -> usize;

    /// The guide's names of what no instance supplied.
    fn unavailable(&self) -> Vec<&'static str>;

    /// Writes the fields of this kind, behind others.
    fn write(&self, text: &mut JsonText, view: View, page: Option<Page>);
}

fn range(page: Option<Page>, count: usize) -> Range<usize> {
    page.map_or(0..count, |page| page.of(count))
}

impl Shown for Overview {
    const SUBJECT: &'static str = "overview";

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, Self> {
        federation.overview(want).boxed()
    }

    fn length(&self, _: View) -> usize {
        self.coverage.answered
    }

    fn unavailable(&self) -> Vec<&'static str> {
        AggregatedData::unavailable(&self.totals)
    }

    fn write(&self, text: &mut JsonText, view: View, page: Option<Page>) {
        let range = range(page, self.length(view));
        let answered = self.parts.iter().zip(&self.instances).filter(|(part, _)| part.outcome.is_ok());
        let details = answered.skip(range.start).take(range.len()).map(|(part, seen)| InstanceDetail::of(part, seen));
        text.field("aggregatedData", &AggregatedData::of(self));
        text.key("instanceDetails").array(details, |text, detail| {
            text.value(&detail);
        });
    }
}

impl Shown for Metrics {
    const SUBJECT: &'static str = "metrics";

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, Self> {
        federation.metrics(want).boxed()
    }

    fn length(&self, _: View) -> usize {
        self.coverage.answered
    }

    fn unavailable(&self) -> Vec<&'static str> {
        self.totals.unavailable()
    }

    fn write(&self, text: &mut JsonText, view: View, page: Option<Page>) {
        let range = range(page, self.length(view));
        let answered = self.parts.iter().zip(&self.instances).filter(|(part, _)| part.outcome.is_ok());
        let figures = answered.skip(range.start).take(range.len()).map(|(part, figures)| InstanceFigures::of(part, figures));
        text.field("metrics", &MetricsBlocks::of(self));
        text.key("instanceMetrics").array(figures, |text, figures| {
            text.value(&figures);
        });
    }
}

/// What differs between lists.
trait ListShown: Row + Sized {
    const SUBJECT: &'static str;
    /// The key of the main array.
    const MAIN: &'static str;
    /// The key of its length.
    const COUNT: &'static str;

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, List<Self>>
    where
        List<Self>: Content;

    fn unavailable(list: &List<Self>) -> Vec<&'static str>;

    fn named<'a>(list: &'a List<Self>, named: &'a Named<Self::Totals>) -> impl Serialize + 'a;

    fn stats(list: &List<Self>) -> impl Serialize;
}

impl<R: ListShown> Shown for List<R>
where
    Self: Content,
{
    const SUBJECT: &'static str = R::SUBJECT;

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, Self> {
        R::ask(federation, want)
    }

    fn length(&self, view: View) -> usize {
        match view {
            View::Grouped => self.names.len(),
            View::Flat => self.rows.len(),
        }
    }

    fn unavailable(&self) -> Vec<&'static str> {
        // Where there is nothing, nobody withheld anything; where nobody knows what there is, everything is unknown.
        if self.rows.is_empty() && self.coverage.complete() { Vec::new() } else { R::unavailable(self) }
    }

    fn write(&self, text: &mut JsonText, view: View, page: Option<Page>) {
        let range = range(page, self.length(view));
        text.field(R::COUNT, &self.length(view)).field("aggregatedStats", &R::stats(self));
        self.write_form(text.key(R::MAIN), view, range);
        if page.is_none() {
            let (other, key) = match view {
                View::Grouped => (View::Flat, "rows"),
                View::Flat => (View::Grouped, "grouped"),
            };
            self.write_form(text.key(key), other, 0..self.length(other));
        }
    }
}

trait WriteForm {
    fn write_form(&self, text: &mut JsonText, view: View, range: Range<usize>);
}

impl<R: ListShown> WriteForm for List<R> {
    fn write_form(&self, text: &mut JsonText, view: View, range: Range<usize>) {
        match view {
            View::Grouped => {
                text.array(&self.names[range], |text, named| {
                    text.value(&R::named(self, named));
                });
            }
            View::Flat => write_rows(text, self, &self.rows[range]),
        }
    }
}

impl ListShown for QueueRow {
    const SUBJECT: &'static str = "queues";
    const MAIN: &'static str = "queues";
    const COUNT: &'static str = "queueCount";

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, List<Self>> {
        federation.queues(want).boxed()
    }

    fn unavailable(list: &List<Self>) -> Vec<&'static str> {
        let figures = [
            (list.totals.messages.known() > 0, "totalMessages"),
            (list.totals.consumers.known() > 0, "totalConsumers"),
            (list.totals.average_rate().is_some(), "averageProcessingRate"),
        ];
        figures.into_iter().filter(|(known, _)| !known).map(|(_, name)| name).collect()
    }

    fn named<'a>(list: &'a List<Self>, named: &'a Named<Self::Totals>) -> impl Serialize + 'a {
        NamedQueue::of(list, named)
    }

    fn stats(list: &List<Self>) -> impl Serialize {
        QueueStats::of(list)
    }
}

impl ListShown for GroupRow {
    const SUBJECT: &'static str = "consumer groups";
    const MAIN: &'static str = "consumerGroups";
    const COUNT: &'static str = "groupCount";

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, List<Self>> {
        federation.consumer_groups(want).boxed()
    }

    fn unavailable(list: &List<Self>) -> Vec<&'static str> {
        list.totals.unavailable()
    }

    fn named<'a>(list: &'a List<Self>, named: &'a Named<Self::Totals>) -> impl Serialize + 'a {
        NamedGroup::of(list, named)
    }

    fn stats(list: &List<Self>) -> impl Serialize {
        GroupStats::of(list)
    }
}

impl ListShown for StoreRow {
    const SUBJECT: &'static str = "event stores";
    const MAIN: &'static str = "eventStores";
    const COUNT: &'static str = "eventStoreCount";

    fn ask(federation: &FederationHandle, want: Want) -> Asked<'_, List<Self>> {
        federation.event_stores(want).boxed()
    }

    fn unavailable(list: &List<Self>) -> Vec<&'static str> {
        list.totals.unavailable()
    }

    fn named<'a>(list: &'a List<Self>, named: &'a Named<Self::Totals>) -> impl Serialize + 'a {
        NamedStore::of(list, named)
    }

    fn stats(list: &List<Self>) -> impl Serialize {
        StoreStats::of(list)
    }
}
