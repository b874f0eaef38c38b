//! Rolling restarts in the store: there again at the next start, and as they were after a refusal.

use std::io::ErrorKind;
use std::time::Duration;

use peegeeq_domain::rolling::{Limits, Rolling, State};

use super::disk::{Fault, On};
use super::*;

fn rolling(id: &str, began: u64, state: State) -> Rolling {
    let second = Duration::from_secs(1);
    let limits = Limits { deadline: second, restart_within: second, setups_within: second, max_unavailable: 1 };
    let ids = vec![InstanceId::parse("a").unwrap()];
    Rolling { state, ..Rolling::new(id.into(), "ann".into(), None, limits, ids, at(began)) }
}

fn write(rolling: Rolling) -> Write {
    Write::Rolling(Arc::new(rolling))
}

fn opened(disk: &Disk) -> (Store<Disk>, Loaded) {
    Store::on_medium(disk.clone(), KEEP_ALL).unwrap()
}

#[test]
fn they_are_there_at_the_next_start_the_oldest_first() {
    let disk = prepared_disk();
    let (mut store, loaded) = opened(&disk);
    assert_eq!(loaded.rolling, []);
    let (old, new) = (rolling("z", 1, State::Done), rolling("b", 2, State::Running));
    store.commit(&[write(new.clone()), write(rolling("z", 1, State::Running)), write(rolling("c", 0, State::Done))], at(3)).unwrap();
    store.commit(&[write(old.clone()), Write::ForgetRolling("c".into())], at(4)).unwrap();
    drop(store);
    assert_eq!(opened(&disk).1.rolling, [old, new]);
}

#[test]
fn a_refused_batch_changes_none_of_them() {
    for on in [On::Write, On::Sync] {
        for after in 0..6 {
            let disk = prepared_disk();
            let (mut store, _) = opened(&disk);
            let (before, next) = (rolling("a", 1, State::Running), rolling("a", 1, State::Cancelled));
            store.commit(&[write(before.clone()), write(rolling("b", 0, State::Done))], at(1)).unwrap();
            disk.fail(Fault { on, after, between: 0, times: 1, error: ErrorKind::Other });
            let refused = store.commit(&[write(next.clone()), Write::ForgetRolling("b".into())], at(2)).is_err();
            disk.mend();
            store.commit(&[note(1)], at(3)).unwrap();
            drop(store);
            let expected = if refused { vec![rolling("b", 0, State::Done), before] } else { vec![next] };
            assert_eq!(opened(&disk).1.rolling, expected, "{on:?} after {after}, refused: {refused}");
        }
    }
}
