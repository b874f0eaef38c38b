//! Owns how a real instance words its answers: one function per question, from a [`View`] to an [`Answer`].
//! Does not own routing, misbehaviour or connections.

pub(crate) mod alerts;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod groups;
pub(crate) mod guide;
pub(crate) mod health;
pub(crate) mod management;
pub(crate) mod messages;
pub(crate) mod mid2025;
pub(crate) mod queues;
pub(crate) mod rows;
pub(crate) mod setups;
pub(crate) mod telemetry;

use bytes::Bytes;
use serde::Serialize;

use super::world::{Queue, Setup};
use crate::stamp::Moment;

pub(crate) const JSON: &str = "application/json";
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What goes back to the caller, before any misbehaviour.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: Option<&'static str>,
    /// One header more: `allow` of a 405, `location` of a redirect.
    pub(crate) extra: Option<(&'static str, &'static str)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        let body = serde_json::to_vec(body).expect("plain structs with text keys always serialise");
        Self::bytes(status, JSON, Bytes::from(body))
    }

    pub(crate) fn bytes(status: u16, content_type: &'static str, body: Bytes) -> Self {
        Self { status, content_type: Some(content_type), extra: None, body }
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self { status, content_type: None, extra: None, body: Bytes::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: &'static str) -> Self {
        self.extra = Some((name, value));
        self
    }
}

/// What an instance can say at one moment: the setups it remembers, and whether their databases answer.
pub(crate) struct View<'a> {
    pub(crate) setups: Vec<SetupView<'a>>,
    pub(crate) now: Moment,
    pub(crate) started: Moment,
}

/// A setup that the instance remembers.
#[derive(Clone, Copy)]
pub(crate) struct SetupView<'a> {
    pub(crate) setup: &'a Setup,
    /// When the instance attached to it, in milliseconds since 1970.
    pub(crate) attached_at: u64,
    /// False while its database does not answer.
    pub(crate) database_up: bool,
}

impl<'a> View<'a> {
    pub(crate) fn setup(&self, id: &str) -> Option<SetupView<'a>> {
        self.setups.iter().find(|view| view.setup.id == id).copied()
    }

    pub(crate) fn uptime_ms(&self) -> u64 {
        self.now.millis().saturating_sub(self.started.millis())
    }

    /// Setups whose databases answer.
    pub(crate) fn reachable(&self) -> impl Iterator<Item = SetupView<'a>> {
        self.setups.iter().filter(|view| view.database_up).copied()
    }

    /// Queues that can be counted, each with its setup.
    pub(crate) fn queues(&self) -> impl Iterator<Item = (SetupView<'a>, &'a Queue)> {
        self.reachable().flat_map(|view| view.setup.queues.iter().map(move |queue| (view, queue)))
    }

    pub(crate) fn total_messages(&self) -> u64 {
        self.queues().map(|(_, queue)| queue.messages).sum()
    }

    /// Connections to the reachable databases: eleven per setup, as the pools of a real instance hold.
    pub(crate) fn connections(&self) -> u64 {
        self.reachable().count() as u64 * 11
    }
}
