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
}

impl Bug {
    pub(crate) const ALL: [Self; 16] = [
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
        }
    }
}
