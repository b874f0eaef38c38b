//! A model of subscribers that come, go, lag and return while instances come, change and go.
//!
//! Owns the rules: what a subscriber holds is what the server holds, entries are told once each and in order, and nothing goes
//! back. Each rule is shown to catch a planted bug.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use peegeeq_domain::catalog::{Catalog, CatalogEvent, Filter};
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Draft, Instance, InstanceId, Registration};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use serde_json::Value;

use super::follow::{Known, changed};
use super::ring::{IncidentNews, Resync, Ring};
use super::*;
use crate::registry::catalog_cell;

/// Numbers that can be had again.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Rows that say what can be compared.
struct Plain(Arc<AtomicUsize>);

impl Render for Plain {
    fn row(&self, entry: &Entry) -> Row {
        let standing = self.0.load(Ordering::Relaxed) as u64;
        let instance = &entry.instance;
        let json = serde_json::json!({
            "instanceId": entry.id().as_str(),
            "revision": instance.revision.0,
            "verdict": entry.verdict.as_str(),
            "environment": instance.registration.labels.environment,
            "standing": standing,
        });
        Row { json: json.to_string().into(), standing }
    }

    fn entry(&self, entry: &JournalEntry) -> Bytes {
        serde_json::json!({ "id": entry.seq.to_string(), "kind": "test" }).to_string().into()
    }

    fn incident(&self, incident: &Incident) -> Bytes {
        serde_json::json!({ "id": incident.id, "open": incident.closed_at.is_none() }).to_string().into()
    }
}

/// What goes wrong between the server and a subscriber, to see that it is noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Planted {
    Nothing,
    LosesARow,
    LosesAnEntry,
    RepeatsAnEntry,
    RepeatsAnOldRow,
}

struct Server {
    shared: Arc<Shared>,
    catalog: Catalog,
    reader: CatalogReader,
    known: Known,
    render: Plain,
    standing: Arc<AtomicUsize>,
    revisions: BTreeMap<String, Arc<Instance>>,
    /// Entries that are not told yet: the disk is slow.
    waiting: Vec<JournalEntry>,
    number: u64,
}

const EPOCH: u64 = 7;

impl Server {
    fn new() -> Self {
        let (standing, position) = (Arc::new(AtomicUsize::new(0)), Seq { epoch: EPOCH, number: 3 });
        let render = Plain(standing.clone());
        let ring = Ring::new(&Catalog::default(), &render, position, 6_000);
        let known = ring.known();
        let shared = Arc::new(Shared::new(ring, 100));
        let (catalog, revisions, waiting) = Default::default();
        let (_, reader) = catalog_cell(Catalog::default());
        Self { shared, catalog, reader, known, render, standing, revisions, waiting, number: position.number }
    }

    fn change(&mut self, dice: &mut Dice) {
        let name = format!("i{}", dice.roll(6));
        let id = InstanceId::parse(&name).unwrap();
        let draft = Draft {
            instance_id: Some(name.clone()),
            host: Some("h".into()),
            port: Some(Some(1 + dice.roll(9))),
            environment: Some(["blue", "green"][dice.roll(2) as usize].into()),
            ..Draft::default()
        };
        let (now, known) = (Timestamp::default(), self.revisions.get(&name).cloned());
        let registration = Registration::from_draft(draft).unwrap();
        let there = self.catalog.get(&name).cloned();
        let event = match (dice.roll(8), there) {
            (0, Some(_)) => CatalogEvent::Deregistered(id.clone()),
            (1..=3, Some(entry)) => {
                let verdict = [Verdict::Passing, Verdict::Down { in_a_row: 3 }][dice.roll(2) as usize];
                CatalogEvent::Judged { id: id.clone(), incarnation: entry.instance.incarnation, verdict }
            }
            (4, Some(_)) => {
                // A reason changes, of which neither catalog nor journal knows.
                self.standing.fetch_add(1, Ordering::Relaxed);
                return;
            }
            (_, Some(entry)) => CatalogEvent::Registered(self.keep(entry.instance.registered_again(registration, now))),
            (_, None) => {
                let instance = known.map_or_else(
                    || Instance::registered(registration.clone(), now),
                    |last| Instance::returned(registration.clone(), last.revision, now),
                );
                CatalogEvent::Registered(self.keep(instance))
            }
        };
        let (next, differs) = self.catalog.after([event]);
        self.catalog = next;
        if differs {
            self.number += 1;
            let seq = Seq { epoch: EPOCH, number: self.number };
            self.waiting.push(JournalEntry { seq, at: now, event: Some(JournalEvent::Deregistered { id, by: None }) });
        }
    }

    fn keep(&mut self, instance: Instance) -> Arc<Instance> {
        let instance = Arc::new(instance);
        self.revisions.insert(instance.id().to_string(), instance.clone());
        instance
    }

    /// Tells what happened; the disk may have only some of the entries.
    fn tell(&mut self, dice: &mut Dice, everything: bool) {
        let durable = if everything { self.waiting.len() } else { dice.roll(self.waiting.len() as u64 + 1) as usize };
        let entries =
            self.waiting.drain(..durable).map(|entry| (self.render.entry(&entry), entry)).map(|(json, entry)| (entry, json)).collect();
        let changed = changed(&mut self.known, &self.catalog, true, &self.render);
        self.shared.ring().tell(self.catalog.generation().0, changed, entries, IncidentNews::default());
    }

    fn subscribe(&self, view: &View, since: Option<Seq>) -> Subscription {
        UpdatesHandle { catalog: self.reader.clone(), shared: self.shared.clone() }.subscribe(view.clone(), since).unwrap().as_messages()
    }

    fn rows(&self, view: &View) -> BTreeMap<String, Value> {
        let entries = self.catalog.entries().iter().filter(|entry| view.filter.matches(entry));
        entries.map(|entry| (entry.id().to_string(), serde_json::from_slice(&self.render.row(entry).json).unwrap())).collect()
    }
}

struct Client {
    view: View,
    subscription: Option<Subscription>,
    last: Option<Seq>,
    rows: BTreeMap<String, Value>,
    entry: u64,
    /// Highest revision that was seen of each id.
    seen: BTreeMap<String, u64>,
    generation: u64,
    old: Option<Value>,
    resyncs: Vec<String>,
}

impl Client {
    fn new(view: View) -> Self {
        let (subscription, last, old) = (None, None, None);
        let (rows, seen, resyncs) = Default::default();
        Self { view, subscription, last, rows, entry: 0, seen, generation: 0, old, resyncs }
    }

    /// Reads what is there, some of which may be mangled.
    fn read(&mut self, server: &Server, dice: &mut Dice, planted: Planted) -> Result<bool, String> {
        let subscription = self.subscription.get_or_insert_with(|| server.subscribe(&self.view, self.last));
        let texts = subscription.ready();
        let any = !texts.is_empty();
        // The connection may end in the middle.
        let cut = if dice.roll(6) == 0 { dice.roll(texts.len() as u64 + 1) as usize } else { texts.len() };
        for text in &texts[..cut] {
            let message: Value = serde_json::from_slice(text).unwrap();
            match (planted, message["type"].as_str().unwrap_or_default()) {
                (Planted::LosesARow, "change") | (Planted::LosesAnEntry, "journal") if dice.roll(9) == 0 => continue,
                (Planted::RepeatsAnEntry, "journal") if dice.roll(9) == 0 => self.take(&message)?,
                (Planted::RepeatsAnOldRow, "change") => {
                    let old = self.old.replace(message.clone()).filter(|_| dice.roll(4) == 0);
                    old.map_or(Ok(()), |old| self.take(&old))?;
                }
                _ => {}
            }
            self.take(&message)?;
        }
        if cut < texts.len() {
            self.subscription = None;
        }
        Ok(any)
    }

    fn take(&mut self, message: &Value) -> Result<(), String> {
        self.last = Some(Seq::parse(message["id"].as_str().unwrap()).unwrap());
        match message["type"].as_str().unwrap() {
            "snapshot" => {
                self.rows.clear();
                for row in message["instances"].as_array().unwrap() {
                    self.put(row)?;
                }
                self.entry = self.last.unwrap().number;
                Ok(())
            }
            "change" => self.change(message),
            "journal" => {
                let number = self.last.unwrap().number;
                let expected = std::mem::replace(&mut self.entry, number) + 1;
                let in_order = number == expected || (!self.view.filter.is_empty() && number > expected);
                if in_order { Ok(()) } else { Err(format!("entry {number} came where {expected} was due")) }
            }
            "resync" => {
                self.resyncs.push(message["reason"].as_str().unwrap().to_owned());
                Ok(())
            }
            other => Err(format!("a message of the type {other}")),
        }
    }

    fn change(&mut self, message: &Value) -> Result<(), String> {
        let (id, generation) = (message["instanceId"].as_str().unwrap(), message["generation"].as_u64().unwrap());
        if generation < self.generation {
            return Err(format!("generation {generation} came after {}", self.generation));
        }
        match message["kind"].as_str().unwrap() {
            "instance.removed" => drop(self.rows.remove(id)),
            _ => self.put(&message["instance"])?,
        }
        Ok(())
    }

    fn put(&mut self, row: &Value) -> Result<(), String> {
        let (id, revision) = (row["instanceId"].as_str().unwrap(), row["revision"].as_u64().unwrap());
        let seen = self.seen.entry(id.to_owned()).or_default();
        if revision < *seen {
            return Err(format!("{id} went back from revision {seen} to {revision}"));
        }
        *seen = revision;
        let standing = |row: &Value| row["standing"].as_u64();
        let before = self.rows.insert(id.to_owned(), row.clone());
        match before.filter(|before| before["revision"] == row["revision"] && standing(before) > standing(row)) {
            Some(_) => Err(format!("the standing of {id} went back")),
            None => Ok(()),
        }
    }
}

/// Runs a whole life; an error says which rule was broken.
fn live(seed: u64, planted: Planted) -> Result<Vec<String>, String> {
    let (mut dice, mut server) = (Dice(seed), Server::new());
    let blue = View { filter: Filter { environment: Some("blue".into()), ..Filter::default() }, ..View::default() };
    let mut clients = [View::default(), View::default(), blue].map(Client::new);
    for _ in 0..400 {
        match dice.roll(10) {
            0..=3 => server.change(&mut dice),
            4..=6 => server.tell(&mut dice, false),
            _ => {
                let client = &mut clients[dice.roll(3) as usize];
                if dice.roll(8) == 0 {
                    client.subscription = None;
                } else {
                    client.read(&server, &mut dice, planted)?;
                }
            }
        }
    }
    server.tell(&mut dice, true);
    for client in &mut clients {
        while client.read(&server, &mut dice, planted)? || client.subscription.is_none() {}
        let expected = server.rows(&client.view);
        if client.rows != expected {
            return Err(format!("it holds {:?} and the server {expected:?}", client.rows));
        }
        if client.view.filter.is_empty() && client.entry != server.number {
            return Err(format!("it has entries up to {} of {}", client.entry, server.number));
        }
    }
    Ok(clients.into_iter().flat_map(|client| client.resyncs).collect())
}

#[test]
fn a_subscriber_holds_what_the_server_holds_whatever_happens_between() {
    let mut resyncs = Vec::new();
    for seed in 0..120 {
        resyncs.extend(live(seed, Planted::Nothing).unwrap_or_else(|broken| panic!("seed {seed}: {broken}")));
    }
    for reason in [Resync::TooOld, Resync::TooSlow] {
        assert!(resyncs.iter().any(|said| said == reason.as_str()), "no life was long enough for {reason:?}: {}", resyncs.len());
    }
}

#[test]
fn the_rules_catch_what_is_planted() {
    for planted in [Planted::LosesARow, Planted::LosesAnEntry, Planted::RepeatsAnEntry, Planted::RepeatsAnOldRow] {
        let caught = (0..40).filter(|seed| live(*seed, planted).is_err()).count();
        assert!(caught > 20, "{planted:?} was noticed in {caught} of 40 lives");
    }
}

#[test]
fn places_of_another_life_and_of_the_future_are_told_so() {
    let server = Server::new();
    for since in [Seq { epoch: EPOCH - 1, number: 3 }, Seq { epoch: EPOCH, number: 4 }] {
        let texts = server.subscribe(&View::default(), Some(since)).ready();
        let types: Vec<Value> = texts.iter().map(|text| serde_json::from_slice(text).unwrap()).collect();
        assert_eq!(
            (&types[0]["type"], &types[0]["reason"], &types[1]["type"]),
            (&"resync".into(), &"restarted".into(), &"snapshot".into())
        );
    }
    assert!(server.subscribe(&View::default(), Some(Seq { epoch: EPOCH, number: 3 })).ready().is_empty());
    assert_eq!(server.shared.count(), 0, "places are given back");
}

#[test]
fn what_is_the_same_for_all_is_written_once() {
    let (mut dice, mut server) = (Dice(1), Server::new());
    let mut subscriptions: Vec<_> = (0..3).map(|_| server.subscribe(&View::default(), None)).collect();
    let pictures: Vec<_> = subscriptions.iter_mut().map(Subscription::ready).collect();
    assert!(pictures.windows(2).all(|pair| pair[0][0].as_ptr() == pair[1][0].as_ptr()));
    (0..9).for_each(|_| server.change(&mut dice));
    server.tell(&mut dice, true);
    let told: Vec<_> = subscriptions.iter_mut().map(Subscription::ready).collect();
    assert!(!told[0].is_empty() && told.windows(2).all(|pair| pair[0][0].as_ptr() == pair[1][0].as_ptr()));
}

/// A board whose one instance goes down at the first second and is well again at the second; entries are numbered from 1.
fn incident_at(second: i64) -> peegeeq_domain::incident::Picture {
    use peegeeq_domain::incident::{Board, Noted, Place, Rules};
    let span = std::time::Duration::from_secs(5);
    let mut board = Board::new(Rules { stable_after: span, together: span, before: span, kept_max: 9 });
    let at = |second: i64| Timestamp::from_epoch_millis(second * 1000);
    let id = InstanceId::parse("a").unwrap();
    for (number, to) in [(1, Verdict::Down { in_a_row: 3 }), (2, Verdict::Passing)] {
        if i64::try_from(number).unwrap() <= second {
            let event = JournalEvent::VerdictChanged { id: id.clone(), from: Verdict::Unprobed, to, evidence: String::new() };
            board.apply(&Noted { place: Place { number, epoch: EPOCH }, at: at(i64::try_from(number).unwrap()), event });
        }
    }
    board.picture(at(second))
}

#[test]
fn incidents_are_told_when_they_open_change_and_close_and_to_those_who_asked_only() {
    let server = Server::new();
    let asked = View { topics: Topics { instances: false, journal: false, incidents: true }, ..View::default() };
    let elsewhere = View { filter: Filter { environment: Some("x".into()), ..Filter::default() }, ..asked.clone() };
    let mut subscribers = [&asked, &View::default(), &elsewhere].map(|view| server.subscribe(view, None));
    let kinds = |texts: Vec<Bytes>| -> Vec<String> {
        let read = |text: &Bytes| serde_json::from_slice::<Value>(text).unwrap();
        texts.iter().map(read).map(|told| format!("{} {}", told["type"], told["incident"]["open"])).collect()
    };
    assert_eq!(subscribers.each_mut().map(|subscriber| kinds(subscriber.ready()).len()), [1, 1, 1], "everybody begins with a picture");
    let mut known = super::follow::KnownIncidents::default();
    for second in [0, 1, 2, 3, 7, 8] {
        let news = super::follow::changed_incidents(&mut known, &incident_at(second), &server.render);
        server.shared.ring().tell(0, Vec::new(), Vec::new(), news);
    }
    let told = subscribers.each_mut().map(|subscriber| kinds(subscriber.ready()));
    assert_eq!(told[0], ["\"incident\" true", "\"incident\" true", "\"incident\" false"]);
    assert!(told[1].is_empty() && told[2].is_empty(), "{told:?}");
    let mut back = server.subscribe(&asked, Some(Seq { epoch: EPOCH, number: 3 }));
    assert_eq!(kinds(back.ready()), ["\"incident\" false"], "who comes back is told how it is now");
    assert!(
        super::follow::changed_incidents(&mut Default::default(), &incident_at(8), &server.render).told.is_empty(),
        "old news is no news"
    );
}
