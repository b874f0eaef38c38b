//! The background task of the gateway: it keeps the picture true, and looks at instances when a request says it is not.
//!
//! Owns when the picture is made anew, and that looks are shared and rare. Requests send orders and may wait for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use peegeeq_domain::catalog::Entry;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::Moment;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::parting;
use super::picture::{Painter, Picture};
use crate::clock;
use crate::net::{Client, Deadline, Limits};
use crate::registry::CatalogReader;

/// How often it is seen whether setups or ejections changed; changes of the catalog are seen at once.
const GLANCE: Duration = Duration::from_millis(200);

/// Resting connections are tended once in so many glances.
const TEND_EVERY: u32 = 5;

/// A picture that took longer than this to make is not made again before nine times as long has passed: thousands of instances that
/// come or fall together do not take more than a tenth of a core.
const QUICK: Duration = Duration::from_millis(2);

/// The least time between two looks at everybody, or at the same instance.
const LOOK_PAUSE: Duration = Duration::from_secs(1);

/// The longest time of one look.
const LOOK_MAX: Duration = Duration::from_secs(2);

/// The most bytes of a list of setups.
const LIST_MAX: usize = 1 << 20;

/// The most instances that are looked at together.
const LOOKS_MAX: usize = 64;

/// The most orders waiting.
const ORDERS_MAX: usize = 256;

/// What a request asks of the task.
pub(super) enum Order {
    /// Nobody has the setup: look at everybody.
    Everybody(oneshot::Sender<()>),
    /// The setups of this instance changed, or are not what they seemed.
    One(InstanceId, Option<oneshot::Sender<()>>),
    /// A setup was taken from this instance.
    Removed(InstanceId, String, oneshot::Sender<()>),
    /// Somebody is to be ejected, or is well again.
    Standing,
}

/// Sends orders.
#[derive(Clone, Debug)]
pub(super) struct Orders(mpsc::Sender<Order>);

impl Orders {
    /// Orders, and where they arrive.
    pub(super) fn new() -> (Self, mpsc::Receiver<Order>) {
        let (sender, receiver) = mpsc::channel(ORDERS_MAX);
        (Self(sender), receiver)
    }

    /// Sends an order that nobody waits for. One too many is dropped: the next glance comes soon.
    pub(super) fn send(&self, order: Order) {
        let _ = self.0.try_send(order);
    }

    /// Sends an order and waits until it is done, but not for ever.
    pub(super) async fn done(&self, order: impl FnOnce(oneshot::Sender<()>) -> Order) {
        let (done, waiting) = oneshot::channel();
        if self.0.try_send(order(done)).is_ok() {
            // Done or given up: the picture is what it is.
            let _ = Deadline::within(LOOK_MAX + LOOK_PAUSE).or_none(waiting).await;
        }
    }
}

/// The task.
pub(super) struct Keeper {
    pub(super) painter: Painter,
    pub(super) picture: Arc<ArcSwap<Picture>>,
    pub(super) catalog: CatalogReader,
    pub(super) client: Client,
    pub(super) orders: mpsc::Receiver<Order>,
}

/// A look at everybody under way, and who waits for it.
#[derive(Default)]
struct Round {
    waiting: Vec<oneshot::Sender<()>>,
    left: usize,
    last: Option<Moment>,
}

/// What one look brought.
struct Look {
    instance: InstanceId,
    listed: Option<Vec<Arc<str>>>,
    done: Done,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    setup_ids: Vec<Arc<str>>,
}

/// For whom a look was made.
enum Done {
    Round,
    One(Option<oneshot::Sender<()>>),
}

/// What the task remembers.
#[derive(Default)]
struct State {
    round: Round,
    /// When instances were looked at because of an answer that nobody waits for.
    glanced: HashMap<InstanceId, Moment>,
    /// What the observations stood at when the picture was made.
    standing: u64,
    glances: u32,
    /// The picture is known to be out of date.
    stale: bool,
    /// A picture that is merely out of date is not made before.
    rest_until: Option<Instant>,
}

type Looks = FuturesUnordered<BoxFuture<'static, Look>>;

impl Keeper {
    /// Runs until it is dropped.
    pub(super) async fn run(mut self) {
        let mut glance = tokio::time::interval(GLANCE);
        glance.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let (mut looks, mut state) = (Looks::new(), State::default());
        self.paint(&mut state);
        loop {
            let rest_until = state.rest_until.unwrap_or_else(clock::instant);
            tokio::select! {
                goes_on = self.catalog.changed() => {
                    if !goes_on {
                        // The registry stopped, and so does everything else.
                        std::future::pending::<()>().await;
                    }
                    self.paint_in_time(&mut state);
                }
                () = tokio::time::sleep_until(rest_until), if state.stale => self.paint(&mut state),
                _ = glance.tick() => self.glance(&mut state),
                Some(order) = self.orders.recv() => self.order(order, &mut state, &looks),
                Some(look) = looks.next() => self.looked(look, &mut state),
            }
        }
    }

    /// Makes the picture anew now, or when it may be made again.
    fn paint_in_time(&mut self, state: &mut State) {
        match state.rest_until {
            Some(until) if clock::instant() < until => state.stale = true,
            _ => self.paint(state),
        }
    }

    fn paint(&mut self, state: &mut State) {
        let began = clock::instant();
        state.stale = false;
        // Read before the slots: what comes in between is seen at the next glance.
        state.standing = self.painter.observations.standing();
        let before = self.picture.load_full();
        let next = self.painter.paint(&self.catalog.current(), &before, clock::now());
        self.picture.store(Arc::new(next));
        let took = began.elapsed();
        state.rest_until = (took > QUICK).then(|| clock::instant() + took * 9);
    }

    fn glance(&mut self, state: &mut State) {
        let picture = self.picture.load_full();
        state.glances = state.glances.wrapping_add(1);
        if state.glances.is_multiple_of(TEND_EVERY) {
            picture.upstreams.iter().for_each(|upstream| upstream.tend());
            let now = clock::now();
            state.glanced.retain(|_, at| now.since(*at) < LOOK_PAUSE);
        }
        parting::enforce(&self.catalog.current(), &picture);
        let due = picture.table.changes_at().is_some_and(|at| clock::now() >= at);
        if due || state.standing != self.painter.observations.standing() {
            self.paint_in_time(state);
        }
    }

    fn order(&mut self, order: Order, state: &mut State, looks: &Looks) {
        match order {
            Order::Standing => self.paint(state),
            Order::Removed(instance, setup, done) => {
                let seen = self.painter.observations.slot(instance.as_str()).and_then(|slot| slot.setups());
                self.painter.learned.removed(instance.as_str(), &setup, seen.as_deref(), clock::wall());
                self.paint(state);
                tell(done);
            }
            Order::Everybody(done) => self.look_at_everybody(done, &mut state.round, looks),
            Order::One(instance, done) => {
                let now = clock::now();
                let again = done.is_none() && state.glanced.get(&instance).is_some_and(|at| now.since(*at) < LOOK_PAUSE);
                let catalog = self.catalog.current();
                // Whoever waits for a look that is not made goes on with the picture there is.
                let Some(entry) = catalog.get(instance.as_str()).filter(|_| !again && looks.len() < LOOKS_MAX) else { return };
                state.glanced.insert(instance, now);
                looks.push(look(self.client.clone(), entry.clone(), Done::One(done)).boxed());
            }
        }
    }

    fn look_at_everybody(&self, done: oneshot::Sender<()>, round: &mut Round, looks: &Looks) {
        let now = clock::now();
        if round.left == 0 {
            if round.last.is_some_and(|last| now.since(last) < LOOK_PAUSE) {
                return tell(done);
            }
            round.last = Some(now);
            let catalog = self.catalog.current();
            for entry in catalog.entries().iter().filter(|entry| entry.is_federated()).take(LOOKS_MAX) {
                looks.push(look(self.client.clone(), entry.clone(), Done::Round).boxed());
                round.left += 1;
            }
        }
        if round.left > 0 { round.waiting.push(done) } else { tell(done) }
    }

    fn looked(&mut self, look: Look, state: &mut State) {
        if let Some(listed) = look.listed {
            self.painter.learned.listed(look.instance.as_str(), listed, clock::wall());
            self.paint(state);
        }
        match look.done {
            Done::One(done) => done.into_iter().for_each(tell),
            Done::Round => {
                state.round.left -= 1;
                if state.round.left == 0 {
                    state.round.waiting.drain(..).for_each(tell);
                }
            }
        }
    }
}

/// Whoever stopped waiting needs no word.
fn tell(done: oneshot::Sender<()>) {
    let _ = done.send(());
}

/// Asks an instance which setups it has. `listed` is `None` if it did not say.
async fn look(client: Client, entry: Arc<Entry>, done: Done) -> Look {
    let registration = &entry.instance.registration;
    let limits = Limits { deadline: Deadline::within(LOOK_MAX), body_max: LIST_MAX };
    let answer = client.get(&registration.endpoint, "/api/v1/setups", limits).await;
    let listed = answer.ok().filter(|answer| answer.status == 200).and_then(|answer| serde_json::from_slice::<Listed>(&answer.body).ok());
    Look { instance: registration.id.clone(), listed: listed.map(|list| list.setup_ids), done }
}
