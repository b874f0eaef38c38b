//! The task that leads rolling restarts: look, decide, make durable, order.
//!
//! Owns that order, and when it is looked again. A step that the disk refuses did not happen; an order that fails is given
//! again at the next look, because it follows from what is seen.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::{Patch, Said, Verb as InstanceVerb};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::rolling::{Act, Note, NoteKind, Rolling, Verb};

use super::eyes::Eyes;
use super::handle::{All, Doors, Order, RollingError};
use super::{Ground, REMEMBERED_MAX};
use crate::clock;
use crate::registry::{Kept, RegistryError};

/// How often it is looked at what is under way.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Looks, decides and orders until it is dropped.
pub(super) async fn run(ground: Ground, doors: Doors) {
    let Doors { mut orders, all } = doors;
    let mut leader = Leader { ground, all, eyes: Eyes::default() };
    // A cadence of its own: who orders again and again must not keep it from looking.
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    looks.reset();
    loop {
        let is_led = leader.led().is_some();
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => {
                    leader.order(order).await;
                    if !is_led {
                        // What was just begun is looked at when the rest of the manager has heard of it.
                        looks.reset();
                    }
                }
                // Nobody can say anything any more: the manager stops.
                None => std::future::pending().await,
            },
            _ = looks.tick(), if is_led => leader.turn().await,
        }
    }
}

struct Leader {
    ground: Ground,
    all: All,
    eyes: Eyes,
}

impl Leader {
    /// The one that is not over.
    fn led(&self) -> Option<Arc<Rolling>> {
        self.all.load().iter().find(|rolling| !rolling.is_over()).cloned()
    }

    async fn order(&mut self, order: Order) {
        // Who asked and went away needs no answer.
        match order {
            Order::Begin { rolling, reply } => drop(reply.send(self.begin(*rolling).await)),
            Order::Tell { id, verb, by, reply } => drop(reply.send(self.tell(&id, verb, by).await)),
        }
    }

    async fn begin(&mut self, rolling: Rolling) -> Result<Arc<Rolling>, RollingError> {
        if let Some(another) = self.led() {
            return Err(RollingError::Another(another.id.clone()));
        }
        let sentence = format!("{} instances, {} at a time", rolling.steps.len(), rolling.limits.max_unavailable);
        let note = Note::new(NoteKind::Began, None, sentence.into());
        let by = rolling.by.clone();
        Ok(self.keep(rolling, vec![note], Some(by)).await?)
    }

    async fn tell(&mut self, id: &str, verb: Verb, by: Arc<str>) -> Result<Arc<Rolling>, RollingError> {
        let known = self.all.load().iter().find(|rolling| &*rolling.id == id).cloned().ok_or(RollingError::Unknown)?;
        match known.told(verb, clock::wall()).map_err(RollingError::Refused)? {
            None => Ok(known),
            Some((next, note)) => Ok(self.keep(next, vec![note], Some(by)).await?),
        }
    }

    /// One look, and what follows from it.
    async fn turn(&mut self) {
        let Some(rolling) = self.led() else { return };
        let sights = self.eyes.look(&self.ground, &rolling).await;
        let turn = rolling.turn(&sights, clock::wall());
        if turn.notes.is_empty() {
            for act in turn.acts {
                self.act(&rolling, act).await;
            }
        } else if let Err(error) = self.keep(turn.next, turn.notes, None).await {
            tracing::warn!(restart = &*rolling.id, %error, "a step of rolling restart {} cannot be kept yet: {error}", rolling.id);
        }
    }

    /// Makes it durable, and shows it then.
    async fn keep(&self, rolling: Rolling, notes: Vec<Note>, by: Option<Arc<str>>) -> Result<Arc<Rolling>, RegistryError> {
        let rolling = Arc::new(rolling);
        let mut all: Vec<_> = self.all.load().iter().filter(|known| known.id != rolling.id).cloned().collect();
        all.push(rolling.clone());
        all.sort_by_key(|rolling| rolling.began_at);
        let mut forgotten = Vec::new();
        while let Some(oldest) = all.iter().position(|known| known.is_over()).filter(|_| all.len() > REMEMBERED_MAX) {
            forgotten.push(all.remove(oldest).id.clone());
        }
        let event = |Note { kind, instance, sentence }: Note| {
            let about = instance.as_ref().map_or("", |id| id.as_str()).to_owned();
            tracing::info!(restart = &*rolling.id, instance = about, "rolling restart {}: {about} {sentence}", rolling.id);
            JournalEvent::Restart { restart: rolling.id.clone(), kind, id: instance, by: by.clone(), sentence }
        };
        let kept = Kept { rolling: Some(rolling.clone()), forgotten, events: notes.into_iter().map(event).collect() };
        self.ground.registry.keep(kept).await?;
        self.all.store(Arc::new(all));
        Ok(rolling)
    }

    async fn act(&self, rolling: &Rolling, act: Act) {
        let (instance, said) = match act {
            Act::Look(instance) => return self.ground.traffic.look_at(&instance),
            Act::Drain { instance, deadline } => {
                let said = Said::plain(InstanceVerb::Drain, rolling.by.clone());
                (instance, Said { deadline: Some(Some(deadline)), until: Some(None), ..said })
            }
            Act::Resume(instance) => (instance, Said::plain(InstanceVerb::Resume, rolling.by.clone())),
        };
        let said = Said { reason: Some(Some(rolling.reason_of_orders())), ..said };
        let patch = Patch { order: Some(said), ..Patch::default() };
        let ordered = self.ground.registry.change(instance.clone(), patch, None, Some(rolling.by.clone())).await;
        match ordered {
            // Who left is seen to have left at the next look.
            Ok(_) | Err(RegistryError::NotFound) => {}
            Err(error) => {
                tracing::warn!(restart = &*rolling.id, instance = instance.as_str(), %error, "{} cannot be ordered yet: {error}", instance.as_str());
            }
        }
    }
}
