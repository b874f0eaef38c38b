//! Finding the groups for a setup in constant time, without allocating.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

use crate::routing::hash;

/// What groups are found by. Whatever is `None` is not narrowed down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key<'a> {
    pub(super) setup: Option<&'a str>,
    pub(super) queue: Option<&'a str>,
    pub(super) environment: Option<&'a str>,
    pub(super) region: Option<&'a str>,
}

impl Key<'_> {
    fn hash(&self) -> u64 {
        let part = |text: Option<&str>| text.map_or(0, hash::text);
        let place = match (self.environment, self.region) {
            (None, None) => 0,
            (environment, region) => hash::join(part(environment), part(region)),
        };
        hash::join(hash::join(part(self.setup), part(self.queue)), place)
    }
}

#[derive(Clone, Debug)]
struct Slot {
    hash: u64,
    setup: Option<Arc<str>>,
    queue: Option<Arc<str>>,
    environment: Option<Arc<str>>,
    region: Option<Arc<str>>,
    found: Range,
}

/// Groups that lie side by side in the table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: usize,
    pub(super) count: usize,
    /// Some queues of the setup have groups of their own.
    pub(super) uneven: bool,
}

impl Slot {
    fn key(&self) -> Key<'_> {
        Key {
            setup: self.setup.as_deref(),
            queue: self.queue.as_deref(),
            environment: self.environment.as_deref(),
            region: self.region.as_deref(),
        }
    }
}

/// A hash table with open addressing, at most half full.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    slots: Vec<Slot>,
    /// A power of two of places: 0 is free, else the number of a slot from 1.
    places: Box<[u32]>,
}

impl Index {
    pub(super) fn add(&mut self, key: Key<'_>, found: Range) {
        let own = |text: Option<&str>| text.map(Arc::from);
        self.slots.push(Slot {
            hash: key.hash(),
            setup: own(key.setup),
            queue: own(key.queue),
            environment: own(key.environment),
            region: own(key.region),
            found,
        });
    }

    /// To be called once, after everything was added.
    pub(super) fn seal(&mut self) {
        let size = (self.slots.len() * 2).max(2).next_power_of_two();
        let mut places = vec![0; size].into_boxed_slice();
        for (number, slot) in self.slots.iter().enumerate() {
            let free = probe(slot.hash, size).find(|place| places[*place] == 0);
            if let Some(place) = free {
                places[place] = number as u32 + 1;
            }
        }
        self.places = places;
    }

    /// The setups there are, in the order in which they were added.
    pub(super) fn setups(&self) -> impl Iterator<Item = &str> {
        let whole = self.slots.iter().map(Slot::key).filter(|key| key.queue.is_none() && key.environment.is_none() && key.region.is_none());
        whole.filter_map(|key| key.setup)
    }

    pub(super) fn get(&self, key: Key<'_>) -> Option<Range> {
        let hash = key.hash();
        for place in probe(hash, self.places.len()) {
            let slot = self.slots.get((self.places[place] as usize).checked_sub(1)?)?;
            if slot.hash == hash && slot.key() == key {
                return Some(slot.found);
            }
        }
        None
    }
}

/// The places to look at, each once.
fn probe(hash: u64, size: usize) -> impl Iterator<Item = usize> {
    (0..size).map(move |step| (hash as usize).wrapping_add(step) & (size - 1))
}
