//! A disk that fails as real ones do: power cuts that lose, reorder and tear what was not synced; errors at the n-th
//! write or sync; a sync that hangs; and, as the control of the checkers, a sync that does nothing.

use std::io;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::registry::store::Medium;

const SECTOR: usize = 512;

/// Numbers that look random and are the same for the same seed.
#[derive(Debug)]
pub(in crate::registry) struct Dice(u64);

impl Dice {
    pub(in crate::registry) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0xD1B5_4A32_D192_ED03)
    }

    /// A number in a range.
    pub(in crate::registry) fn roll(&mut self, range: Range<u64>) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        range.start + (mixed ^ (mixed >> 31)) % (range.end - range.start)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::registry) enum On {
    Write,
    Sync,
}

/// Fails some operations of one kind, counted from when it was set.
#[derive(Clone, Copy, Debug)]
pub(in crate::registry) struct Fault {
    pub(in crate::registry) on: On,
    /// How many succeed before the first that fails.
    pub(in crate::registry) after: u64,
    /// How many succeed between two that fail.
    pub(in crate::registry) between: u64,
    /// How many fail.
    pub(in crate::registry) times: u64,
    pub(in crate::registry) error: io::ErrorKind,
}

#[derive(Clone, Debug)]
enum Change {
    Length(usize),
    Bytes(usize, Vec<u8>),
}

impl Change {
    fn apply(&self, image: &mut Vec<u8>) {
        match self {
            Self::Length(length) => image.resize(*length, 0),
            Self::Bytes(offset, bytes) => {
                image.resize(image.len().max(offset + bytes.len()), 0);
                image[*offset..offset + bytes.len()].copy_from_slice(bytes);
            }
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// What is on the platter.
    durable: Vec<u8>,
    /// What reads see.
    cache: Vec<u8>,
    /// What the next sync brings to the platter.
    unsynced: Vec<Change>,
    fault: Option<Fault>,
    failed: u64,
    /// Operations until the power goes.
    power: Option<u64>,
    syncs: u64,
    ignore_syncs: bool,
    forget_rewrites: bool,
    stuck: bool,
    syncs_waiting: u64,
}

/// The disk. Clones are the same disk.
#[derive(Clone, Debug, Default)]
pub(in crate::registry) struct Disk(Arc<(Mutex<State>, Condvar)>);

impl Disk {
    fn holding(image: Vec<u8>) -> Self {
        let disk = Self::default();
        *disk.state() = State { durable: image.clone(), cache: image, ..State::default() };
        disk
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.0.lock().unwrap()
    }

    pub(in crate::registry) fn fail(&self, fault: Fault) {
        self.state().fault = Some(fault);
    }

    /// No more errors. Says how many there were since it was asked last.
    pub(in crate::registry) fn mend(&self) -> u64 {
        let mut state = self.state();
        state.fault = None;
        std::mem::take(&mut state.failed)
    }

    /// The power goes after so many operations more.
    pub(in crate::registry) fn cut_power_after(&self, operations: u64) {
        self.state().power = Some(operations);
    }

    /// Syncs say that they succeeded, and do nothing.
    pub(in crate::registry) fn ignore_syncs(&self) {
        self.state().ignore_syncs = true;
    }

    /// Writing what reads show already does nothing, as if the writer had not done it.
    pub(in crate::registry) fn forget_rewrites(&self) {
        self.state().forget_rewrites = true;
    }

    /// Syncs hang from now on, or go on.
    pub(in crate::registry) fn set_stuck(&self, stuck: bool) {
        self.state().stuck = stuck;
        self.0.1.notify_all();
    }

    pub(in crate::registry) fn has_sync_waiting(&self) -> bool {
        self.state().syncs_waiting > 0
    }

    pub(in crate::registry) fn syncs(&self) -> u64 {
        self.state().syncs
    }

    /// The disk as it is found after the power came back: every unsynced sector reached it or not.
    pub(in crate::registry) fn after_power_cut(&self, dice: &mut Dice) -> Self {
        let state = self.state();
        let mut image = state.durable.clone();
        let kept_percent = [0, 10, 50, 90, 100][dice.roll(0..5) as usize];
        for change in &state.unsynced {
            match change {
                Change::Length(_) if dice.roll(0..100) < kept_percent => change.apply(&mut image),
                Change::Length(_) => {}
                Change::Bytes(offset, bytes) => {
                    for (part, sector) in bytes.chunks(SECTOR).enumerate() {
                        if dice.roll(0..100) < kept_percent {
                            Change::Bytes(offset + part * SECTOR, sector.into()).apply(&mut image);
                        }
                    }
                }
            }
        }
        Self::holding(image)
    }
}

impl Medium for Disk {
    type Backend = Self;

    fn open(&self) -> io::Result<Self> {
        Ok(self.clone())
    }

    fn name(&self) -> String {
        "the test's disk".into()
    }
}

impl State {
    fn begin(&mut self, on: Option<On>) -> io::Result<()> {
        match &mut self.power {
            Some(0) => return Err(io::Error::other("the power is gone")),
            Some(left) => *left -= 1,
            None => {}
        }
        let Some(fault) = self.fault.as_mut().filter(|fault| Some(fault.on) == on) else { return Ok(()) };
        if fault.after > 0 {
            fault.after -= 1;
        } else if fault.times > 0 {
            fault.times -= 1;
            fault.after = fault.between;
            self.failed += 1;
            return Err(fault.error.into());
        }
        Ok(())
    }

    fn change(&mut self, change: Change) {
        change.apply(&mut self.cache);
        self.unsynced.push(change);
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().cache.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let start = usize::try_from(offset).unwrap();
        let bytes = state.cache.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut state = self.state();
        state.begin(None)?;
        state.change(Change::Length(usize::try_from(length).unwrap()));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.syncs_waiting += 1;
        while state.stuck {
            state = self.0.1.wait(state).unwrap();
        }
        state.syncs_waiting -= 1;
        state.syncs += 1;
        if let Err(error) = state.begin(Some(On::Sync)) {
            // As Linux does: the pages count as clean from now on, and reads go on showing them.
            if state.power != Some(0) {
                state.unsynced.clear();
            }
            return Err(error);
        }
        if !state.ignore_syncs {
            for change in std::mem::take(&mut state.unsynced) {
                change.apply(&mut state.durable);
            }
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        state.begin(Some(On::Write))?;
        let start = usize::try_from(offset).unwrap();
        if !(state.forget_rewrites && state.cache.get(start..start + data.len()) == Some(data)) {
            state.change(Change::Bytes(start, data.into()));
        }
        Ok(())
    }
}
