//! The promises, and checking a catalog against the one before and against the account.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, Change, Entry};

/// What the core promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Promise {
    DownNeedsEvidence,
    HealthyStaysPassing,
    DeathIsSeen,
    RecoveryIsSeen,
    NumberGrowsWithChange,
    SortedAndUnique,
    DifferencesAreComplete,
    OldJudgementsAreDropped,
    MembersAreThoseRegistered,
    VerdictIsTheLastJudged,
    OnlyTheWellAreRoutable,
    RequestsGoToTheWell,
    OnlyReadsPanic,
    TheWellAreReached,
    NothingIsDoneTwice,
    EachIsTriedOnce,
    RetriesAreFew,
    OneRequestFindsOut,
    EjectionNeedsFailures,
    DeadlinesAreKept,
}

impl fmt::Display for Promise {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DownNeedsEvidence => "an instance is down only after enough failures in a row that span long enough, and without doubt",
            Self::HealthyStaysPassing => "an instance that always answers stays passing",
            Self::DeathIsSeen => "an instance that has not answered for long enough is down",
            Self::RecoveryIsSeen => "an instance that has answered for long enough is passing",
            Self::NumberGrowsWithChange => "the number grows by one with a change and with nothing else",
            Self::SortedAndUnique => "the catalog is sorted and names each id once",
            Self::DifferencesAreComplete => "the differences turn the earlier catalog into the later",
            Self::OldJudgementsAreDropped => "a judgement of an old incarnation never applies",
            Self::MembersAreThoseRegistered => "members are those that were registered and did not leave",
            Self::VerdictIsTheLastJudged => "a verdict is the last one judged of this incarnation",
            Self::OnlyTheWellAreRoutable => "nobody down, draining, stopping or in maintenance is routed to",
            Self::RequestsGoToTheWell => "a request goes to somebody who is well, serves and has the setup",
            Self::OnlyReadsPanic => "only reads go to somebody who is not well, and never to somebody taken out on purpose",
            Self::TheWellAreReached => "whoever is well is found as long as it was not tried",
            Self::NothingIsDoneTwice => "a write reaches at most one instance",
            Self::EachIsTriedOnce => "a request goes to nobody twice",
            Self::RetriesAreFew => "retries are a fifth of the requests at most, or the reserve",
            Self::OneRequestFindsOut => "whoever is on probation gets one request",
            Self::EjectionNeedsFailures => "nobody is ejected who did not fail five times in a row",
            Self::DeadlinesAreKept => "no attempt begins after the deadline",
        })
    }
}

/// A promise that was broken, and how.
#[derive(Clone, Debug)]
pub(crate) struct Breach {
    pub(crate) promise: Promise,
    pub(crate) what: String,
}

pub(crate) type Checked = Result<(), Breach>;

/// Fails with `promise` unless it holds.
pub(crate) fn hold(promise: Promise, holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(Breach { promise, what: what() }) }
}

/// What every pair of successive catalogs must satisfy. `changes` is what a reader was told.
pub(crate) fn successive(before: &Catalog, after: &Catalog, changes: &[Change]) -> Checked {
    let (old, new) = (before.generation().0, after.generation().0);
    let differs = before.entries() != after.entries();
    hold(Promise::NumberGrowsWithChange, new == old + u64::from(differs), || format!("from {old} to {new}, changed: {differs}"))?;
    hold(Promise::SortedAndUnique, after.entries().is_sorted_by(|a, b| a.id().as_str() < b.id().as_str()), || {
        format!("{:?}", after.entries())
    })?;
    differences(before, after, changes)?;
    for entry in after.entries() {
        use peegeeq_domain::instance::Presence::{Serving, Starting};
        let may = matches!(entry.instance.presence, Serving | Starting) && !entry.verdict.is_down();
        hold(Promise::OnlyTheWellAreRoutable, may || !entry.is_routable(), || format!("{entry:?}"))?;
    }
    Ok(())
}

/// Applies `changes` to `before` by hand and compares with `after`.
pub(crate) fn differences(before: &Catalog, after: &Catalog, changes: &[Change]) -> Checked {
    let by_id = |catalog: &Catalog| -> BTreeMap<String, Arc<Entry>> {
        catalog.entries().iter().map(|entry| (entry.id().as_str().to_owned(), entry.clone())).collect()
    };
    let mut replayed = by_id(before);
    for change in changes {
        let fits = match change {
            Change::Added(entry) => replayed.insert(entry.id().as_str().into(), entry.clone()).is_none(),
            Change::Removed(entry) => replayed.remove(entry.id().as_str()).as_ref() == Some(entry),
            Change::Updated { from, to } => from != to && replayed.insert(to.id().as_str().into(), to.clone()).as_ref() == Some(from),
        };
        hold(Promise::DifferencesAreComplete, fits, || format!("{change:?} does not fit"))?;
    }
    hold(Promise::DifferencesAreComplete, replayed == by_id(after), || format!("{changes:?} do not lead from {before:?} to {after:?}"))
}
