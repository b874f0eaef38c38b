//! An idle connection held to an instance, to learn of its death at once.
//!
//! Owns the connection and how often it may cry wolf. Does not own what a closed wire means: a probe finds out.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::Endpoint;
use peegeeq_domain::time::Moment;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::task::AbortOnDropHandle;

use super::meters;
use crate::net::{Deadline, Dialer, Stream};
use crate::observations::Phases;

/// After so many false trips the wire is off for the instance: it closes idle connections by itself.
const FALSE_TRIPS_MAX: usize = 3;

/// Two trips further apart than this have nothing to do with each other, and a wire that is off is tried again after it.
const FORGIVEN_AFTER: Duration = Duration::from_secs(10 * 60);

/// An idle wire asks the other end's system this often whether it is still there: a host that vanished closes nothing.
const KEEPALIVE: TcpKeepalive = TcpKeepalive::new().with_time(Duration::from_secs(15)).with_interval(Duration::from_secs(5));

/// How long a wire stays away before it is opened again, by the number of false trips so far.
const BACK_OFF: [Duration; FALSE_TRIPS_MAX] = [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(10)];

/// What became of a wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trip {
    /// It could not be opened. Proves nothing.
    NotOpened,
    /// It was closed, or something came over it: whoever held its other end is no longer what it was.
    Tripped,
}

/// Opens a wire after `back_off`, and holds it until something happens on it.
pub(super) fn hold(dialer: Arc<Dialer>, endpoint: Endpoint, timeout: Duration, back_off: Duration) -> impl Future<Output = Trip> {
    // Boxed, so that ten thousand waiting wires do not each keep room for the dialling they are done with.
    let opening = Box::pin(open(dialer, endpoint, timeout, back_off));
    async move {
        let Some(mut stream) = opening.await else { return Trip::NotOpened };
        // Nothing was asked: data, the end and an error all mean the same.
        let _ = poll_fn(|cx| Pin::new(&mut stream).poll_read(cx, &mut ReadBuf::new(&mut [0]))).await;
        Trip::Tripped
    }
}

async fn open(dialer: Arc<Dialer>, endpoint: Endpoint, timeout: Duration, back_off: Duration) -> Option<Stream> {
    tokio::time::sleep(back_off).await;
    // Over TLS the handshake is made: a server closes connections that only lie there before it.
    let stream = dialer.dial(&endpoint, Deadline::within(timeout), &mut Phases::default()).await.ok()?;
    if let Err(error) = SockRef::from(stream.tcp()).set_tcp_keepalive(&KEEPALIVE) {
        tracing::debug!(%error, "a tripwire is held without keepalive");
    }
    Some(stream)
}

/// The wire of one instance. Dropping it closes the connection.
#[derive(Debug, Default)]
pub(super) struct Wire {
    state: State,
    false_trips: usize,
    /// The last trip after which the instance turned out to be well: it restarted faster than the probe, or the trip was
    /// false. Only another one soon after tells.
    unexplained_trip: Option<Moment>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Away,
    Held {
        _task: AbortOnDropHandle<()>,
    },
    Tripped {
        at: Moment,
    },
}

impl Wire {
    /// The wire's task told of its end at `now`. `true`: a probe should find out why.
    pub(super) fn ended(&mut self, trip: Trip, now: Moment) -> bool {
        self.state = match trip {
            Trip::NotOpened => State::Away,
            Trip::Tripped => State::Tripped { at: now },
        };
        trip == Trip::Tripped
    }

    /// A probe that began at `started` passed. Returns how long to wait before opening the wire, if it should be opened.
    pub(super) fn probe_passed(&mut self, started: Moment) -> Option<Duration> {
        let is_recent = |trip: Option<Moment>, at: Moment| trip.is_some_and(|trip| at.since(trip) < FORGIVEN_AFTER);
        if !is_recent(self.unexplained_trip, started) {
            self.false_trips = 0;
        }
        if let State::Tripped { at } = self.state
            && started >= at
        {
            self.state = State::Away;
            if is_recent(self.unexplained_trip, at) {
                self.false_trips += 1;
                meters::false_trip();
            }
            self.unexplained_trip = Some(at);
        }
        match self.state {
            State::Away => BACK_OFF.get(self.false_trips).copied(),
            State::Held { .. } | State::Tripped { .. } => None,
        }
    }

    /// A probe failed: if the wire had tripped, it was right.
    pub(super) fn probe_failed(&mut self) {
        if matches!(self.state, State::Tripped { .. }) {
            self.state = State::Away;
        }
    }

    /// The instance is down: whatever the wire leads to is not what will come back.
    pub(super) fn instance_is_down(&mut self) {
        self.state = State::Away;
    }

    /// The task that holds it runs.
    pub(super) fn opened(&mut self, task: AbortOnDropHandle<()>) {
        self.state = State::Held { _task: task };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: fn(u64) -> Moment = Moment::from_millis;

    #[test]
    fn three_false_trips_switch_it_off_for_a_while() {
        let mut wire = Wire::default();
        let back_offs = [BACK_OFF[0], BACK_OFF[0], BACK_OFF[1], BACK_OFF[2]];
        for (n, back_off) in (0..).zip(back_offs) {
            assert_eq!(wire.probe_passed(AT(n * 100)), Some(back_off), "{n}");
            assert!(wire.ended(Trip::Tripped, AT(n * 100 + 50)));
            assert_eq!(wire.probe_passed(AT(n * 100 + 49)), None, "a probe that began before the trip says nothing about it");
        }
        assert_eq!(wire.probe_passed(AT(1_000)), None);
        assert_eq!(wire.probe_passed(AT(599_000)), None);
        assert_eq!(wire.probe_passed(AT(601_000)), Some(Duration::ZERO), "and tried again later");
    }

    #[test]
    fn rare_quick_restarts_are_not_held_against_it() {
        let mut wire = Wire::default();
        for hour in 1..20 {
            wire.ended(Trip::Tripped, AT(hour * 3_600_000));
            assert_eq!(wire.probe_passed(AT(hour * 3_600_000 + 10)), Some(Duration::ZERO));
        }
    }

    #[test]
    fn a_right_trip_and_a_failed_opening_are_not_held_against_it() {
        let mut wire = Wire::default();
        for _ in 0..10 {
            wire.ended(Trip::Tripped, Moment::default());
            wire.probe_failed();
            assert_eq!(wire.probe_passed(Moment::default()), Some(Duration::ZERO));
            assert!(!wire.ended(Trip::NotOpened, Moment::default()));
            assert_eq!(wire.probe_passed(Moment::default()), Some(Duration::ZERO));
        }
    }
}
