//! How a rolling restart is written in the store, and read back.
//!
//! Owns the record's form: a version byte, then JSON, and the table's rows. Does not own what follows from it.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::rolling::{Limits, Rolling, Stage, State, Step};
use peegeeq_domain::time::{Timestamp, millis};
use redb::{ReadTransaction, ReadableTable, TableError, WriteTransaction};
use serde::{Deserialize, Serialize};

use super::Write;
use super::schema::ROLLING;

/// The form that is written.
const VERSION: u8 = 1;

/// What stood under an id before a batch that may not have reached the disk.
pub(super) type Before = (Arc<str>, Option<Vec<u8>>);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RollingRecord<'a> {
    #[serde(borrow)]
    by: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    reason: Option<Cow<'a, str>>,
    began_at: i64,
    deadline: u64,
    restart_within: u64,
    setups_within: u64,
    max_unavailable: usize,
    #[serde(borrow)]
    state: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    paused_for: Option<Cow<'a, str>>,
    since: i64,
    #[serde(default, borrow)]
    steps: Vec<StepRecord<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StepRecord<'a> {
    #[serde(borrow)]
    instance: Cow<'a, str>,
    #[serde(borrow)]
    stage: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    why: Option<Cow<'a, str>>,
    since: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    former: Vec<Arc<str>>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    forced: bool,
}

/// Appends the record. The id is not in it: it is the key.
fn write(rolling: &Rolling, out: &mut Vec<u8>) {
    let (why, paused_for) = match &rolling.state {
        State::Paused { instance, why } => (Some(&**why), instance.as_ref().map(InstanceId::as_str)),
        State::Running | State::Cancelled | State::Done => (None, None),
    };
    let record = RollingRecord {
        by: (&*rolling.by).into(),
        reason: rolling.reason.as_deref().map(Cow::Borrowed),
        began_at: rolling.began_at.epoch_millis(),
        deadline: millis(rolling.limits.deadline),
        restart_within: millis(rolling.limits.restart_within),
        setups_within: millis(rolling.limits.setups_within),
        max_unavailable: rolling.limits.max_unavailable,
        state: rolling.state.as_str().into(),
        why: why.map(Cow::Borrowed),
        paused_for: paused_for.map(Cow::Borrowed),
        since: rolling.since.epoch_millis(),
        steps: rolling.steps.iter().map(StepRecord::of).collect(),
    };
    out.push(VERSION);
    serde_json::to_writer(out, &record).expect("memory takes every byte, and the keys are text");
}

impl<'a> StepRecord<'a> {
    fn of(step: &'a Step) -> Self {
        let why = if let Stage::Skipped { why } = &step.stage { Some((&**why).into()) } else { None };
        Self {
            instance: step.instance.as_str().into(),
            stage: step.stage.as_str().into(),
            why,
            since: step.since.epoch_millis(),
            former: step.former.clone(),
            forced: step.forced,
        }
    }

    fn step(self) -> Option<Step> {
        Some(Step {
            instance: InstanceId::parse(&self.instance).ok()?,
            stage: Stage::of(&self.stage, self.why.as_deref())?,
            since: Timestamp::from_epoch_millis(self.since),
            former: self.former,
            forced: self.forced,
        })
    }
}

/// Reads the record filed under an id; `None` if it cannot be understood.
fn read(id: &str, record: &[u8]) -> Option<Rolling> {
    let (_, json) = record.split_first().filter(|(version, _)| **version == VERSION)?;
    let record: RollingRecord = serde_json::from_slice(json).ok()?;
    let state = match &*record.state {
        "running" => State::Running,
        "paused" => {
            let instance = record.paused_for.as_deref().map(InstanceId::parse).transpose().ok()?;
            State::Paused { instance, why: record.why.as_deref().unwrap_or_default().into() }
        }
        "cancelled" => State::Cancelled,
        "done" => State::Done,
        _ => return None,
    };
    Some(Rolling {
        id: id.into(),
        by: (&*record.by).into(),
        reason: record.reason.as_deref().map(Arc::from),
        began_at: Timestamp::from_epoch_millis(record.began_at),
        limits: Limits {
            deadline: Duration::from_millis(record.deadline),
            restart_within: Duration::from_millis(record.restart_within),
            setups_within: Duration::from_millis(record.setups_within),
            max_unavailable: record.max_unavailable.max(1),
        },
        state,
        since: Timestamp::from_epoch_millis(record.since),
        steps: record.steps.into_iter().map(StepRecord::step).collect::<Option<_>>()?,
    })
}

/// All that are in the store, the oldest first. One that cannot be read is left where it is and told.
pub(super) fn read_all(transaction: &ReadTransaction) -> Result<Vec<Rolling>, redb::Error> {
    let table = match transaction.open_table(ROLLING) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let mut all = Vec::new();
    for entry in table.iter()? {
        let (id, record) = entry?;
        match read(id.value(), record.value()) {
            Some(rolling) => all.push(rolling),
            None => tracing::warn!(restart = id.value(), "a stored rolling restart cannot be read, it does not go on"),
        }
    }
    all.sort_by_key(|rolling| rolling.began_at);
    Ok(all)
}

/// Writes what a batch does to them, and notes in `before` what stood there.
pub(super) fn write_all(
    transaction: &WriteTransaction,
    batch: &[Write],
    buffer: &mut Vec<u8>,
    before: &mut Vec<Before>,
) -> Result<(), redb::Error> {
    if !batch.iter().any(|write| matches!(write, Write::Rolling(_) | Write::ForgetRolling(_))) {
        return Ok(());
    }
    let mut table = transaction.open_table(ROLLING)?;
    for change in batch {
        let (id, replaced) = match change {
            Write::Rolling(rolling) => {
                buffer.clear();
                write(rolling, buffer);
                (&rolling.id, table.insert(&*rolling.id, &**buffer)?)
            }
            Write::ForgetRolling(id) => (id, table.remove(&**id)?),
            _ => continue,
        };
        before.push((id.clone(), replaced.map(|record| record.value().to_vec())));
    }
    Ok(())
}

/// Puts back what stood there before batches that were refused.
pub(super) fn set_back(transaction: &WriteTransaction, before: &[Before]) -> Result<(), redb::Error> {
    if before.is_empty() {
        return Ok(());
    }
    let mut table = transaction.open_table(ROLLING)?;
    for (id, record) in before.iter().rev() {
        match record {
            Some(record) => drop(table.insert(&**id, &**record)?),
            None => drop(table.remove(&**id)?),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let limits = Limits {
            deadline: Duration::from_secs(1),
            restart_within: Duration::from_secs(2),
            setups_within: Duration::from_secs(3),
            max_unavailable: 2,
        };
        let at = Timestamp::from_epoch_millis;
        let ids = ["a", "b", "c"].map(|id| InstanceId::parse(id).expect("a good id")).to_vec();
        let mut rolling = Rolling::new("r1".into(), "ann".into(), Some("1.3".into()), limits, ids, at(5));
        rolling.steps[0] = Step { stage: Stage::Setups, since: at(7), former: vec!["s".into()], forced: true, ..rolling.steps[0].clone() };
        rolling.steps[1].stage = Stage::Skipped { why: "gone".into() };
        let instance = Some(rolling.steps[0].instance.clone());
        for state in [State::Running, State::Paused { instance, why: "so".into() }, State::Cancelled, State::Done] {
            rolling.state = state;
            let mut record = Vec::new();
            write(&rolling, &mut record);
            assert_eq!(read("r1", &record), Some(rolling.clone()), "{}", String::from_utf8_lossy(&record));
        }
        assert_eq!((read("r1", b""), read("r1", b"\x02{}"), read("r1", b"\x01{}")), (None, None, None));
    }
}
