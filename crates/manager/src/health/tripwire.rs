//! An idle connection held to an instance, to learn of its death at once.
//!
//! Owns the connection and how often it may cry wolf. Does not own what a closed wire means: a probe finds out.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::Endpoint;
use peegeeq_domain::time::Moment;
use tokio::io::AsyncReadExt;
use tokio_util::task::AbortOnDropHandle;

use super::meters;
use crate::net::{Deadline, Dialer};
use crate::observations::Phases;

/// After so many false trips the wire is off for the instance: it closes idle connections by itself.
const FALSE_TRIPS_MAX: usize = 3;

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
pub(super) async fn hold(dialer: Arc<Dialer>, endpoint: Endpoint, timeout: Duration, back_off: Duration) -> Trip {
    tokio::time::sleep(back_off).await;
    // Boxed, so that ten thousand waiting wires do not each keep room for the dialling they are done with.
    let dialled = Box::pin(async { dialer.dial_tcp(&endpoint, Deadline::within(timeout), &mut Phases::default()).await }).await;
    drop((dialer, endpoint));
    let Ok(mut stream) = dialled else { return Trip::NotOpened };
    // Nothing was asked: data, the end and an error all mean the same.
    let _ = stream.read_u8().await;
    Trip::Tripped
}

/// The wire of one instance. Dropping it closes the connection.
#[derive(Debug, Default)]
pub(super) struct Wire {
    state: State,
    false_trips: usize,
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
        if let State::Tripped { at } = self.state
            && started >= at
        {
            self.state = State::Away;
            self.false_trips += 1;
            meters::false_trip();
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

    /// The task that holds it runs.
    pub(super) fn opened(&mut self, task: AbortOnDropHandle<()>) {
        self.state = State::Held { _task: task };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_false_trips_switch_it_off() {
        let mut wire = Wire::default();
        let at = Moment::from_millis;
        for (n, back_off) in (0..).zip(BACK_OFF) {
            assert_eq!(wire.probe_passed(at(n * 100)), Some(back_off));
            assert!(wire.ended(Trip::Tripped, at(n * 100 + 50)));
            assert_eq!(wire.probe_passed(at(n * 100 + 49)), None, "a probe that began before the trip says nothing about it");
        }
        assert_eq!(wire.probe_passed(at(1_000)), None);
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
