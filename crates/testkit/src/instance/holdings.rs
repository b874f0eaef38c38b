//! Owns what requests have left behind in an instance: messages and events, which are in its databases, and groups and
//! webhooks, which are in its memory only. Does not own counters of the world, nor how any of it is told.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Map, Value};

use super::samples::scramble;
use crate::stamp::Moment;

/// Accepted requests that are remembered one by one; beyond that the oldest are forgotten, but still counted.
const MOST_ACCEPTED: usize = 100_000;
/// Messages and events that are kept for reading, for each queue or store.
const MOST_KEPT: usize = 1_000;

/// A setup and the name of a queue or store in it.
pub(crate) type Place = (String, String);

/// A message that an instance has acted on, whether or not the answer was ever delivered.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The setup it was for.
    pub setup: String,
    /// The queue it was for.
    pub queue: String,
    /// The id it was given.
    pub message_id: String,
    /// The payload, one for each message of a batch.
    pub payload: Value,
    /// `Idempotency-Key` of the request.
    pub idempotency_key: Option<String>,
    /// `traceparent` of the request.
    pub traceparent: Option<String>,
    /// All headers of the request.
    pub headers: HeaderMap,
    /// The whole body of the request.
    pub body: Bytes,
}

/// A message that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) id: String,
    pub(crate) payload: Value,
    pub(crate) headers: Value,
    pub(crate) at: Moment,
}

/// A consumer group in memory.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// Ids of its members.
    pub(crate) members: Vec<String>,
    pub(crate) created: Moment,
    pub(crate) changed: Moment,
    /// Its subscription options, once set.
    pub(crate) subscription: Option<Value>,
}

/// Everything of one instance.
#[derive(Default)]
pub(crate) struct Holdings {
    pub(crate) accepted: VecDeque<Accepted>,
    pub(crate) accepted_count: u64,
    pub(crate) messages: BTreeMap<Place, VecDeque<Message>>,
    pub(crate) events: BTreeMap<Place, VecDeque<Value>>,
    /// Subscriptions to a topic of a setup, by group.
    pub(crate) subscriptions: BTreeMap<Place, BTreeMap<String, &'static str>>,
    pub(crate) groups: BTreeMap<Place, Vec<Group>>,
    pub(crate) webhooks: BTreeMap<String, Map<String, Value>>,
    /// Queues that were told to pause.
    pub(crate) paused: Vec<Place>,
    numbers: u64,
}

impl Holdings {
    /// What lives in memory only is gone.
    pub(crate) fn restart(&mut self) {
        self.groups.clear();
        self.webhooks.clear();
        self.paused.clear();
    }

    /// A number that was not given before.
    pub(crate) fn number(&mut self) -> u64 {
        self.numbers += 1;
        self.numbers
    }

    /// A UUID that looks random and was not given before by any instance, because the moment is in it.
    pub(crate) fn uuid(&mut self) -> String {
        let number = self.number();
        let (high, low) = (scramble(Moment::now().nanos() ^ number), scramble(number.rotate_left(32) ^ Moment::now().nanos()));
        let (first, second, third) = (high >> 32, (high >> 16) & 0xFFFF, high & 0xFFF);
        format!("{first:08x}-{second:04x}-4{third:03x}-9{:03x}-{:012x}", (low >> 48) & 0xFFF, low & 0xFFFF_FFFF_FFFF)
    }

    /// Notes a message that was acted on.
    pub(crate) fn accept(&mut self, accepted: Accepted, message: Message) {
        let place = (accepted.setup.clone(), accepted.queue.clone());
        push(self.messages.entry(place).or_default(), message, MOST_KEPT);
        push(&mut self.accepted, accepted, MOST_ACCEPTED);
        self.accepted_count += 1;
    }

    /// Notes an event that was stored.
    pub(crate) fn store(&mut self, place: Place, event: Value) {
        push(self.events.entry(place).or_default(), event, MOST_KEPT);
    }

    pub(crate) fn group_mut(&mut self, place: &Place, name: &str) -> Option<&mut Group> {
        self.groups.get_mut(place)?.iter_mut().find(|group| group.name == name)
    }

    pub(crate) fn group(&self, place: &Place, name: &str) -> Option<&Group> {
        self.groups.get(place)?.iter().find(|group| group.name == name)
    }

    /// Forgets a queue that is gone, or whose setup is.
    pub(crate) fn forget(&mut self, gone: impl Fn(&Place) -> bool) {
        self.messages.retain(|place, _| !gone(place));
        self.groups.retain(|place, _| !gone(place));
    }
}

fn push<T>(list: &mut VecDeque<T>, element: T, most: usize) {
    if list.len() == most {
        list.pop_front();
    }
    list.push_back(element);
}
