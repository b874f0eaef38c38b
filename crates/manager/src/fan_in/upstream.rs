//! One stream of one instance, for as long as somebody listens: connected again whenever it breaks off.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use peegeeq_domain::catalog::Entry;

use tokio_util::sync::CancellationToken;

use super::frame::Origin;
use super::hub::Hub;
use super::{Topic, events, socket};
use crate::clock;
use crate::net::{Caller, Deadline, Dialer, Failure, Stream};
use crate::observations::Phases;

/// The first pause before connecting again.
const PAUSE_MIN: Duration = Duration::from_millis(500);

/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// For connecting and the head of the answer.
pub(super) const OPEN_TIMEOUT: Duration = Duration::from_secs(5);

/// A stream that says nothing for so long is dead: instances speak at least every 30 s.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(90);

/// How instances are connected to.
pub(super) struct Way {
    pub(super) dialer: Arc<Dialer>,
    pub(super) caller: Caller,
}

/// Who says something, and who hears it.
pub(super) struct Talk<'a> {
    pub(super) entry: &'a Entry,
    pub(super) origin: Origin,
    pub(super) hub: &'a Hub,
    /// Something came since the connection was opened.
    spoke: &'a AtomicBool,
}

impl Talk<'_> {
    /// Notes that something came.
    pub(super) fn heard(&self) {
        self.spoke.store(true, Ordering::Relaxed);
    }
}

impl Way {
    /// A new connection to the instance.
    pub(super) async fn dial(&self, entry: &Entry) -> Result<Stream, Failure> {
        self.dialer.dial(&entry.instance.registration.endpoint, Deadline::within(OPEN_TIMEOUT), &mut Phases::default()).await
    }
}

/// Follows the stream until nobody wants it any more. Whoever listens learns of every end of what was heard.
pub(super) async fn follow_until(cancel: &CancellationToken, way: &Way, entry: &Entry, topic: &Topic, hub: &Hub) {
    let spoke = AtomicBool::new(false);
    cancel.run_until_cancelled(follow(way, entry, topic, hub, &spoke)).await;
    hub.note(entry.id(), None);
    if spoke.load(Ordering::Relaxed) {
        hub.say(Origin::of(entry).gap("the instance is down, moved, left, or no longer has what the stream is about"));
    }
}

async fn follow(way: &Way, entry: &Entry, topic: &Topic, hub: &Hub, spoke: &AtomicBool) {
    let mut pause = PAUSE_MIN;
    loop {
        let mut talk = Talk { entry, origin: Origin::of(entry), hub, spoke };
        let reason = listen(way, topic, &mut talk).await;
        hub.note(entry.id(), None);
        let id = entry.id().as_str();
        tracing::debug!(instanceId = id, stream = topic.word(), "the {} stream of instance {id} ended: {reason}", topic.word());
        if spoke.swap(false, Ordering::Relaxed) {
            hub.say(talk.origin.gap(&reason));
            pause = PAUSE_MIN;
        }
        tokio::time::sleep(pause.mul_f64(rand::random_range(0.5..1.0))).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Listens until the end, and tells why it ended.
async fn listen(way: &Way, topic: &Topic, talk: &mut Talk<'_>) -> String {
    let _open = Open::of(topic);
    let began = clock::instant();
    let ended = match topic {
        Topic::Monitoring => socket::listen(way, &topic.path(), talk).await,
        Topic::Metrics | Topic::Queues(_) => events::listen(way, &topic.path(), talk).await,
    };
    let reason = ended.err().unwrap_or_else(|| "the instance ended it".to_owned());
    format!("{reason} (after {} ms)", began.elapsed().as_millis())
}

/// Counts a connection as open.
struct Open(metrics::Gauge);

impl Open {
    fn of(topic: &Topic) -> Self {
        let gauge = metrics::gauge!("peegeeq_fan_in_upstreams", "stream" => topic.word());
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}
