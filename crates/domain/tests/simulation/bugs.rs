//! Bugs that are planted around the core, each with the promise it breaks.

use crate::rules::Promise;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bug {
    /// Two failures suffice where three are demanded.
    CountsTooFew,
    /// Fast errors count without spanning the least time.
    ForgetsTheSpan,
    /// A judgement is taken for whoever bears the id now.
    IgnoresIncarnation,
    /// Who left and comes back is numbered from the beginning.
    ForgetsTheDeparted,
    /// A deregistration does not reach the catalog.
    DropsDeregistered,
    /// Silence of most hosts is taken for their death.
    IgnoresDoubt,
    /// Nobody else is asked when one host is suspected of silence.
    AsksNobody,
    /// Doubt holds back even what is proved by a refused connection.
    DoubtsRefusals,
    /// What somebody's look found counts like a probe.
    CountsLooks,
    /// A pass does not end being down.
    NeverRecovers,
    /// After a failure nobody probes again.
    StopsProbing,
    /// A timeout is shortened below what a slow but healthy instance needs.
    Impatient,
    /// The number grows although nothing changed.
    NumbersNothing,
    /// A reader of differences does not get the first one.
    LosesAChange,
    /// A full read of the registry forgets the verdicts.
    ReplacesVerdicts,
    /// An instance that moved keeps the verdict of its old address.
    KeepsVerdictOfTheMoved,
    /// Requests are routed by a table that is not built again.
    RoutesByAnOldTable,
    /// Routing does not look at what was ordered.
    IgnoresPresence,
    /// Writes are sent again like reads.
    RepeatsWrites,
    /// A request forgets where it was sent.
    ForgetsTheTried,
    /// Every retry is granted.
    HasNoBudget,
    /// Everybody may try who is on probation.
    ProbesWithMany,
    /// Everybody who failed is out, and nobody remains.
    EjectsEverybody,
    /// Two failed requests eject.
    EjectsTooSoon,
    /// Retries go on after the deadline.
    IgnoresTheDeadline,
    /// Writes go to somebody who is not well when nobody is.
    PanicsWithWrites,
}

impl Bug {
    pub(crate) const ALL: [Self; 26] = [
        Self::CountsTooFew,
        Self::ForgetsTheSpan,
        Self::IgnoresIncarnation,
        Self::ForgetsTheDeparted,
        Self::DropsDeregistered,
        Self::IgnoresDoubt,
        Self::AsksNobody,
        Self::DoubtsRefusals,
        Self::CountsLooks,
        Self::NeverRecovers,
        Self::StopsProbing,
        Self::Impatient,
        Self::NumbersNothing,
        Self::LosesAChange,
        Self::ReplacesVerdicts,
        Self::KeepsVerdictOfTheMoved,
        Self::RoutesByAnOldTable,
        Self::IgnoresPresence,
        Self::RepeatsWrites,
        Self::ForgetsTheTried,
        Self::HasNoBudget,
        Self::ProbesWithMany,
        Self::EjectsEverybody,
        Self::EjectsTooSoon,
        Self::IgnoresTheDeadline,
        Self::PanicsWithWrites,
    ];

    /// The promise whose checker must find it.
    pub(crate) const fn breaks(self) -> Promise {
        match self {
            Self::CountsTooFew | Self::ForgetsTheSpan | Self::IgnoresDoubt | Self::AsksNobody | Self::CountsLooks => {
                Promise::DownNeedsEvidence
            }
            Self::IgnoresIncarnation | Self::ForgetsTheDeparted => Promise::OldJudgementsAreDropped,
            Self::DropsDeregistered => Promise::MembersAreThoseRegistered,
            Self::NeverRecovers => Promise::RecoveryIsSeen,
            Self::StopsProbing | Self::DoubtsRefusals => Promise::DeathIsSeen,
            Self::Impatient => Promise::HealthyStaysPassing,
            Self::NumbersNothing => Promise::NumberGrowsWithChange,
            Self::LosesAChange => Promise::DifferencesAreComplete,
            Self::ReplacesVerdicts | Self::KeepsVerdictOfTheMoved => Promise::VerdictIsTheLastJudged,
            Self::RoutesByAnOldTable | Self::IgnoresPresence => Promise::RequestsGoToTheWell,
            Self::RepeatsWrites => Promise::NothingIsDoneTwice,
            Self::ForgetsTheTried => Promise::EachIsTriedOnce,
            Self::HasNoBudget => Promise::RetriesAreFew,
            Self::ProbesWithMany => Promise::OneRequestFindsOut,
            Self::EjectsEverybody => Promise::TheWellAreReached,
            Self::EjectsTooSoon => Promise::EjectionNeedsFailures,
            Self::IgnoresTheDeadline => Promise::DeadlinesAreKept,
            Self::PanicsWithWrites => Promise::OnlyReadsPanic,
        }
    }
}
