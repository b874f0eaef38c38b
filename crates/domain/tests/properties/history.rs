//! The past of an instance, against a world that knew it.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::health::{HealthState, Verdict, state_of};
use peegeeq_domain::history::{Happened, Past, Standing, State, availability, before};
use peegeeq_domain::instance::{Draft, Instance, Presence, Registration, Revision, Verb};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use proptest::prelude::*;

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_epoch_millis(millis)
}

fn draft() -> Registration {
    let text = |text: &str| Some(text.to_owned());
    Registration::from_draft(Draft { instance_id: text("a"), host: text("127.0.0.1"), port: Some(Some(1)), ..Draft::default() })
        .expect("a valid draft")
}

/// What is true, whoever knows it.
#[derive(Clone)]
struct World {
    instance: Option<Arc<Instance>>,
    verdict: Verdict,
    runs: bool,
}

impl World {
    fn state(&self) -> State {
        let Some(instance) = &self.instance else { return State::Absent };
        match instance.presence {
            Presence::Maintenance => State::Maintenance,
            Presence::Draining | Presence::Stopping => State::Is(HealthState::Stopping),
            _ if !self.runs => State::Unknown,
            presence => match state_of(presence, self.verdict) {
                HealthState::Unknown => State::Unknown,
                known => State::Is(known),
            },
        }
    }

    fn past(&self) -> Past {
        let standing = self.instance.clone().map_or(Standing::Absent, |instance| Standing::Present(Some(instance)));
        Past { standing, verdict: (self.instance.is_some() && self.runs).then_some(self.verdict) }
    }

    /// Does something, if it can be done, and tells what the journal would.
    fn step(&mut self, what: u8, n: i64) -> Option<JournalEvent> {
        if !self.runs {
            (self.runs, self.verdict) = (true, Verdict::Unprobed);
            return Some(JournalEvent::ManagerStarted { version: String::new() });
        }
        if what == 0 {
            self.runs = false;
            return Some(JournalEvent::ManagerStopped);
        }
        let Some(known) = self.instance.clone() else { return Some(self.register(n)) };
        let id = known.id().clone();
        match what {
            1 => {
                self.instance = None;
                Some(JournalEvent::Deregistered { id, by: None })
            }
            2..=4 => {
                let verb = [Verb::Drain, Verb::Maintenance, Verb::Resume][usize::from(what - 2)];
                let next = Arc::new(Instance { presence: verb.presence(), revision: known.revision.next(), ..(*known).clone() });
                self.instance = Some(next.clone());
                Some(JournalEvent::Ordered { id, verb, by: "ann".into(), instance: Some(next), reason: None })
            }
            5 => Some(self.moved(&known)),
            _ => {
                let to = if what.is_multiple_of(2) { Verdict::Passing } else { Verdict::Down { in_a_row: 3 } };
                let from = std::mem::replace(&mut self.verdict, to);
                (from != to).then(|| JournalEvent::VerdictChanged { id, from, to, evidence: String::new() })
            }
        }
    }

    fn register(&mut self, n: i64) -> JournalEvent {
        let instance = Arc::new(Instance::registered(draft(), at(n)));
        (self.instance, self.verdict) = (Some(instance.clone()), Verdict::Unprobed);
        JournalEvent::Registered { id: instance.id().clone(), endpoint: String::new(), instance: Some(instance), by: None }
    }

    fn moved(&mut self, known: &Instance) -> JournalEvent {
        let revision = Revision(known.revision.0 + 1);
        let next = Arc::new(Instance { revision, incarnation: revision, ..known.clone() });
        (self.instance, self.verdict) = (Some(next.clone()), Verdict::Unprobed);
        let (id, presence) = (known.id().clone(), next.presence);
        JournalEvent::Updated { id, revision, endpoint: String::new(), presence, instance: Some(next), by: None }
    }
}

/// What happened, what was true after each of it, and what is true at the end.
fn lived(steps: &[(u8, i64)], loses: bool) -> (Vec<Happened>, Vec<State>, World) {
    let mut world = World { instance: None, verdict: Verdict::Unprobed, runs: false };
    let (mut events, mut truths, mut now) = (Vec::new(), Vec::new(), 0);
    for (what, wait) in steps {
        now += wait;
        let Some(event) = world.step(*what, now) else { continue };
        let is_lost = loses && wait % 3 == 0 && matches!(event, JournalEvent::VerdictChanged { .. });
        events.push(Happened { at: at(now), event: if is_lost { JournalEvent::Gap { lost: 1 } } else { event } });
        truths.push(world.state());
    }
    (events, truths, world)
}

fn steps() -> impl Strategy<Value = Vec<(u8, i64)>> {
    prop::collection::vec((0_u8..14, 1_i64..50), 1..60)
}

proptest! {
    #[test]
    fn a_whole_history_replayed_is_what_was_true(steps in steps()) {
        let (events, truths, _) = lived(&steps, false);
        let mut past = Past { standing: Standing::Absent, verdict: None };
        for (happened, truth) in events.iter().zip(truths) {
            past.apply(&happened.event);
            prop_assert_eq!(past.state(), truth, "after {:?}", happened);
        }
    }

    #[test]
    fn what_is_left_of_a_history_never_says_what_was_not_true(steps in steps(), cut in 0_usize..60, loses: bool) {
        let (events, truths, world) = lived(&steps, loses);
        let cut = cut.min(events.len());
        let mut past = before(&events[cut..], &world.past());
        for number in cut..=events.len() {
            let truth = number.checked_sub(1).map_or(State::Absent, |last| truths[last]);
            // Of who is not registered at the end and not named in what is left, `now` says that it is absent.
            prop_assert!(past.state() == truth || past.state() == State::Unknown, "{:?} is not {truth:?} at {number}", past.state());
            if let Some(happened) = events.get(number) {
                past.apply(&happened.event);
            }
        }
    }

    #[test]
    fn the_parts_of_a_window_are_what_each_moment_of_it_was(steps in steps(), start in -20_i64..800, length in 1_i64..800) {
        let (events, truths, _) = lived(&steps, false);
        let first = events.first().map_or(0, |happened| happened.at.epoch_millis());
        let past = Past { standing: Standing::Absent, verdict: None };
        let found = availability(at(start)..at(start + length), at(first), past, &events);
        let truth_at = |moment: i64| {
            let last = events.iter().rposition(|happened| happened.at <= at(moment));
            last.map_or(State::Unknown, |last| truths[last])
        };
        let mut next = start;
        for span in &found.spans {
            prop_assert_eq!(span.from, at(next), "no holes");
            for moment in next..span.to.epoch_millis() {
                prop_assert_eq!(span.state, truth_at(moment), "at {}", moment);
            }
            next = span.to.epoch_millis();
        }
        prop_assert_eq!(next, start + length);
        let whole = found.up + found.down + found.unknown + found.excluded;
        prop_assert_eq!(whole, Duration::from_millis(length.unsigned_abs()));
        prop_assert!(found.ratio().is_none_or(|ratio| (0.0..=1.0).contains(&ratio)));
        prop_assert_eq!(found.ratio().is_none(), (found.up + found.down).is_zero());
    }
}

#[test]
fn repairs_and_failures_are_those_that_are_seen_whole() {
    let id = draft().id;
    let went = |millis, from, to| Happened {
        at: at(millis),
        event: JournalEvent::VerdictChanged { id: id.clone(), from, to, evidence: String::new() },
    };
    let (up, down) = (Verdict::Passing, Verdict::Down { in_a_row: 3 });
    let events = [went(1000, up, down), went(3000, down, up), went(8000, up, down)];
    let standing = Standing::Present(Some(Arc::new(Instance::registered(draft(), at(0)))));
    let found = availability(at(0)..at(10_000), at(0), Past { standing, verdict: Some(up) }, &events);
    assert_eq!((found.ratio(), found.failures, found.transitions), (Some(0.6), 2, 3));
    assert_eq!((found.mttr(), found.mtbf()), (Some(Duration::from_secs(2)), Some(Duration::from_secs(3))));
}
