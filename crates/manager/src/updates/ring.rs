//! The rows that were told, and what was told lately.
//!
//! Owns what a subscriber that joins, lags or comes back is given, so that what it then holds is what everybody holds. Does no
//! waiting and no rendering of its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use peegeeq_domain::catalog::{Catalog, Entry};
use peegeeq_domain::incident::Incident;
use peegeeq_domain::instance::InstanceId;

use super::event::{Batch, Change, Event, Picture, What};
use super::follow::Known;
use super::{Render, Row};
use crate::clock;
use crate::registry::store::{JournalEntry, Seq};

/// A row that was told.
#[derive(Clone, Debug)]
pub(super) struct Told {
    pub(super) entry: Arc<Entry>,
    pub(super) row: Row,
}

/// Why a subscriber is given everything anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Resync {
    TooSlow,
    TooOld,
    Restarted,
}

impl Resync {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::TooSlow => "too-slow",
            Self::TooOld => "too-old",
            Self::Restarted => "restarted",
        }
    }
}

/// What a subscriber that comes back is given.
#[derive(Debug)]
pub(super) enum Return {
    /// What it missed.
    Missed(Vec<Event>),
    /// Everything, because what it missed is not known any more.
    Anew(Resync),
}

/// The state of the room.
#[derive(Debug)]
pub(super) struct Ring {
    rows: BTreeMap<InstanceId, Told>,
    generation: u64,
    position: Seq,
    batches: VecDeque<Arc<Batch>>,
    /// Number of the first batch in `batches`.
    first: u64,
    bytes: usize,
    bytes_max: usize,
    /// The lowest position from which everything that was told since is known.
    known_from: u64,
    picture: Option<Arc<Picture>>,
    /// The open incidents that were told.
    incidents: BTreeMap<u64, (Arc<Incident>, Bytes)>,
}

/// Incidents that are others than they were told.
#[derive(Debug, Default)]
pub(super) struct IncidentNews {
    /// Those that opened, changed or closed.
    pub(super) told: Vec<(Arc<Incident>, Bytes)>,
    /// Those that turned out to be others.
    pub(super) gone: Vec<u64>,
}

impl Ring {
    /// Begins with a catalog.
    pub(super) fn new(catalog: &Catalog, render: &dyn Render, position: Seq, bytes_max: usize) -> Self {
        let told = |entry: &Arc<Entry>| (entry.id().clone(), Told { entry: entry.clone(), row: render.row(entry) });
        Self {
            rows: catalog.entries().iter().map(told).collect(),
            generation: catalog.generation().0,
            position,
            batches: VecDeque::new(),
            first: 0,
            bytes: 0,
            bytes_max,
            known_from: position.number,
            picture: None,
            incidents: BTreeMap::new(),
        }
    }

    /// Number of the next batch.
    pub(super) fn head(&self) -> u64 {
        self.first + self.batches.len() as u64
    }

    /// The position up to which entries were told.
    pub(super) fn position(&self) -> Seq {
        self.position
    }

    /// The number of the catalog that was told.
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// The rows that were told, for the one who finds out what changed.
    pub(super) fn known(&self) -> Known {
        self.rows.iter().map(|(id, told)| (id.clone(), (told.entry.clone(), told.row.standing))).collect()
    }

    /// Tells what changed, then the entries that say why, and then the incidents that follow from them. Whether there was anything to tell.
    pub(super) fn tell(
        &mut self,
        generation: u64,
        changed: Vec<(InstanceId, Option<Told>)>,
        entries: Vec<(JournalEntry, Bytes)>,
        incidents: IncidentNews,
    ) -> bool {
        self.generation = generation;
        for id in &incidents.gone {
            self.incidents.remove(id);
            self.picture = None;
        }
        if changed.is_empty() && entries.is_empty() && incidents.told.is_empty() {
            return false;
        }
        let at: Arc<str> = clock::iso(clock::wall()).into();
        let mut events = Vec::with_capacity(changed.len() + entries.len());
        let mut gone = BTreeMap::new();
        for (instance, now) in changed {
            let from = match &now {
                Some(told) => self.rows.insert(instance.clone(), told.clone()),
                None => self.rows.remove(&instance),
            };
            let from = from.map(|told| told.entry);
            if now.is_none() {
                gone.extend(from.clone().map(|entry| (instance.clone(), entry)));
            }
            let to = now.map(|told| (told.entry, told.row.json));
            let what = What::Change(Change { instance, from, to, generation, at: at.clone(), is_summary: false });
            events.push(Event { id: self.position, what });
        }
        for (entry, json) in entries {
            self.position = Seq { number: entry.seq.number, ..self.position };
            let id = entry.event.as_ref().and_then(|event| event.instance());
            let subject = id.and_then(|id| self.rows.get(id).map(|told| &told.entry).or_else(|| gone.get(id)).cloned());
            events.push(Event { id: self.position, what: What::Entry { subject, json } });
        }
        for (incident, json) in incidents.told {
            if incident.closed_at.is_none() {
                self.incidents.insert(incident.id, (incident.clone(), json.clone()));
            } else {
                self.incidents.remove(&incident.id);
            }
            let at = at.clone();
            events.push(Event { id: self.position, what: What::Incident { incident, json, at } });
        }
        self.picture = None;
        self.push(Batch::new(events, self.position));
        true
    }

    fn push(&mut self, batch: Batch) {
        self.bytes += batch.bytes;
        self.batches.push_back(Arc::new(batch));
        while self.bytes > self.bytes_max && self.batches.len() > 1 {
            let Some(oldest) = self.batches.pop_front() else { return };
            self.first += 1;
            self.bytes -= oldest.bytes;
            // Who brings the position of entries has the rows before them; of rows alone nobody's position says so.
            self.known_from = self.known_from.max(oldest.end.number + u64::from(oldest.is_rows_only()));
        }
    }

    /// The batches from a number on; `None` if the first of them is not kept any more.
    pub(super) fn from(&self, number: u64, at_most: usize) -> Option<Vec<Arc<Batch>>> {
        let skip = usize::try_from(number.checked_sub(self.first)?).ok()?;
        Some(self.batches.iter().skip(skip).take(at_most).cloned().collect())
    }

    /// All rows now.
    pub(super) fn picture(&mut self) -> Arc<Picture> {
        let (id, generation) = (self.position, self.generation);
        let (rows, incidents) = (&self.rows, &self.incidents);
        let draw = || {
            Arc::new(Picture {
                id,
                generation,
                at: clock::iso(clock::wall()).into(),
                rows: rows.values().map(|told| (told.entry.clone(), told.row.json.clone())).collect(),
                incidents: incidents.values().cloned().collect(),
                written: Default::default(),
            })
        };
        self.picture.get_or_insert_with(draw).clone()
    }

    /// What somebody missed who has everything up to a position: rows as they are now, then entries.
    pub(super) fn since(&self, since: Seq) -> Return {
        if since.epoch != self.position.epoch || since.number > self.position.number {
            return Return::Anew(Resync::Restarted);
        }
        if since.number < self.known_from {
            return Return::Anew(Resync::TooOld);
        }
        let (mut changes, mut entries) = (BTreeMap::<InstanceId, Change>::new(), Vec::new());
        let mut incidents = BTreeMap::new();
        for batch in self.batches.iter().filter(|batch| batch.end.number >= since.number) {
            for event in &batch.events {
                match &event.what {
                    What::Change(change) => {
                        let earlier = changes.get(&change.instance).map(|earlier| earlier.from.clone());
                        let from = earlier.unwrap_or_else(|| change.from.clone());
                        changes.insert(change.instance.clone(), Change { from, is_summary: true, ..change.clone() });
                    }
                    What::Entry { .. } if event.id.number > since.number => entries.push(event.clone()),
                    What::Entry { .. } => {}
                    What::Incident { incident, .. } => drop(incidents.insert(incident.id, event.clone())),
                }
            }
        }
        let rows = changes.into_values().map(|change| Event { id: since, what: What::Change(change) });
        Return::Missed(rows.chain(entries).chain(incidents.into_values()).collect())
    }
}
