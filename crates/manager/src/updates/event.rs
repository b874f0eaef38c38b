//! What is told: rows that changed, and entries of the journal.
//!
//! Owns the batch, which is what is told at one time, and its text for those who look at everything, written once.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use peegeeq_domain::incident::Incident;
use peegeeq_domain::instance::InstanceId;

use super::view::Topics;
use crate::registry::store::Seq;

/// One thing that is told.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// The position up to which all entries were told, with this.
    pub(super) id: Seq,
    pub(super) what: What,
}

/// What it is.
#[derive(Clone, Debug)]
pub(super) enum What {
    /// The row of an instance is another.
    Change(Change),
    /// An entry of the journal.
    Entry {
        /// The instance it is about, as far as it is known.
        subject: Option<Arc<Entry>>,
        json: Bytes,
    },
    /// An incident that opened, changed or closed.
    Incident { incident: Arc<Incident>, json: Bytes, at: Arc<str> },
}

/// A row before and now. `None`: it was, or is, not there.
#[derive(Clone, Debug)]
pub(super) struct Change {
    pub(super) instance: InstanceId,
    pub(super) from: Option<Arc<Entry>>,
    pub(super) to: Option<(Arc<Entry>, Bytes)>,
    pub(super) generation: u64,
    pub(super) at: Arc<str>,
    /// Several changes as one: what the subscriber was told in between is not known.
    pub(super) is_summary: bool,
}

impl Event {
    /// About how many bytes its text takes.
    pub(super) fn size(&self) -> usize {
        const AROUND: usize = 256;
        AROUND
            + match &self.what {
                What::Change(change) => change.to.as_ref().map_or(0, |(_, row)| row.len()),
                What::Entry { json, .. } | What::Incident { json, .. } => json.len(),
            }
    }
}

/// What is told at one time: rows first, then the entries that say why.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) events: Vec<Event>,
    /// The position after it.
    pub(super) end: Seq,
    pub(super) bytes: usize,
    /// For everybody who looks at all instances, as an event stream, by topics.
    pub(super) streams: [OnceLock<Bytes>; Topics::CHOICES],
    /// The same as messages.
    pub(super) messages: [OnceLock<Arc<[Bytes]>>; Topics::CHOICES],
}

impl Batch {
    pub(super) fn new(events: Vec<Event>, end: Seq) -> Self {
        let bytes = events.iter().map(Event::size).sum();
        Self { events, end, bytes, streams: Default::default(), messages: Default::default() }
    }

    /// Whether it tells no entry: then its position says nothing about whether a subscriber has it.
    pub(super) fn is_rows_only(&self) -> bool {
        !self.events.iter().any(|event| matches!(event.what, What::Entry { .. }))
    }
}

/// All rows at one time.
#[derive(Debug)]
pub(super) struct Picture {
    pub(super) id: Seq,
    pub(super) generation: u64,
    pub(super) at: Arc<str>,
    pub(super) rows: Vec<(Arc<Entry>, Bytes)>,
    /// The open incidents.
    pub(super) incidents: Vec<(Arc<Incident>, Bytes)>,
    /// For everybody who looks at all instances, by form and topics.
    pub(super) written: [[OnceLock<Vec<Bytes>>; Topics::CHOICES]; 2],
}
