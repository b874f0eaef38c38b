//! Whom a request goes to.
//!
//! Owns the explicit choice of the caller and the first pick. What it needs is read by the domain, and who can serve it
//! stands in the picture.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, HeaderName};
use peegeeq_domain::routing::ask::{Class, Need};
use peegeeq_domain::routing::panic::{PanicPolicies, ResortReason};
use peegeeq_domain::routing::pick::{Affinity, Draw, NoCandidate, Strategy, StrategyFrom, Tried};
use peegeeq_domain::routing::table::{Choice, Found, Group, Unknown, Wanted};
use percent_encoding::percent_decode_str;

use super::headers::names_instance;
use super::picture::Picture;
use super::refusals::{self, Refused};
use super::settings::GatewaySettings;
use super::upstream::Upstream;
use crate::clock;

const INSTANCE: HeaderName = HeaderName::from_static("x-peegeeq-instance");
const ENVIRONMENT: HeaderName = HeaderName::from_static("x-peegeeq-environment");
const REGION: HeaderName = HeaderName::from_static("x-peegeeq-region");

/// What the caller chose.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) instance: Option<String>,
    pub(super) environment: Option<String>,
    pub(super) region: Option<String>,
}

impl Chosen {
    /// Whether there is any choice in these headers, readable or not.
    pub(super) fn is_in(headers: &HeaderMap) -> bool {
        [INSTANCE, ENVIRONMENT, REGION].iter().any(|name| headers.contains_key(name))
    }

    /// The choice in these headers. What no header can hold may be percent-encoded.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, Refused> {
        // Most requests choose nothing: one look at their few headers is less than three searches.
        if !headers.keys().any(|name| name.as_str().starts_with("x-peegeeq-")) {
            return Ok(Self::default());
        }
        let read = |name: &HeaderName| -> Result<Option<String>, Refused> {
            let wrong = || refusals::bad_request(format!("the header {name} must be sent once, as UTF-8, and must not be empty"));
            let Some(text) = names_instance(headers, name).map_err(|()| wrong())? else { return Ok(None) };
            let text = percent_decode_str(text).decode_utf8().map_err(|_| wrong())?;
            Ok(Some(text.into_owned()))
        };
        Ok(Self { instance: read(&INSTANCE)?, environment: read(&ENVIRONMENT)?, region: read(&REGION)? })
    }

    pub(super) fn choice(&self) -> Choice<'_> {
        Choice { instance: self.instance.as_deref(), environment: self.environment.as_deref(), region: self.region.as_deref() }
    }
}

/// Takes turns for one worker.
#[derive(Debug)]
pub(super) struct Turns(AtomicU64);

impl Turns {
    /// Each worker begins elsewhere.
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(rand::random()))
    }

    /// What the next pick depends on.
    pub(super) fn draw(&self, how: &How, may_probe: bool) -> Draw {
        let cursor = self.0.fetch_add(1, Ordering::Relaxed);
        Draw { strategy: how.strategy, cursor, random: mix(cursor), now: clock::now(), affinity: how.affinity, may_probe }
    }

    /// The next random number.
    pub(super) fn random(&self) -> u64 {
        mix(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// A number that looks random for every other one (SplitMix64).
fn mix(number: u64) -> u64 {
    let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    number ^ (number >> 31)
}

/// How one of a group is picked for a request.
pub(super) struct How {
    pub(super) strategy: Strategy,
    pub(super) from: StrategyFrom,
    pub(super) affinity: Option<Affinity>,
}

/// How one of this group is picked for a request of this class.
pub(super) fn how(settings: &GatewaySettings, picture: &Picture, group: &Group, wanted: &Wanted<'_>, class: &Class<'_>) -> How {
    let (strategy, from) = settings.strategies.of(class, || environment_of(picture, group));
    let setup = setup_of(wanted).filter(|_| settings.affinity_by_setup);
    How { strategy, from, affinity: setup.map(|setup| Affinity { key: Affinity::key_of(setup), bounded: true }) }
}

/// The environment of those in a group: they are all of one, because environments are never mixed.
fn environment_of<'p>(picture: &'p Picture, group: &Group) -> Option<&'p str> {
    let probation = group.probation.iter().map(|probation| probation.seat.index);
    let index = group.seats().map(|seat| seat.index).chain(probation).next()?;
    Some(&picture.table.candidate(index)?.environment)
}

/// Why nobody was picked.
pub(super) enum Miss {
    /// Nobody has the setup: a fresh look may help.
    Unknown(Unknown),
    /// That is the answer.
    Refused(Refused),
}

impl Miss {
    /// The answer, if no look helps.
    pub(super) fn refusal(self, wanted: &Wanted<'_>) -> Refused {
        match self {
            Self::Unknown(unknown) => refusals::unknown(setup_of(wanted), &unknown),
            Self::Refused(refusal) => refusal,
        }
    }
}

/// The setup that is wanted, if one is.
pub(super) fn setup_of<'a>(wanted: &Wanted<'a>) -> Option<&'a str> {
    match wanted {
        Wanted::Setup { id, .. } => Some(id),
        Wanted::Any => None,
    }
}

/// Those who can serve what is wanted.
pub(super) fn group<'p>(picture: &'p Picture, wanted: &Wanted<'_>, chosen: &Chosen) -> Result<&'p Group, Miss> {
    match picture.table.find(wanted, &chosen.choice()) {
        Found::Group(group) => Ok(group),
        Found::Unknown(unknown) => Err(Miss::Unknown(unknown)),
        Found::Conflict(groups) => {
            let setup = setup_of(wanted).unwrap_or_default();
            Err(Miss::Refused(refusals::conflict(setup, groups, picture)))
        }
        Found::NoSuchInstance => Err(Miss::Refused(refusals::no_such_instance(chosen.instance.as_deref().unwrap_or_default()))),
    }
}

/// Who was picked.
pub(super) struct Picked {
    pub(super) upstream: Arc<Upstream>,
    /// The request is the one that an instance on probation gets.
    pub(super) is_probe: bool,
    /// Nobody is well: it is sent there all the same.
    pub(super) is_last_resort: bool,
}

/// One of them who was not tried: the owner of what is asked for if it is known, else by the strategy.
pub(super) fn one(
    picture: &Picture,
    group: &Group,
    need: &Need<'_>,
    owner: Option<&str>,
    draw: &Draw,
    tried: &Tried,
) -> Result<Picked, NoCandidate> {
    let index = match need {
        Need::NewSetup => group.pick_for_new_setup(draw.random, tried)?,
        Need::Owner(asked) => {
            let known = owner.and_then(|owner| picture.table.position(owner));
            let known = known.filter(|index| !tried.has(*index) && group.seats().any(|seat| seat.index == *index));
            let affinity = Some(Affinity { key: asked.affinity, bounded: false });
            known.map_or_else(|| group.pick(&Draw { affinity, ..*draw }, picture, tried), Ok)?
        }
        _ => group.pick(draw, picture, tried)?,
    };
    let upstream = picture.upstreams.get(index).cloned().ok_or(NoCandidate::Empty)?;
    Ok(Picked { upstream, is_probe: group.is_probe(index), is_last_resort: false })
}

/// Those that were tried, by their numbers in this picture.
pub(super) fn tried(picture: &Picture, upstreams: &[Arc<Upstream>]) -> Tried {
    let mut tried = Tried::default();
    for index in upstreams.iter().filter_map(|upstream| picture.table.position(upstream.id.as_str())) {
        tried.add(index);
    }
    tried
}

/// Whom to try although nobody is well. An instance that was chosen by name is not tried then, unless the request is about the
/// setup itself.
pub(super) fn last_resort(
    picture: &Picture,
    group: &Group,
    class: &Class<'_>,
    policies: &PanicPolicies,
    chosen: &Chosen,
    tried: &Tried,
) -> Option<Picked> {
    let resort = picture.table.last_resort(group, class, policies, tried)?;
    let by_name = chosen.instance.is_some() && resort.why == ResortReason::BestEvidence;
    let upstream = picture.upstreams.get(resort.index).filter(|_| !by_name)?.clone();
    Some(Picked { upstream, is_probe: false, is_last_resort: resort.why == ResortReason::BestEvidence })
}
