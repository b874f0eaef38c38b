//! Which content of which source counts: what is unknown, and what another source already told.
//!
//! Owns the standing of every attachment of a setup to an instance. Does not own sums, nor how two databases are compared.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::shared::{self, SharedSetup};
use super::{DegradedSetup, Part, SetupBinding, SetupTrouble, Source};

/// Whether something that an instance said goes into the totals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It counts.
    Counted,
    /// It is the same data that the part with this number gave, and counts there.
    SameAs(usize),
    /// The instance said it, but cannot know it: a database that is down looks empty.
    Unknown,
}

/// Something an instance said about one of its setups.
pub trait Placeable {
    /// Whether a setup's queues can be recognised by what was said: then saying none of them is suspicious.
    const SHOWS_QUEUES: bool;

    /// Whether its numbers are zero or not told: from a setup whose database may be away that proves nothing.
    fn is_blank(&self) -> bool;

    /// The setup, if it was named.
    fn setup(&self) -> Option<&Arc<str>>;

    /// Adds the names by which two instances are seen to speak about the same things.
    fn show<'a>(&'a self, shown: &mut Shown<'a>);
}

/// What an instance showed of one setup.
#[derive(Clone, Debug, Default)]
pub struct Shown<'a> {
    /// Names of what was shown, with a second name (a group's queue) or an empty one.
    pub names: Vec<(&'a str, &'a str)>,
    /// The content gave numbers without names, so that the names say nothing.
    pub nameless: bool,
    /// Some of it was more than zeros.
    substance: bool,
}

/// One source as the placement sees it.
pub(super) struct View<'a> {
    pub(super) source: &'a Source,
    bindings: &'a [SetupBinding],
    answered: bool,
    /// It answered, and part of the answer could not be used.
    faulty: bool,
    shows_queues: bool,
    /// By setup, for the setups of which anything was said.
    shown: BTreeMap<&'a str, Shown<'a>>,
    /// Something was said without naming the setup, so that silence about a setup proves nothing.
    unattributed: bool,
}

/// What the placement found out, apart from the standings.
pub(super) struct Findings {
    /// By part.
    pub(super) degraded: Vec<Vec<DegradedSetup>>,
    pub(super) shared: Vec<SharedSetup>,
    /// Attachments whose data is known and unknown.
    pub(super) setups: (usize, usize),
    /// Unknown setups, failed sources and unusable parts of answers that have no row to be marked unknown.
    pub(super) hidden: usize,
}

/// The standing of every attachment.
pub(super) struct Placement<'a> {
    standings: Vec<BTreeMap<&'a str, Standing>>,
    /// By part: the setups of which zeros prove nothing.
    doubtful: Vec<BTreeSet<&'a str>>,
    bindings: Vec<&'a [SetupBinding]>,
    pub(super) findings: Findings,
}

impl<'a> View<'a> {
    /// A source that gave `content`, or nothing at all.
    pub(super) fn of<T, A, P: Placeable>(part: &'a Part<T, A>, content: Option<&'a [P]>) -> Self {
        let mut view = Self {
            source: &part.source,
            bindings: &part.setups,
            answered: part.outcome.is_ok(),
            faulty: part.outcome.is_ok() && part.faulty,
            shows_queues: P::SHOWS_QUEUES,
            shown: BTreeMap::new(),
            unattributed: false,
        };
        for said in content.unwrap_or_default() {
            match owner(view.bindings, said.setup().map(|setup| &**setup)) {
                Some(setup) => {
                    let shown = view.shown.entry(setup).or_default();
                    shown.substance |= !said.is_blank();
                    said.show(shown);
                }
                None => view.unattributed = true,
            }
        }
        view
    }

    pub(super) const fn bindings(&self) -> &'a [SetupBinding] {
        self.bindings
    }

    /// What is wrong with a setup of a source that answered.
    fn trouble(&self, binding: &SetupBinding) -> Option<SetupTrouble> {
        let shown = self.shown.get(&*binding.setup);
        let names = shown.map_or(0, |shown| shown.names.len());
        binding.trouble(names > 0).or_else(|| {
            let expected = binding.queues.as_ref().map_or(0, |queues| queues.len());
            let nameless = self.unattributed || shown.is_some_and(|shown| shown.nameless);
            let silent = self.shows_queues && !nameless && names == 0;
            (expected > 0 && silent).then_some(SetupTrouble::RowsAbsent { expected })
        })
    }

    /// Whether the health of a setup's database was asked for in vain, so that zeros prove nothing.
    pub(super) fn is_doubtful(&self, binding: &SetupBinding) -> bool {
        matches!(self.trouble(binding), Some(SetupTrouble::HealthUntold { .. }))
    }

    /// Whether what was said of a setup can count: of a doubtful one only what is more than zeros.
    fn tells(&self, binding: &SetupBinding) -> bool {
        match self.trouble(binding) {
            None => true,
            Some(SetupTrouble::HealthUntold { .. }) => self.shown.get(&*binding.setup).is_some_and(|shown| shown.substance),
            Some(_) => false,
        }
    }

    /// The names by which the attachment is compared with others of the same database.
    pub(super) fn evidence(&self, binding: &'a SetupBinding) -> shared::Evidence<'a> {
        let shown = self.shown.get(&*binding.setup);
        let fresh = shown.filter(|shown| !shown.nameless).map(|shown| sorted(shown.names.clone()));
        let remembered = binding.queues.as_ref().map(|queues| {
            let mut names = sorted(queues.iter().map(|name| &**name).collect());
            names.dedup();
            names
        });
        shared::Evidence { fresh, remembered, silent: shown.is_none() }
    }
}

fn sorted<T: Ord>(mut names: Vec<T>) -> Vec<T> {
    names.sort_unstable();
    names
}

impl<'a> Placement<'a> {
    /// Places the sources; `views` are in the order of parts.
    pub(super) fn of(views: &[View<'a>]) -> Self {
        let mut placement = Self {
            standings: views.iter().map(standings).collect(),
            doubtful: views.iter().map(doubtful).collect(),
            bindings: views.iter().map(|view| view.bindings).collect(),
            findings: Findings { degraded: views.iter().map(degraded).collect(), shared: Vec::new(), setups: (0, 0), hidden: 0 },
        };
        placement.findings.shared = shared::find(views, &mut placement.standings);
        placement.count(views);
        placement
    }

    /// The standing of something that part number `part` said.
    pub(super) fn standing(&self, part: usize, said: &impl Placeable) -> Standing {
        let Some(setup) = owner(self.bindings[part], said.setup().map(|setup| &**setup)) else { return Standing::Counted };
        match self.standings[part].get(setup).copied().unwrap_or(Standing::Counted) {
            Standing::Counted if said.is_blank() && self.doubtful[part].contains(setup) => Standing::Unknown,
            standing => standing,
        }
    }

    /// The standing of a number that a part gave for all its databases together, and whether some of them are not in it.
    ///
    /// It counts as long as one database is told by nobody else: hiding data is worse than counting twice.
    pub(super) fn standing_of_databases(&self, part: usize) -> (Standing, bool) {
        let standings = || self.standings[part].values();
        let unknown = standings().any(|standing| *standing == Standing::Unknown);
        let standing = match standings().find(|standing| **standing == Standing::Counted) {
            Some(counted) => *counted,
            None if unknown => Standing::Unknown,
            None => standings().next().copied().unwrap_or(Standing::Counted),
        };
        (standing, unknown)
    }

    fn count(&mut self, views: &[View<'a>]) {
        for (view, standings) in views.iter().zip(&self.standings) {
            for (setup, standing) in standings {
                let unknown = *standing == Standing::Unknown;
                self.findings.setups.0 += usize::from(!unknown);
                self.findings.setups.1 += usize::from(unknown);
                self.findings.hidden += usize::from(unknown && !view.shown.contains_key(setup));
            }
            self.findings.hidden += usize::from(!view.answered && standings.is_empty()) + usize::from(view.faulty);
        }
    }
}

/// The setup that something said belongs to: the named one, or the only one there is.
fn owner<'a>(bindings: &'a [SetupBinding], named: Option<&'a str>) -> Option<&'a str> {
    match (named, bindings) {
        (Some(setup), _) => Some(setup),
        (None, [only]) => Some(&only.setup),
        (None, _) => None,
    }
}

fn standings<'a>(view: &View<'a>) -> BTreeMap<&'a str, Standing> {
    let mut standings: BTreeMap<_, _> = view.shown.keys().map(|setup| (*setup, Standing::Counted)).collect();
    for binding in view.bindings {
        let known = view.answered && view.tells(binding);
        standings.insert(&binding.setup, if known { Standing::Counted } else { Standing::Unknown });
    }
    standings
}

fn doubtful<'a>(view: &View<'a>) -> BTreeSet<&'a str> {
    view.bindings.iter().filter(|binding| view.is_doubtful(binding)).map(|binding| &*binding.setup).collect()
}

fn degraded(view: &View<'_>) -> Vec<DegradedSetup> {
    let bindings = if view.answered { view.bindings } else { &[] };
    let mut degraded: Vec<_> = bindings
        .iter()
        .filter_map(|binding| Some(DegradedSetup { setup: binding.setup.clone(), trouble: view.trouble(binding)? }))
        .collect();
    degraded.sort_by(|a, b| a.setup.cmp(&b.setup));
    degraded
}
