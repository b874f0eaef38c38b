//! What would become of a request, told instead of done: read, narrowed and decided by the functions that real requests go
//! through, on the same picture and the same loads.
//!
//! Owns following a request up to the choice. Sends nothing, takes no turn and no place from anybody.

use http::{HeaderMap, Method, Uri};
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::routing::ask::{Ask, Class, Effect, Need, Owner, Routed};
use peegeeq_domain::routing::explain::{Explanation, Outcome, Question, explain};
use peegeeq_domain::routing::panic::{LastResort, ResortReason};
use peegeeq_domain::routing::pick::{Affinity, NoCandidate, StrategyFrom, Tried};
use peegeeq_domain::routing::table::{Found, Group, Wanted};

use super::choose::{self, Chosen, How};
use super::picture::Picture;
use super::refusals::{self, Refused};
use super::told::{RoutingHandle, TableTold, table_told};
use super::{forward, is_claimed};
use crate::clock;
use crate::server::Refusal;

/// A request that only looks, and nothing else.
pub(super) static READ: Class<'static> =
    Class { effect: Effect::Read, heeds_key: false, stream: false, asks_health: false, about_setup: false, directory: None };

/// The request that is asked about.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its method.
    pub method: Method,
    /// Its path and query.
    pub uri: Uri,
    /// Its headers.
    pub headers: HeaderMap,
    /// The setup that would stand in its body, where that counts.
    pub setup_in_body: Option<String>,
}

/// Why a request goes to somebody who should not be picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resort {
    /// It is about the setup itself.
    AboutSetup,
    /// Nobody is well: the answer bears `X-PeeGeeQ-Evidence`.
    BestEvidence,
}

/// What would become of a request.
#[derive(Debug)]
pub struct Explained {
    /// The word for what it needs.
    pub need: &'static str,
    /// The setup it is for.
    pub setup: Option<String>,
    /// The queue in it, if the path says so.
    pub queue: Option<String>,
    /// Whether it only looks.
    pub is_read: bool,
    /// Whether it may be sent again although it may have been acted on.
    pub may_repeat: bool,
    /// Whether it goes on and on.
    pub is_stream: bool,
    /// What the strategy was chosen by.
    pub strategy_from: StrategyFrom,
    /// Requests for the same go to the same instance.
    pub has_affinity: bool,
    /// The owner is known from an earlier request.
    pub owner_is_known: bool,
    /// The decision; absent where the manager answers itself.
    pub explanation: Option<Explanation>,
    /// Who gets it.
    pub chosen: Option<InstanceId>,
    /// Why it goes there although it should not.
    pub resort: Option<Resort>,
    /// The answer, if nobody gets it.
    pub refusal: Option<Box<Refusal>>,
    /// The picture it was decided by.
    pub table: TableTold,
}

impl RoutingHandle {
    /// What would become of this request now. An error is the answer that the request itself would get for being wrong.
    pub fn explain(&self, asked: &Asked) -> Result<Explained, Box<Refusal>> {
        let picture = self.shared.picture.load_full();
        if !is_claimed(&asked.method, &asked.uri, &asked.headers) {
            return Ok(own(&picture));
        }
        let Routed { ask, through } = forward::routed(&asked.method, &asked.uri)?;
        let mut chosen = Chosen::read(&asked.headers)?;
        if let Some(through) = through {
            chosen.instance = Some(through.instance.into_owned());
        }
        let beside = beside_path(&picture, &ask.need, asked.setup_in_body.as_deref())?;
        let wanted = match beside {
            Some(id) => Wanted::Setup { id, queue: None },
            None => ask.need.wanted().ok_or_else(refusals::no_body_setup)?,
        };
        let has_key = asked.headers.contains_key("idempotency-key");
        Ok(self.decide(&picture, &Request { ask: &ask, wanted, chosen: &chosen, has_key }))
    }

    fn decide(&self, picture: &Picture, request: &Request<'_>) -> Explained {
        let Request { ask, wanted, chosen, has_key } = request;
        let settings = &self.shared.settings;
        let found = picture.table.find(wanted, &chosen.choice());
        let group = if let Found::Group(group) = found { Some(group) } else { None };
        let nobody = Group::default();
        let how = choose::how(settings, picture, group.unwrap_or(&nobody), wanted, &ask.class);
        let how = if let Need::Owner(owner) = &ask.need { for_owner(how, owner) } else { how };
        let question = Question {
            wanted: *wanted,
            choice: chosen.choice(),
            class: &ask.class,
            new_setup: matches!(ask.need, Need::NewSetup),
            draw: self.turns.draw(&how, ask.class.is_safe()),
            policies: settings.panics,
            tried: Tried::default(),
        };
        let mut explanation = explain(&picture.table, &question, picture);
        let owner = self.known_owner(picture, &ask.need, group);
        adjust(&mut explanation, owner, chosen);
        let (index, resort) = picked(&explanation.outcome);
        Explained {
            need: word(&ask.need),
            setup: choose::setup_of(wanted).map(str::to_owned),
            queue: if let Wanted::Setup { queue: Some(queue), .. } = wanted { Some((*queue).to_owned()) } else { None },
            is_read: ask.class.is_safe(),
            may_repeat: ask.class.may_repeat(*has_key),
            is_stream: ask.class.stream,
            strategy_from: how.from,
            has_affinity: how.affinity.is_some(),
            owner_is_known: owner.is_some(),
            chosen: index.and_then(|index| picture.table.candidate(index)).map(|candidate| candidate.id.clone()),
            resort,
            refusal: refusal(&explanation.outcome, picture, wanted, chosen),
            explanation: Some(explanation),
            table: table_told(picture, clock::now()),
        }
    }

    /// The number of the owner that is remembered, if it is well.
    fn known_owner(&self, picture: &Picture, need: &Need<'_>, group: Option<&Group>) -> Option<usize> {
        let Need::Owner(owner) = need else { return None };
        let index = picture.table.position(self.shared.owners.of(owner)?.as_str())?;
        group?.seats().any(|seat| seat.index == index).then_some(index)
    }
}

/// A request that was read.
struct Request<'a> {
    ask: &'a Ask<'a>,
    wanted: Wanted<'a>,
    chosen: &'a Chosen,
    has_key: bool,
}

/// A request that the manager answers itself.
fn own(picture: &Picture) -> Explained {
    Explained {
        need: "manager",
        setup: None,
        queue: None,
        is_read: true,
        may_repeat: false,
        is_stream: false,
        strategy_from: StrategyFrom::Usual,
        has_affinity: false,
        owner_is_known: false,
        explanation: None,
        chosen: None,
        resort: None,
        refusal: None,
        table: table_told(picture, clock::now()),
    }
}

/// The setup, where it stands in the body or is glued to the name of a store.
fn beside_path<'a>(picture: &Picture, need: &'a Need<'_>, in_body: Option<&'a str>) -> Result<Option<&'a str>, Refused> {
    match need {
        Need::SetupInBody => in_body
            .map(Some)
            .ok_or_else(|| refusals::bad_request("the setup of this request stands in its body: say it as 'setup' beside method and path")),
        Need::StoreInId(id) => picture.table.setup_of_store(id).map(Some).map_err(|fault| refusals::bad_request(fault.to_string())),
        _ => Ok(None),
    }
}

/// While nobody is known to own something, all that belongs together is looked for at the same instance first.
fn for_owner(how: How, owner: &Owner<'_>) -> How {
    How { affinity: Some(Affinity { key: owner.affinity, bounded: false }), ..how }
}

/// What the gateway does beside the table: a remembered owner is asked first, and an instance that was chosen by name is not
/// tried against all evidence.
fn adjust(explanation: &mut Explanation, owner: Option<usize>, chosen: &Chosen) {
    let by_name = chosen.instance.is_some();
    match (owner, &explanation.outcome) {
        (Some(owner), Outcome::Picked(_)) => explanation.outcome = Outcome::Picked(owner),
        (_, Outcome::LastResort(LastResort { why: ResortReason::BestEvidence, .. })) if by_name => {
            explanation.outcome = Outcome::Nobody(NoCandidate::Empty);
        }
        _ => return,
    }
    let (index, _) = picked(&explanation.outcome);
    for row in explanation.groups.iter_mut().flat_map(|group| &mut group.rows) {
        row.chosen = index == Some(row.index);
    }
}

fn picked(outcome: &Outcome) -> (Option<usize>, Option<Resort>) {
    match outcome {
        Outcome::Picked(index) => (Some(*index), None),
        Outcome::LastResort(LastResort { index, why: ResortReason::AboutSetup }) => (Some(*index), Some(Resort::AboutSetup)),
        Outcome::LastResort(LastResort { index, why: ResortReason::BestEvidence }) => (Some(*index), Some(Resort::BestEvidence)),
        Outcome::Nobody(_) | Outcome::Conflict | Outcome::Unknown(_) | Outcome::NoSuchInstance => (None, None),
    }
}

/// The answer that the request gets if nobody gets the request.
fn refusal(outcome: &Outcome, picture: &Picture, wanted: &Wanted<'_>, chosen: &Chosen) -> Option<Refused> {
    if picked(outcome).0.is_some() {
        return None;
    }
    Some(match choose::group(picture, wanted, chosen) {
        Ok(group) => refusals::nobody(choose::setup_of(wanted), group, picture),
        Err(miss) => miss.refusal(wanted),
    })
}

const fn word(need: &Need<'_>) -> &'static str {
    match need {
        Need::Setup { .. } => "setup",
        Need::SetupInBody => "setup-in-body",
        Need::StoreInId(_) => "setup-of-store",
        Need::NewSetup => "new-setup",
        Need::Owner(_) => "owner",
        Need::AnyInstance => "any-instance",
        Need::Cluster(_) | Need::FanIn(_) => "chosen-instance",
    }
}
