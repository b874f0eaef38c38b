use alloc::string::ToString;
use alloc::vec;
use std::collections::BTreeMap;

use super::*;
use crate::instance::Presence;

const SPAN: fn(u64) -> Duration = Duration::from_secs;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_epoch_millis(seconds * 1000)
}

fn id(name: &str) -> InstanceId {
    InstanceId::parse(name).expect("a good id")
}

fn plan(names: &[&str], max_unavailable: usize) -> Rolling {
    let limits = Limits { deadline: SPAN(10), restart_within: SPAN(100), setups_within: SPAN(20), max_unavailable };
    Rolling::new("r1".into(), "ann".into(), None, limits, names.iter().map(|name| id(name)).collect(), at(0))
}

fn well() -> Sight {
    Sight {
        presence: Presence::Serving,
        ours: false,
        healthy: true,
        passed_at: None,
        lost_at: None,
        under_way: 0,
        streams: 0,
        idle_for: Duration::ZERO,
        listed: Some(vec!["s".into()]),
        known: vec![],
        only_here: vec![],
        serves: true,
    }
}

fn draining() -> Sight {
    Sight { presence: Presence::Draining, ours: true, ..well() }
}

/// One turn with these sights; the orders of the second, if the first changed nothing.
fn turned(rolling: &Rolling, sights: &[Sight], now: i64) -> Turn {
    let sights: Vec<_> = sights.iter().cloned().map(Some).collect();
    rolling.turn(&sights, at(now))
}

fn stages(rolling: &Rolling) -> Vec<&'static str> {
    rolling.steps.iter().map(|step| step.stage.as_str()).collect()
}

/// The state after these sights, one turn each.
fn after(rolling: &Rolling, turns: &[(i64, Sight)]) -> Rolling {
    turns.iter().fold(rolling.clone(), |rolling, (now, sight)| turned(&rolling, core::slice::from_ref(sight), *now).next)
}

#[test]
fn one_is_drained_restarted_waited_for_and_let_in_again() {
    let begun = turned(&plan(&["a", "b"], 1), &[well(), well()], 1).next;
    assert_eq!(stages(&begun), ["chosen", "queued"]);
    let turn = turned(&begun, &[well(), well()], 2);
    assert_eq!((turn.notes.len(), &*turn.acts), (0, &[Act::Drain { instance: id("a"), deadline: at(12) }][..]));
    let ordered = turned(&begun, &[draining(), well()], 3).next;
    let busy = Sight { under_way: 3, streams: 1, ..draining() };
    assert_eq!(turned(&ordered, &[busy, well()], 9).next, ordered, "it waits for what is under way");
    let idle = Sight { idle_for: SPAN(1), ..draining() };
    let ready = turned(&ordered, &[idle, well()], 10).next;
    assert_eq!(stages(&ready), ["ready-to-restart", "queued"]);
    let old = Sight { lost_at: Some(at(10)), ..draining() };
    assert_eq!(turned(&ready, &[old, well()], 11).next, ready, "what was before says nothing");
    let lost = Sight { lost_at: Some(at(12)), healthy: false, ..draining() };
    let restarting = turned(&ready, &[lost.clone(), well()], 12).next;
    assert_eq!(stages(&restarting), ["restarting", "queued"]);
    let back = Sight { passed_at: Some(at(14)), listed: Some(vec![]), ..draining() };
    let setups = turned(&restarting, &[back.clone(), well()], 14).next;
    assert_eq!(stages(&setups), ["waiting-for-setups", "queued"]);
    assert_eq!(turned(&setups, &[back, well()], 15).next, setups);
    let returning = turned(&setups, &[draining(), well()], 16).next;
    assert_eq!(turned(&returning, &[draining(), well()], 17).acts, [Act::Resume(id("a"))]);
    let unknown = Sight { serves: false, ..well() };
    assert_eq!(turned(&returning, &[unknown, well()], 17).acts, [Act::Look(id("a"))]);
    let done = turned(&returning, &[well(), well()], 18).next;
    assert_eq!(stages(&done), ["done", "chosen"], "and the next one's turn has come");
}

fn ready() -> Rolling {
    let idle = Sight { idle_for: SPAN(1), ..draining() };
    let ready = after(&plan(&["a"], 1), &[(1, well()), (2, draining()), (3, idle)]);
    assert_eq!(stages(&ready), ["ready-to-restart"]);
    ready
}

fn pause_of(rolling: &Rolling) -> &str {
    match &rolling.state {
        State::Paused { why, .. } => why,
        other => panic!("it is {}", other.as_str()),
    }
}

#[test]
fn setups_that_do_not_come_back_pause_it_until_somebody_decides() {
    let lost = Sight { lost_at: Some(at(5)), healthy: false, ..draining() };
    let back = |now| Sight { passed_at: Some(at(now)), listed: Some(vec!["t".into()]), ..draining() };
    let paused = after(&ready(), &[(5, lost), (7, back(7)), (28, back(28))]);
    assert!(pause_of(&paused).contains("does not list s again"), "{:?}", paused.state);
    assert_eq!(turned(&paused, &[draining()], 29).next, paused, "it stands still");
    let told = |force| paused.told(Verb::Continue { force }, at(30)).expect("it is paused").expect("a change").0;
    assert_eq!(stages(&turned(&told(false), &[back(31)], 31).next), ["waiting-for-setups"], "its time begins anew");
    assert!(pause_of(&turned(&told(false), &[back(51)], 51).next).contains("does not list"));
    assert_eq!(stages(&turned(&told(true), &[back(31)], 31).next), ["returning"]);
}

#[test]
fn a_restart_that_nobody_saw_may_be_told() {
    let told = ready().told(Verb::Restarted(id("a")), at(4)).expect("it waits").expect("a change").0;
    assert_eq!(stages(&told), ["restarting"]);
    let old = Sight { passed_at: Some(at(4)), ..draining() };
    assert_eq!(turned(&told, &[old], 5).next, told, "a check from before says nothing");
    assert_eq!(stages(&turned(&told, &[Sight { passed_at: Some(at(5)), ..draining() }], 5).next), ["waiting-for-setups"]);
    assert_eq!(told.told(Verb::Restarted(id("a")), at(6)), Err(Refusal::NotWaiting));
    assert_eq!(told.told(Verb::Restarted(id("x")), at(6)), Err(Refusal::Stranger));
}

#[test]
fn what_stays_under_way_after_the_deadline_pauses_it() {
    let busy = Sight { under_way: 2, ..draining() };
    let paused = after(&plan(&["a"], 1), &[(1, well()), (2, draining()), (16, busy.clone()), (18, busy.clone())]);
    assert!(pause_of(&paused).starts_with("2 requests"), "{:?}", paused.state);
    let forced = paused.told(Verb::Continue { force: true }, at(19)).expect("paused").expect("a change").0;
    assert_eq!(stages(&turned(&forced, &[busy], 19).next), ["ready-to-restart"]);
}

#[test]
fn who_lets_it_in_again_by_hand_is_not_fought_with() {
    let paused = turned(&ready(), &[well()], 4).next;
    assert!(pause_of(&paused).starts_with("somebody"), "{:?}", paused.state);
    let again = paused.told(Verb::Continue { force: false }, at(5)).expect("paused").expect("a change").0;
    assert!(matches!(turned(&again, &[well()], 6).acts[..], [Act::Drain { .. }]));
}

#[test]
fn who_serves_something_alone_is_not_taken_out_unasked() {
    let alone = Sight { only_here: vec!["s".into()], ..well() };
    let paused = turned(&plan(&["a"], 1), core::slice::from_ref(&alone), 1).next;
    assert!(pause_of(&paused).contains("nobody else serves s"));
    let forced = paused.told(Verb::Continue { force: true }, at(2)).expect("paused").expect("a change").0;
    assert_eq!(stages(&turned(&forced, &[alone], 3).next), ["chosen"]);
}

#[test]
fn nobody_is_taken_out_while_another_is_not_well() {
    let sick = Sight { healthy: false, ..well() };
    let waiting = turned(&plan(&["a", "b"], 1), &[well(), sick.clone()], 1);
    assert!(waiting.notes.is_empty() && waiting.acts.is_empty());
    assert!(pause_of(&turned(&plan(&["a", "b"], 1), &[well(), sick.clone()], 30).next).contains("b does not take part"));
    let of_three = plan(&["a", "b", "c"], 2);
    assert_eq!(stages(&turned(&of_three, &[well(), well(), sick.clone()], 1).next), ["chosen", "queued", "queued"]);
    assert_eq!(stages(&turned(&of_three, &[well(), sick, well()], 1).next), ["chosen", "chosen", "queued"], "it is out anyway");
}

#[test]
fn called_off_it_lets_in_again_who_was_taken_out() {
    let off = ready().told(Verb::Cancel, at(4)).expect("it runs").expect("a change").0;
    assert_eq!(turned(&off, &[draining()], 5).acts, [Act::Resume(id("a"))]);
    assert!(!off.is_over());
    let over = turned(&off, &[well()], 6).next;
    assert!(over.is_over() && over.state == State::Cancelled);
    assert_eq!(over.told(Verb::Continue { force: true }, at(7)), Err(Refusal::Over));
    assert_eq!(over.told(Verb::Cancel, at(7)), Ok(None));
}

#[test]
fn who_leaves_when_it_stops_is_expected_back() {
    let gone = ready().turn(&[None], at(5)).next;
    assert_eq!(stages(&gone), ["restarting"]);
    assert_eq!(stages(&turned(&gone, &[Sight { passed_at: Some(at(9)), ..well() }], 9).next), ["waiting-for-setups"]);
    assert!(pause_of(&gone.turn(&[None], at(106)).next).contains("not registered again"));
}

#[test]
fn who_leaves_before_or_after_its_restart_is_skipped() {
    let chosen = turned(&plan(&["a"], 1), &[well()], 1).next;
    assert_eq!((stages(&chosen), stages(&chosen.turn(&[None], at(2)).next)), (vec!["chosen"], vec!["skipped"]));
    let mut returning = ready();
    returning.steps[0].stage = Stage::Returning;
    assert_eq!(stages(&returning.turn(&[None], at(6)).next), ["skipped"]);
}

#[test]
fn orders_that_are_refused_pause_it() {
    let chosen = turned(&plan(&["a"], 1), &[well()], 1).next;
    assert!(pause_of(&turned(&chosen, &[well()], 106).next).contains("could not be ordered"));
    let mut returning = ready();
    returning.steps[0].stage = Stage::Returning;
    assert!(pause_of(&turned(&returning, &[draining()], 900).next).contains("could not be let in again"));
}

/// A cluster that does what it is told, some steps later: whatever the pace, never too many are out, and it ends.
#[test]
fn whatever_the_pace_it_ends_and_never_too_many_are_out() {
    for seed in 0..400_u64 {
        let mut random = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
        let mut chance = |of: u64| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % of
        };
        let names: Vec<_> = (0..2 + seed % 5).map(|n| n.to_string()).collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let max = 1 + (seed % 3) as usize;
        let (mut rolling, mut seen) = (plan(&names, max), BTreeMap::new());
        names.iter().for_each(|name| drop(seen.insert(id(name), well())));
        for now in 1..2_000 {
            let sights: Vec<_> = rolling.steps.iter().map(|step| Some(seen[&step.instance].clone())).collect();
            let turn = rolling.turn(&sights, at(now));
            if turn.notes.is_empty() {
                assert_eq!(turn.next, rolling, "seed {seed}: what changes is noted");
                // The manager may die here: orders come again, because they follow from what is seen.
                for act in turn.acts.into_iter().filter(|_| chance(3) > 0) {
                    match act {
                        Act::Drain { instance, .. } => drop(seen.insert(instance, Sight { under_way: 2, ..draining() })),
                        Act::Resume(instance) => drop(seen.insert(instance, Sight { serves: false, ..well() })),
                        Act::Look(instance) => drop(seen.insert(instance, well())),
                    }
                }
            }
            rolling = turn.next;
            for step in rolling.steps.iter().filter(|_| chance(2) == 0) {
                let sight = seen.get_mut(&step.instance).expect("known");
                match step.stage {
                    Stage::Draining => *sight = Sight { under_way: 0, idle_for: SPAN(1), ..sight.clone() },
                    Stage::Ready => *sight = Sight { healthy: false, lost_at: Some(at(now)), listed: None, ..sight.clone() },
                    Stage::Restarting => *sight = Sight { healthy: true, passed_at: Some(at(now)), ..sight.clone() },
                    Stage::Setups => sight.listed = Some(vec!["s".into()]),
                    _ => {}
                }
            }
            let out = seen.values().filter(|sight| !sight.takes_part() || !sight.serves).count();
            assert!(out <= max, "seed {seed}: {out} are out");
            if rolling.is_over() {
                break;
            }
        }
        assert_eq!(rolling.state, State::Done, "seed {seed}: {:?}", rolling.steps);
    }
}
