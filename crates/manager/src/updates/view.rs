//! How one subscriber looks at it: which topics, which instances; and the text that it gets.
//!
//! Owns the frames around rows and entries, as an event stream and as messages.

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use peegeeq_domain::catalog::{Entry, Filter};
use peegeeq_domain::incident::Incident;

use super::event::{Batch, Change, Event, Picture, What};
use super::ring::Resync;
use crate::registry::store::Seq;

/// What is told to a subscriber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Topics {
    /// Rows of instances.
    pub instances: bool,
    /// Entries of the journal.
    pub journal: bool,
    /// Incidents.
    pub incidents: bool,
}

impl Topics {
    /// In how many ways topics can be chosen.
    pub(super) const CHOICES: usize = 8;

    /// Which of these ways.
    fn choice(self) -> usize {
        usize::from(self.instances) | usize::from(self.journal) << 1 | usize::from(self.incidents) << 2
    }
}

impl Default for Topics {
    fn default() -> Self {
        Self { instances: true, journal: true, incidents: false }
    }
}

/// Which part a subscriber looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Its topics.
    pub topics: Topics,
    /// Its instances.
    pub filter: Filter,
}

/// The two forms in which things are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// `text/event-stream`
    Stream,
    /// One JSON text a message.
    Message,
}

impl View {
    /// Where what is written for everybody with these topics is kept, if this view leaves no instance out.
    fn shared(&self) -> Option<usize> {
        self.filter.is_empty().then(|| self.topics.choice())
    }

    /// A batch as an event stream; empty if nothing of it is for this view.
    pub(super) fn stream_of(&self, batch: &Batch) -> Bytes {
        let write = || self.texts(&batch.events, Form::Stream).concat().into();
        self.shared().map_or_else(write, |choice| batch.streams[choice].get_or_init(write).clone())
    }

    /// A batch as messages.
    pub(super) fn messages_of(&self, batch: &Batch) -> Arc<[Bytes]> {
        let write = || self.texts(&batch.events, Form::Message).into_iter().map(Bytes::from).collect();
        self.shared().map_or_else(write, |choice| batch.messages[choice].get_or_init(write).clone())
    }

    /// The texts of events that are for this view.
    pub(super) fn texts(&self, events: &[Event], form: Form) -> Vec<String> {
        events.iter().filter_map(|event| self.text(event, form)).collect()
    }

    fn text(&self, event: &Event, form: Form) -> Option<String> {
        match &event.what {
            What::Change(change) => {
                let kind = self.kind(change).filter(|_| self.topics.instances)?;
                Some(framed(form, "change", event.id, &change_json(kind, change)))
            }
            What::Entry { subject, json } => {
                let meant = subject.as_ref().is_none_or(|entry| self.filter.matches(entry));
                (self.topics.journal && meant).then(|| framed(form, "journal", event.id, text(json)))
            }
            What::Incident { incident, json, at } => {
                let told = || format!(r#"{{"incident":{},"timestamp":"{at}"}}"#, text(json));
                (self.topics.incidents && self.wants(incident)).then(|| framed(form, "incident", event.id, &told()))
            }
        }
    }

    /// Whether an incident is for this view: it affects something of the environment and the region that are looked at.
    fn wants(&self, incident: &Incident) -> bool {
        let Filter { environment, region, .. } = &self.filter;
        let is = |wanted: &Option<String>, found: &Option<Arc<str>>| wanted.is_none() || wanted.as_deref() == found.as_deref();
        let mut domains = incident.affected.iter().map(|affected| &affected.domain);
        (environment.is_none() && region.is_none())
            || domains.any(|domain| is(environment, &domain.environment) && is(region, &domain.region))
    }

    /// What a change is to this view: a row may come into it or leave it without coming or going.
    fn kind(&self, change: &Change) -> Option<&'static str> {
        let was = change.from.as_ref().map(|entry| self.filter.matches(entry));
        let is = change.to.as_ref().map(|(entry, _)| self.filter.matches(entry));
        match (was, is) {
            (Some(true), Some(true)) => Some("instance.updated"),
            (_, Some(true)) => Some("instance.added"),
            (Some(true), _) => Some("instance.removed"),
            // It may have been in this view in between.
            (_, _) => change.is_summary.then_some("instance.removed"),
        }
    }

    /// All rows and open incidents of this view, in a form; empty if neither is its topic.
    pub(super) fn picture(&self, picture: &Picture, form: Form) -> Vec<Bytes> {
        let write = || {
            let rows = self.topics.instances.then(|| framed(form, "snapshot", picture.id, &self.picture_json(picture)));
            let incidents = self.topics.incidents.then(|| framed(form, "incidents", picture.id, &self.incidents_json(picture)));
            rows.into_iter().chain(incidents).map(Bytes::from).collect::<Vec<_>>()
        };
        let kept = |choice: usize| picture.written[usize::from(form == Form::Message)][choice].get_or_init(write).clone();
        self.shared().map_or_else(write, kept)
    }

    fn incidents_json(&self, picture: &Picture) -> String {
        let wanted = picture.incidents.iter().filter(|(incident, _)| self.wants(incident));
        let incidents: Vec<&str> = wanted.map(|(_, json)| text(json)).collect();
        format!(r#"{{"incidents":[{}],"timestamp":"{}"}}"#, incidents.join(","), picture.at)
    }

    fn picture_json(&self, picture: &Picture) -> String {
        let wanted = |(entry, _): &&(Arc<Entry>, Bytes)| self.filter.is_empty() || self.filter.matches(entry);
        let rows: Vec<&str> = picture.rows.iter().filter(wanted).map(|(_, row)| text(row)).collect();
        format!(r#"{{"generation":{},"instances":[{}],"timestamp":"{}"}}"#, picture.generation, rows.join(","), picture.at)
    }
}

/// The word that everything is told anew, and why. Its place is the beginning: whoever is cut off before the picture that follows
/// has nothing to go on from.
pub(super) fn resync(reason: Resync, at: Seq, form: Form) -> String {
    let id = Seq { number: 0, ..at };
    framed(form, "resync", id, &format!(r#"{{"reason":"{}"}}"#, reason.as_str()))
}

/// A sign of life.
pub(super) fn heartbeat(id: Seq, form: Form) -> String {
    match form {
        Form::Stream => ": heartbeat\n\n".to_owned(),
        Form::Message => format!(r#"{{"type":"heartbeat","id":"{id}"}}"#),
    }
}

/// `json` is an object with at least one field, on one line.
fn framed(form: Form, kind: &str, id: Seq, json: &str) -> String {
    let mut framed = String::with_capacity(json.len() + 64);
    // Writing to memory cannot fail.
    let _ = match form {
        Form::Stream => write!(framed, "id: {id}\nevent: {kind}\ndata: {json}\n\n"),
        // An entry's own id is the same: it must not be there twice.
        Form::Message => {
            let rest = json.strip_prefix('{').unwrap_or(json);
            let id_too = format!(r#""id":"{id}","#);
            write!(framed, r#"{{"type":"{kind}",{id_too}{}"#, rest.strip_prefix(&*id_too).unwrap_or(rest))
        }
    };
    framed
}

fn change_json(kind: &str, change: &Change) -> String {
    let row = if kind == "instance.removed" { None } else { change.to.as_ref() };
    let row = row.map_or("null", |(_, row)| text(row));
    let id = serde_json::Value::from(change.instance.as_str());
    format!(r#"{{"kind":"{kind}","instanceId":{id},"instance":{row},"generation":{},"timestamp":"{}"}}"#, change.generation, change.at)
}

fn text(json: &Bytes) -> &str {
    std::str::from_utf8(json).unwrap_or("null")
}
