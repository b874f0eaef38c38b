//! One stream as its listeners see it: what comes from all instances, and who falls behind.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use peegeeq_domain::instance::InstanceId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, broadcast};

use super::{FanInSettings, Figures, Frame, Topic};

/// Too many clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} clients listen to streams already: raise streams.clients.max, or close some")]
pub struct Full(pub usize);

/// All streams that somebody listens to.
pub(super) struct Hubs {
    settings: FanInSettings,
    open: Mutex<HashMap<Topic, Arc<Hub>>>,
    clients: AtomicUsize,
    /// Somebody came, or the last one of a stream left.
    pub(super) changed: Notify,
}

/// One stream.
pub(super) struct Hub {
    frames: broadcast::Sender<Arc<Frame>>,
    listeners: AtomicUsize,
    latest: Mutex<HashMap<InstanceId, Figures>>,
}

/// What a listener is told.
#[derive(Clone, Debug)]
pub enum Heard {
    /// A frame.
    Frame(Arc<Frame>),
    /// So many frames are lost, because the listener was too slow.
    Missed(u64),
}

/// A place among the listeners of a stream.
pub struct Subscription {
    topic: Topic,
    hub: Arc<Hub>,
    hubs: Arc<Hubs>,
    frames: broadcast::Receiver<Arc<Frame>>,
}

impl Hubs {
    pub(super) fn new(settings: FanInSettings) -> Self {
        Self { settings, open: Mutex::default(), clients: AtomicUsize::new(0), changed: Notify::new() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<Topic, Arc<Hub>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn listen(self: &Arc<Self>, topic: Topic) -> Result<Subscription, Full> {
        if self.clients.fetch_add(1, Ordering::AcqRel) >= self.settings.clients_max {
            self.clients.fetch_sub(1, Ordering::AcqRel);
            return Err(Full(self.settings.clients_max));
        }
        metrics::gauge!("peegeeq_fan_in_clients").increment(1.0);
        let mut open = self.open();
        let hub = open.entry(topic.clone()).or_insert_with(|| Arc::new(Hub::new(self.settings.frames_max))).clone();
        hub.listeners.fetch_add(1, Ordering::AcqRel);
        drop(open);
        self.changed.notify_one();
        let frames = hub.frames.subscribe();
        Ok(Subscription { topic, hub, hubs: self.clone(), frames })
    }

    /// The streams that somebody listens to.
    pub(super) fn wanted(&self) -> Vec<(Topic, Arc<Hub>)> {
        self.open().iter().map(|(topic, hub)| (topic.clone(), hub.clone())).collect()
    }
}

impl Hub {
    fn new(frames_max: usize) -> Self {
        let (frames, _) = broadcast::channel(frames_max.max(1));
        Self { frames, listeners: AtomicUsize::new(0), latest: Mutex::default() }
    }

    pub(super) fn say(&self, frame: Frame) {
        // Nobody there any more is no failure: the connection is about to be closed.
        let _ = self.frames.send(Arc::new(frame));
    }

    pub(super) fn note(&self, instance: &InstanceId, figures: Option<Figures>) {
        let mut latest = self.latest();
        match figures {
            Some(figures) => drop(latest.insert(instance.clone(), figures)),
            None => drop(latest.remove(instance)),
        }
    }

    fn latest(&self) -> MutexGuard<'_, HashMap<InstanceId, Figures>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next frame; `None` when there will be none. Being dropped while waiting loses nothing.
    pub async fn next(&mut self) -> Option<Heard> {
        match self.frames.recv().await {
            Ok(frame) => Some(Heard::Frame(frame)),
            Err(RecvError::Lagged(missed)) => {
                metrics::counter!("peegeeq_fan_in_frames_lost_total").increment(missed);
                Some(Heard::Missed(missed))
            }
            Err(RecvError::Closed) => None,
        }
    }

    /// The last figures of every instance whose stream is open.
    pub fn latest(&self) -> Vec<Figures> {
        self.hub.latest().values().copied().collect()
    }

    /// How many clients listen to this stream.
    pub fn listeners(&self) -> usize {
        self.hub.listeners.load(Ordering::Acquire)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut open = self.hubs.open();
        if self.hub.listeners.fetch_sub(1, Ordering::AcqRel) == 1 {
            open.remove(&self.topic);
        }
        drop(open);
        self.hubs.clients.fetch_sub(1, Ordering::AcqRel);
        metrics::gauge!("peegeeq_fan_in_clients").decrement(1.0);
        self.hubs.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::super::FrameKind;
    use super::*;

    fn hubs() -> Arc<Hubs> {
        Arc::new(Hubs::new(FanInSettings { clients_max: 2, frames_max: 2 }))
    }

    #[tokio::test]
    async fn who_is_too_slow_is_told_how_much_is_missing() {
        let hubs = hubs();
        let mut slow = hubs.listen(Topic::Metrics).expect("a place");
        let hub = hubs.wanted()[0].1.clone();
        for _ in 0..5 {
            hub.say(Frame { kind: FrameKind::InstanceMetrics, text: bytes::Bytes::from_static(b"{}") });
        }
        assert!(matches!(slow.next().await, Some(Heard::Missed(3))));
        assert!(matches!(slow.next().await, Some(Heard::Frame(_))));
    }

    #[tokio::test]
    async fn places_are_bounded_and_given_back() {
        let hubs = hubs();
        let (one, two) = (hubs.listen(Topic::Metrics).expect("one"), hubs.listen(Topic::Monitoring).expect("two"));
        assert_eq!(hubs.listen(Topic::Metrics).err(), Some(Full(2)));
        assert_eq!(hubs.wanted().len(), 2);
        drop(one);
        assert_eq!(hubs.wanted().len(), 1, "nobody listens to metrics any more");
        let again = hubs.listen(Topic::Monitoring).expect("a place was given back");
        assert_eq!(again.listeners(), 2);
        drop((two, again));
        assert!(hubs.wanted().is_empty());
    }
}
