//! The list of instances, prepared: a request for it copies nothing but a page that is not in the usual order.
//!
//! Owns one rendering of the whole catalog, kept until the catalog or an observation changes. A change of the catalog is
//! rendered at once, so that everybody reads their own writes; times of checks alone may be a quarter of a second old.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::{BufMut, Bytes, BytesMut};
use http::HeaderValue;
use peegeeq_domain::catalog::{Catalog, Entry, Generation};
use peegeeq_domain::time::Moment;

use super::wire::instance::InstanceView;
use crate::clock;
use crate::observations::{Checkup, Observations, SetupsSeen, Slot};
use crate::registry::CatalogReader;

/// How old the times of checks in a rendering may be.
const TIMES_AGE_MAX: Duration = Duration::from_millis(250);

/// Renders the list when it is asked for and out of date.
#[derive(Debug)]
pub struct Listing {
    catalog: CatalogReader,
    observations: Arc<Observations>,
    /// Random: tags of another life of the manager, or of another manager on the same port, must never match.
    life: u32,
    rendered: ArcSwapOption<Rendered>,
}

/// All instances as JSON, in the order of ids.
#[derive(Debug)]
pub struct Rendered {
    /// The picture this was made from.
    pub catalog: Arc<Catalog>,
    /// Changes when anything but the time of a check does.
    pub tag: HeaderValue,
    seen: Vec<Seen>,
    text: Bytes,
    places: Vec<Range<usize>>,
    edition: u64,
    standing: u64,
    at: Moment,
    /// What stands before the time in the answer to a request for everything, once somebody asked for it.
    frame: OnceLock<Bytes>,
}

/// What was seen of one instance when it was rendered.
#[derive(Debug, Default)]
struct Seen {
    checkup: Option<Arc<Checkup>>,
    setups: Option<Arc<SetupsSeen>>,
}

impl Seen {
    fn of(slot: &Slot) -> Self {
        Self { checkup: slot.checkup(), setups: slot.setups() }
    }

    fn is_same(&self, other: &Self) -> bool {
        let pointer = |seen: &Self| (seen.checkup.as_ref().map(Arc::as_ptr), seen.setups.as_ref().map(Arc::as_ptr));
        pointer(self) == pointer(other)
    }
}

impl Listing {
    /// A listing of the catalog.
    pub fn new(catalog: CatalogReader, observations: Arc<Observations>) -> Self {
        Self { catalog, observations, life: rand::random(), rendered: ArcSwapOption::empty() }
    }

    /// One instance as it is now with its tag, without rendering the others.
    pub fn one(&self, id: &str) -> Option<(Bytes, HeaderValue)> {
        let standing = self.observations.standing();
        let catalog = self.catalog.current();
        let entry = catalog.get(id)?;
        let seen = self.observations.slot(id).as_deref().map(Seen::of).unwrap_or_default();
        let mut text = BytesMut::new();
        render(entry, &seen, &mut text);
        Some((text.freeze(), tag(self.life, catalog.generation(), standing)))
    }

    /// The list as it is now.
    pub fn current(&self) -> Arc<Rendered> {
        let catalog = self.catalog.current();
        let (edition, standing) = (self.observations.edition(), self.observations.standing());
        let before = self.rendered.load();
        if let Some(rendered) = before.as_ref().filter(|rendered| rendered.serves(catalog.generation(), edition, standing)) {
            return rendered.clone();
        }
        let tag = tag(self.life, catalog.generation(), standing);
        let rendered =
            Arc::new(Rendered::new(catalog, &self.observations, before.as_ref().map(|before| &**before), tag, edition, standing));
        self.rendered.store(Some(rendered.clone()));
        rendered
    }
}

fn tag(life: u32, generation: Generation, standing: u64) -> HeaderValue {
    HeaderValue::try_from(format!("W/\"{life:08x}-{}-{standing}\"", generation.0)).unwrap_or(HeaderValue::from_static("W/\"0\""))
}

impl Rendered {
    fn serves(&self, generation: Generation, edition: u64, standing: u64) -> bool {
        let same = self.catalog.generation() == generation && self.standing == standing;
        same && (self.edition == edition || clock::now().since(self.at) < TIMES_AGE_MAX)
    }

    /// Renders `catalog`; entries that did not change are copied from the rendering before.
    fn new(
        catalog: Arc<Catalog>,
        observations: &Observations,
        before: Option<&Self>,
        tag: HeaderValue,
        edition: u64,
        standing: u64,
    ) -> Self {
        let slots = observations.slots();
        let known: HashMap<*const Entry, usize> = before.map(Self::entry_places).unwrap_or_default();
        let mut text = BytesMut::with_capacity(before.map_or(0, |before| before.text.len() + 1024));
        let (mut places, mut seen_of_all) = (Vec::with_capacity(catalog.entries().len()), Vec::with_capacity(catalog.entries().len()));
        for entry in catalog.entries() {
            let seen = slots.get(entry.id()).map(|slot| Seen::of(slot)).unwrap_or_default();
            if !text.is_empty() {
                text.put_u8(b',');
            }
            let start = text.len();
            let copied = known.get(&Arc::as_ptr(entry)).and_then(|index| before?.unchanged(*index, &seen));
            match copied {
                Some(copied) => text.extend_from_slice(copied),
                None => render(entry, &seen, &mut text),
            }
            places.push(start..text.len());
            seen_of_all.push(seen);
        }
        Self { catalog, tag, seen: seen_of_all, text: text.freeze(), places, edition, standing, at: clock::now(), frame: OnceLock::new() }
    }

    /// A picture of another time, of which nothing is known but what the journal says.
    pub fn of_past(catalog: Catalog) -> Self {
        Self::new(Arc::new(catalog), &Observations::default(), None, HeaderValue::from_static("W/\"0\""), 0, 0)
    }

    fn entry_places(&self) -> HashMap<*const Entry, usize> {
        self.catalog.entries().iter().enumerate().map(|(index, entry)| (Arc::as_ptr(entry), index)).collect()
    }

    fn unchanged(&self, index: usize, seen: &Seen) -> Option<&[u8]> {
        self.seen.get(index)?.is_same(seen).then(|| self.text.get(self.places[index].clone())).flatten()
    }

    /// What stands before the time in the answer to a request for everything, written by `write` once for this rendering.
    pub fn frame(&self, write: impl FnOnce() -> Bytes) -> &Bytes {
        self.frame.get_or_init(write)
    }

    /// The last checkup of the entry at `index`.
    pub fn checkup(&self, index: usize) -> Option<&Arc<Checkup>> {
        self.seen.get(index)?.checkup.as_ref()
    }

    /// The JSON of neighbouring entries, separated by commas, without copying.
    pub fn run(&self, range: Range<usize>) -> Bytes {
        match (self.places.get(range.start), range.end.checked_sub(1).and_then(|last| self.places.get(last))) {
            (Some(first), Some(last)) if first.start <= last.end => self.text.slice(first.start..last.end),
            _ => Bytes::new(),
        }
    }

    /// The JSON of entries in any order, separated by commas.
    pub fn pick(&self, indices: &[usize]) -> Bytes {
        let mut text = BytesMut::new();
        for (n, index) in indices.iter().enumerate() {
            if n > 0 {
                text.put_u8(b',');
            }
            text.extend_from_slice(self.places.get(*index).map_or(&[], |place| &self.text[place.clone()]));
        }
        text.freeze()
    }
}

fn render(entry: &Entry, seen: &Seen, text: &mut BytesMut) {
    let view = InstanceView::of(entry, seen.checkup.as_deref(), seen.setups.as_deref());
    if let Err(error) = serde_json::to_writer(text.writer(), &view) {
        tracing::error!(%error, "an instance cannot be shown: {error}");
    }
}
