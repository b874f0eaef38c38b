//! How a journal entry is written in the store, and read back.
//!
//! Owns sequence numbers and the record's form: a version byte, then JSON. Does not own the journal's bounds.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{InstanceId, Presence, Revision, Verb};
use peegeeq_domain::journal::{JournalEvent, TroubledSetup};
use peegeeq_domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::instance_record::InstanceRecord;

/// The form that is written. The first form said of an instance only where it listens, and knew no operators.
const VERSION: u8 = 2;

/// The forms that are read.
const READABLE: std::ops::RangeInclusive<u8> = 1..=VERSION;

/// The place of an entry: which opening of the store wrote it, and its number, which grows across openings too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq {
    /// The opening, from 1.
    pub epoch: u64,
    /// The number, from 1.
    pub number: u64,
}

impl Seq {
    /// Reads `<epoch>:<number>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (epoch, number) = text.split_once(':')?;
        let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        Some(Self { epoch: digits(epoch)?, number: digits(number)? })
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.number)
    }
}

/// One entry of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalEntry {
    /// Its place.
    pub seq: Seq,
    /// When it happened.
    pub at: Timestamp,
    /// What happened; `None` if another version wrote something that this one does not understand.
    pub event: Option<JournalEvent>,
}

#[derive(Default, Serialize, Deserialize)]
struct JournalRecord<'a> {
    epoch: u64,
    at: i64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    id: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    endpoint: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    revision: Option<u64>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    presence: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    from: Option<VerdictRecord<'a>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    to: Option<VerdictRecord<'a>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    evidence: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<u64>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    version: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    by: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    instance: Option<InstanceRecord<'a>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    troubled: Option<Vec<TroubledRecord<'a>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seen: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    silent: Option<bool>,
}

#[derive(Serialize, Deserialize)]
struct TroubledRecord<'a> {
    #[serde(borrow)]
    setup: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    database: Option<Cow<'a, str>>,
    #[serde(default)]
    missing: bool,
    #[serde(borrow)]
    reason: Cow<'a, str>,
}

impl<'a> TroubledRecord<'a> {
    fn of(troubled: &'a TroubledSetup) -> Self {
        Self {
            setup: (&*troubled.setup).into(),
            database: troubled.database.as_deref().map(Cow::Borrowed),
            missing: troubled.is_missing,
            reason: (&*troubled.reason).into(),
        }
    }

    fn troubled(&self) -> TroubledSetup {
        TroubledSetup {
            setup: (&*self.setup).into(),
            database: self.database.as_deref().map(Arc::from),
            is_missing: self.missing,
            reason: (&*self.reason).into(),
        }
    }
}

#[derive(Serialize, Deserialize)]
struct VerdictRecord<'a> {
    #[serde(borrow)]
    word: Cow<'a, str>,
    #[serde(default)]
    failures: u32,
    #[serde(default)]
    passed: bool,
}

impl VerdictRecord<'_> {
    fn of(verdict: Verdict) -> Self {
        let passed = matches!(verdict, Verdict::Passing | Verdict::Failing { passed_before: true, .. });
        Self { word: verdict.as_str().into(), failures: verdict.failures(), passed }
    }

    fn verdict(&self) -> Option<Verdict> {
        match &*self.word {
            "unprobed" => Some(Verdict::Unprobed),
            "passing" => Some(Verdict::Passing),
            "failing" => Some(Verdict::Failing { in_a_row: self.failures, passed_before: self.passed }),
            "down" => Some(Verdict::Down { in_a_row: self.failures }),
            _ => None,
        }
    }
}

/// Appends the record of an entry. Its number is not in it: it is the key.
pub(super) fn write(epoch: u64, at: Timestamp, event: &JournalEvent, out: &mut Vec<u8>) {
    let id = event.instance().map(|id| id.as_str().into());
    let instance = event.registered().map(|instance| InstanceRecord::of(instance));
    let record = JournalRecord { epoch, at: at.epoch_millis(), kind: event.kind().into(), id, instance, ..JournalRecord::default() };
    let record = match event {
        JournalEvent::ManagerStarted { version } => JournalRecord { version: Some(version.into()), ..record },
        JournalEvent::Registered { endpoint, by, .. } => {
            JournalRecord { endpoint: Some(endpoint.into()), by: by.as_deref().map(Cow::Borrowed), ..record }
        }
        JournalEvent::Updated { revision, endpoint, presence, by, .. } => JournalRecord {
            revision: Some(revision.0),
            endpoint: Some(endpoint.into()),
            presence: Some(presence.as_str().into()),
            by: by.as_deref().map(Cow::Borrowed),
            ..record
        },
        JournalEvent::Ordered { by, reason, .. } => {
            JournalRecord { by: Some((&**by).into()), reason: reason.as_deref().map(Cow::Borrowed), ..record }
        }
        JournalEvent::ManagerStopped => record,
        JournalEvent::Deregistered { by, .. } => JournalRecord { by: by.as_deref().map(Cow::Borrowed), ..record },
        JournalEvent::VerdictChanged { from, to, evidence, .. } => JournalRecord {
            from: Some(VerdictRecord::of(*from)),
            to: Some(VerdictRecord::of(*to)),
            evidence: Some(evidence.into()),
            ..record
        },
        JournalEvent::SetupsChanged { troubled, seen, .. } => {
            JournalRecord { troubled: Some(troubled.iter().map(TroubledRecord::of).collect()), seen: Some(*seen), ..record }
        }
        JournalEvent::Doubted { reason, hosts_are_silent } => {
            JournalRecord { reason: Some(reason.into()), silent: Some(*hosts_are_silent), ..record }
        }
        JournalEvent::Trusted => record,
        JournalEvent::Gap { lost } => JournalRecord { lost: Some(*lost), ..record },
    };
    out.push(VERSION);
    serde_json::to_writer(out, &record).expect("memory takes every byte, and the keys are text");
}

/// Reads the entry of that number.
pub(super) fn read(number: u64, record: &[u8]) -> JournalEntry {
    let Some(record) = parse(record) else {
        return JournalEntry { seq: Seq { epoch: 0, number }, at: Timestamp::default(), event: None };
    };
    let (seq, at) = (Seq { epoch: record.epoch, number }, Timestamp::from_epoch_millis(record.at));
    JournalEntry { seq, at, event: event(record) }
}

/// By what an entry is found: its kind, and the instance it is about. An entry that cannot be read is found by nothing.
#[derive(Deserialize)]
pub(super) struct Keys<'a> {
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(default, borrow)]
    pub(super) id: Option<Cow<'a, str>>,
}

/// Reads by what an entry is found.
pub(super) fn keys_of(record: &[u8]) -> Option<Keys<'_>> {
    serde_json::from_slice(record.get(1..)?).ok()
}

/// When an entry happened; the beginning of time if it cannot be read, so that it is not kept for ever.
pub(super) fn time_of(record: &[u8]) -> Timestamp {
    #[derive(Deserialize)]
    struct OnlyTime {
        at: i64,
    }
    let json = record.get(1..).unwrap_or_default();
    serde_json::from_slice(json).map(|OnlyTime { at }| Timestamp::from_epoch_millis(at)).unwrap_or_default()
}

fn parse(record: &[u8]) -> Option<JournalRecord<'_>> {
    let (version, json) = record.split_first()?;
    READABLE.contains(version).then(|| serde_json::from_slice(json).ok()).flatten()
}

fn event(mut record: JournalRecord) -> Option<JournalEvent> {
    let instance = record.instance.take().and_then(|instance| instance.instance(record.id.as_deref()?).ok()).map(Arc::new);
    let record = &record;
    let id = || InstanceId::parse(record.id.as_deref()?).ok();
    let name = |field: &Option<Cow<str>>| field.as_deref().map(Arc::from);
    let ordered = |verb| {
        let (by, reason) = (name(&record.by).unwrap_or_default(), name(&record.reason));
        Some(JournalEvent::Ordered { id: id()?, verb, by, reason, instance: instance.clone() })
    };
    let text = |field: &Option<Cow<str>>| field.as_deref().map(String::from);
    Some(match &*record.kind {
        "manager.started" => JournalEvent::ManagerStarted { version: text(&record.version)? },
        "instance.registered" => JournalEvent::Registered { id: id()?, endpoint: text(&record.endpoint)?, instance, by: name(&record.by) },
        "instance.updated" => JournalEvent::Updated {
            id: id()?,
            revision: Revision(record.revision?),
            endpoint: text(&record.endpoint)?,
            presence: Presence::parse(record.presence.as_deref()?).ok()?,
            by: name(&record.by),
            instance,
        },
        "operator.drain" => ordered(Verb::Drain)?,
        "operator.maintenance" => ordered(Verb::Maintenance)?,
        "operator.resume" => ordered(Verb::Resume)?,
        "operator.expired" => ordered(Verb::Expire)?,
        "instance.deregistered" => JournalEvent::Deregistered { id: id()?, by: name(&record.by) },
        "manager.stopped" => JournalEvent::ManagerStopped,
        "instance.verdict" => JournalEvent::VerdictChanged {
            id: id()?,
            from: record.from.as_ref()?.verdict()?,
            to: record.to.as_ref()?.verdict()?,
            evidence: text(&record.evidence)?,
        },
        "instance.setups" => JournalEvent::SetupsChanged {
            id: id()?,
            troubled: record.troubled.as_ref()?.iter().map(TroubledRecord::troubled).collect(),
            seen: record.seen.unwrap_or_default(),
        },
        "manager.doubt" => JournalEvent::Doubted { reason: text(&record.reason)?, hosts_are_silent: record.silent.unwrap_or_default() },
        "manager.trust" => JournalEvent::Trusted,
        "journal.gap" => JournalEvent::Gap { lost: record.lost? },
        _ => return None,
    })
}
