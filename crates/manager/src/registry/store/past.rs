//! Reading the past of instances: what is remembered of one, and all of them at a time.
//!
//! Owns which entries must be read, backwards from the time asked about, and the bounds on that. Does not own what they mean (the
//! domain's history does). Everything here blocks.

use std::collections::BTreeSet;
use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, Entry};
use peegeeq_domain::history::{Happened, Past, Standing, before};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use redb::ReadableTable;

use super::journal_record::JournalEntry;
use super::reader::{EXAMINED_MAX, JournalReader, Numbers, Order, ReadError, Snapshot, about, merged};

/// The kinds that are about every instance.
const ABOUT_ALL: [&str; 3] = ["journal.gap", "manager.started", "manager.stopped"];
/// The most entries that are read of one instance for a picture.
const OF_ONE_MAX: usize = 2_000;
/// The most entries that a picture reads.
const OF_ALL_MAX: usize = 200_000;

/// What is remembered of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Life {
    /// From when on. `None`: the journal says nothing at all.
    pub reach: Option<Timestamp>,
    /// What was true then.
    pub past: Past,
    /// What happened since, in the order of the journal.
    pub events: Vec<Happened>,
    /// Whether anything is about this instance itself.
    pub is_known: bool,
}

/// All instances at a time.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Those of which is known what they were registered as.
    pub catalog: Catalog,
    /// Those that were registered, or may have been, but nothing says as what.
    pub incomplete: Vec<String>,
    /// Those whose verdict nobody knows.
    pub unjudged: BTreeSet<String>,
    /// How far back the journal reaches.
    pub reaches: Timestamp,
}

/// The journal does not reach so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureError {
    /// How far back it reaches; `None`: it is empty.
    pub reaches: Option<Timestamp>,
}

impl JournalReader {
    /// What is remembered of one instance, at least from `from` on if the journal reaches so far; `now` is what is true now.
    pub fn life(&self, id: &str, from: Timestamp, now: &Past) -> Result<Life, ReadError> {
        Ok(self.database.with(|database| Snapshot::of(database)?.life(id, from, now))?)
    }

    /// All instances as they were after the last entry written at `at` or before; `now` is what is true now.
    pub fn picture(&self, at: Timestamp, now: &Catalog) -> Result<Result<Picture, PictureError>, ReadError> {
        Ok(self.database.with(|database| Snapshot::of(database)?.picture(at, now))?)
    }
}

/// How a walk backwards ended, and what it found, oldest first.
#[derive(Default)]
struct Walk {
    events: Vec<Happened>,
    /// Whether it found what was registered.
    is_anchored: bool,
    /// Whether it found what the verdict was, or why there was none.
    is_judged: bool,
    /// Whether it gave up before the beginning.
    is_cut: bool,
}

impl Snapshot {
    fn life(&self, id: &str, from: Timestamp, now: &Past) -> Result<Life, redb::Error> {
        let Some((oldest, newest)) = self.ends()? else { return Ok(Life::default()) };
        let mut events = Vec::new();
        let (mut is_anchored, mut is_judged) = (false, false);
        // Whatever lies before it happened before `from`, also where the clock was set back.
        let around = self.between(Some(from), None)?;
        let begin = if around.is_empty() { newest.seq.number + 1 } else { around.start };
        let mut reach = Some(oldest.at);
        for (examined, number) in self.about_one_and_all(id, newest.seq.number)?.enumerate() {
            let Some(entry) = self.entry(number?)? else { continue };
            if examined >= EXAMINED_MAX || (entry.seq.number < begin && is_anchored && is_judged) {
                reach = events.last().map(|happened: &Happened| happened.at);
                break;
            }
            let number = entry.seq.number;
            let Some(event) = entry.event else { continue };
            is_anchored |= number < begin && is_anchor(&event);
            is_judged |= number < begin && is_judgement(&event);
            let starts = matches!(event, JournalEvent::ManagerStarted { .. });
            events.push(Happened { at: entry.at, event });
            if starts {
                events.extend(self.last_sign_before(number)?);
            }
        }
        events.reverse();
        let is_known = events.iter().any(|happened| happened.event.instance().is_some());
        Ok(Life { reach, past: before(&events, now), events, is_known })
    }

    /// The numbers of entries about an instance and about all, newest first.
    fn about_one_and_all<'a>(&'a self, id: &'a str, newest: u64) -> Result<Numbers<'a>, redb::Error> {
        let range = 0..newest + 1;
        let mut sources = vec![about(&self.by_instance, id, range.clone(), Order::Descending)?.peekable()];
        for kind in ABOUT_ALL {
            sources.push(about(&self.by_kind, kind, range.clone(), Order::Descending)?.peekable());
        }
        Ok(merged(sources, Order::Descending))
    }

    /// A manager that started found a store whose last owner had ended by then, in order or not: after the last entry nobody looked.
    fn last_sign_before(&self, started: u64) -> Result<Option<Happened>, redb::Error> {
        let last = self.entry(started.saturating_sub(1))?;
        Ok(last.map(|entry| Happened { at: entry.at, event: JournalEvent::ManagerStopped }))
    }

    fn picture(&self, at: Timestamp, now: &Catalog) -> Result<Result<Picture, PictureError>, redb::Error> {
        let Some((oldest, newest)) = self.ends()? else { return Ok(Err(PictureError { reaches: None })) };
        let Some(end) = self.behind(at)? else { return Ok(Err(PictureError { reaches: Some(oldest.at) })) };
        let reset = self.last_reset(end, at)?;
        let mut picture = Picture { reaches: oldest.at, ..Picture::default() };
        let (mut entries, mut left) = (Vec::new(), OF_ALL_MAX);
        for id in self.ids(now)? {
            let past = if left == 0 { Past::default() } else { self.past_of(&id, end, newest.seq.number, &reset, now, &mut left)? };
            match past.standing {
                Standing::Absent => {}
                Standing::Unknown | Standing::Present(None) => picture.incomplete.push(id),
                Standing::Present(Some(instance)) => {
                    if past.verdict.is_none() {
                        picture.unjudged.insert(id);
                    }
                    entries.push(Arc::new(Entry { instance, verdict: past.verdict.unwrap_or_default() }));
                }
            }
        }
        picture.catalog = Catalog::of(entries);
        Ok(Ok(picture))
    }

    /// Every id that the journal or the present knows.
    fn ids(&self, now: &Catalog) -> Result<BTreeSet<String>, redb::Error> {
        let mut ids: BTreeSet<String> = now.entries().iter().map(|entry| entry.id().to_string()).collect();
        let mut next = self.by_instance.first()?.map(|(key, _)| key.value().0.to_owned());
        while let Some(id) = next {
            next = self.by_instance.range((id.as_str(), u64::MAX)..)?.next().transpose()?.map(|(key, _)| key.value().0.to_owned());
            ids.insert(id);
        }
        Ok(ids)
    }

    /// The last thing before `end` that changed what is known of all, with its number.
    fn last_reset(&self, end: u64, at: Timestamp) -> Result<Option<(u64, JournalEvent)>, redb::Error> {
        let entry = |number| self.entry(number).map(|entry| entry.and_then(|JournalEntry { at, event, .. }| Some((at, event?))));
        let starts_next = entry(end)?.is_some_and(|(_, event)| matches!(event, JournalEvent::ManagerStarted { .. }));
        if starts_next && self.entry(end - 1)?.is_some_and(|last| last.at < at) {
            return Ok(Some((end, JournalEvent::ManagerStopped)));
        }
        let mut last = None;
        for kind in ABOUT_ALL {
            let found = about(&self.by_kind, kind, 0..end, Order::Descending)?.next().transpose()?;
            last = last.max(found);
        }
        let Some(number) = last else { return Ok(None) };
        Ok(entry(number)?.map(|(_, event)| (number, event)))
    }

    fn past_of(
        &self,
        id: &str,
        end: u64,
        newest: u64,
        reset: &Option<(u64, JournalEvent)>,
        now: &Catalog,
        left: &mut usize,
    ) -> Result<Past, redb::Error> {
        let Walk { events, is_anchored, is_judged, is_cut } = self.walk_back(id, end, reset, left)?;
        let mut past = Past::default();
        let is_whole = is_anchored && is_judged;
        if !(is_cut || is_whole) {
            past = self.before_what_followed(id, end, newest, now, left)?;
            if is_anchored {
                past.standing = Standing::Unknown;
            }
        }
        events.iter().for_each(|happened| past.apply(&happened.event));
        Ok(past)
    }

    /// The entries about an instance before `end`, back to those that say what was registered and how it was.
    fn walk_back(&self, id: &str, end: u64, reset: &Option<(u64, JournalEvent)>, left: &mut usize) -> Result<Walk, redb::Error> {
        let (mut walk, mut reset) = (Walk::default(), reset.as_ref());
        for number in about(&self.by_instance, id, 0..end, Order::Descending)? {
            *left = left.saturating_sub(1);
            let Some(JournalEntry { seq, at, event: Some(event) }) = self.entry(number?)? else { continue };
            if let Some((_, event)) = reset.take_if(|(number, _)| *number > seq.number) {
                walk.events.push(Happened { at, event: event.clone() });
                walk.is_judged = true;
            }
            walk.is_anchored |= is_anchor(&event);
            walk.is_judged |= is_judgement(&event);
            walk.events.push(Happened { at, event });
            walk.is_cut = *left == 0 || walk.events.len() >= OF_ONE_MAX;
            if walk.is_cut || (walk.is_anchored && walk.is_judged) {
                break;
            }
        }
        if let Some((_, event)) = reset.filter(|_| !walk.is_judged) {
            walk.events.push(Happened { at: Timestamp::default(), event: event.clone() });
        }
        walk.events.reverse();
        Ok(walk)
    }

    /// What was true at `end`, as far as what followed tells.
    fn before_what_followed(&self, id: &str, end: u64, newest: u64, now: &Catalog, left: &mut usize) -> Result<Past, redb::Error> {
        let entry = now.get(id);
        let standing = entry.map_or(Standing::Absent, |entry| Standing::Present(Some(entry.instance.clone())));
        let mut present = Past { standing, verdict: entry.map(|entry| entry.verdict) };
        let mut sources = vec![about(&self.by_instance, id, end..newest + 1, Order::Ascending)?.peekable()];
        for kind in ABOUT_ALL {
            sources.push(about(&self.by_kind, kind, end..newest + 1, Order::Ascending)?.peekable());
        }
        let mut events = Vec::new();
        for number in merged(sources, Order::Ascending) {
            *left = left.saturating_sub(1);
            if events.len() >= OF_ONE_MAX || *left == 0 {
                // What is true now says nothing if not all between is known.
                present = Past::default();
                break;
            }
            let Some(JournalEntry { at, event: Some(event), .. }) = self.entry(number?)? else { continue };
            let tells_all = matches!(event, JournalEvent::Registered { .. } | JournalEvent::Updated { .. } | JournalEvent::Ordered { .. });
            events.push(Happened { at, event });
            if tells_all {
                break;
            }
        }
        Ok(before(&events, &present))
    }
}

/// Whether an entry says by itself what is registered after it.
fn is_anchor(event: &JournalEvent) -> bool {
    event.registered().is_some() || matches!(event, JournalEvent::Registered { .. } | JournalEvent::Deregistered { .. })
}

/// Whether the verdict after an entry does not depend on the one before it.
fn is_judgement(event: &JournalEvent) -> bool {
    match event {
        JournalEvent::Updated { instance, .. } | JournalEvent::Ordered { instance, .. } => {
            instance.as_ref().is_some_and(|instance| instance.incarnation == instance.revision)
        }
        JournalEvent::SetupsChanged { .. } => false,
        _ => true,
    }
}
