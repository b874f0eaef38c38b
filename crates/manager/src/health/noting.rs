//! What is noted in the journal beside verdicts: setups in trouble, and doubt of the manager.
//!
//! Owns what was noted last of each instance, so that only what differs is noted, and the bound on what waits. Nobody waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use peegeeq_domain::health::Doubt;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::journal::{JournalEvent, TroubledSetup};
use tokio::task::JoinHandle;

use super::{Note, log};
use crate::observations::{Database, SetupHealth, SetupSeen, SetupsSeen};
use crate::tasks::Tasks;

/// The most entries that wait; more are counted and lost.
const WAITING_MAX: usize = 1024;
/// The most bytes of a reason.
const REASON_BYTES_MAX: usize = 240;

/// What was noted, what waits, and the batch under way.
pub(super) struct Noting {
    note: Note,
    tasks: Tasks,
    told: HashMap<InstanceId, Arc<[TroubledSetup]>>,
    waiting: Vec<JournalEvent>,
    lost: u64,
    under_way: Option<JoinHandle<()>>,
}

impl Noting {
    pub(super) fn new(note: Note, tasks: Tasks) -> Self {
        Self { note, tasks, told: HashMap::new(), waiting: Vec::new(), lost: 0, under_way: None }
    }

    /// Notes the setups of an instance, if others are in trouble than those noted last, or none were noted yet.
    pub(super) fn setups(&mut self, id: &InstanceId, seen: &SetupsSeen) {
        let told = self.told.get(id);
        let troubled: Arc<[_]> = seen.setups.iter().filter_map(|setup| trouble(setup, told.map(|told| &**told))).collect();
        let is_same = told.is_some_and(|told| told.len() == troubled.len() && told.iter().zip(&*troubled).all(|(a, b)| is_alike(a, b)));
        // Of an instance that has none, and never had trouble, there is nothing to say.
        let is_nothing = told.is_none() && (seen.stale || seen.setups.is_empty());
        if is_same || is_nothing {
            return;
        }
        self.told.insert(id.clone(), troubled.clone());
        let count = u32::try_from(seen.setups.len()).unwrap_or(u32::MAX);
        self.push(JournalEvent::SetupsChanged { id: id.clone(), troubled, seen: count });
    }

    /// An instance left, or is at another place: nothing that was noted of it counts.
    pub(super) fn forget(&mut self, id: &InstanceId) {
        self.told.remove(id);
    }

    /// Notes that doubt began or ended.
    pub(super) fn doubt(&mut self, before: Option<Doubt>, now: Option<Doubt>) {
        let is_silence = |doubt: Doubt| matches!(doubt, Doubt::MostHostsSilent { .. });
        if before.map(is_silence) == now.map(is_silence) {
            return;
        }
        self.push(match now {
            Some(doubt) => JournalEvent::Doubted { reason: log::sentence(doubt), hosts_are_silent: is_silence(doubt) },
            None => JournalEvent::Trusted,
        });
    }

    fn push(&mut self, event: JournalEvent) {
        if self.waiting.len() >= WAITING_MAX || self.lost > 0 {
            self.lost += 1;
        } else {
            self.waiting.push(event);
        }
    }

    /// Begins the next batch, unless one is under way.
    pub(super) fn advance(&mut self) {
        if self.waiting.is_empty() || self.under_way.as_ref().is_some_and(|batch| !batch.is_finished()) {
            return;
        }
        let mut batch = std::mem::take(&mut self.waiting);
        if self.lost > 0 {
            batch.push(JournalEvent::Gap { lost: std::mem::take(&mut self.lost) });
        }
        self.under_way = Some(self.tasks.short((self.note)(batch)));
    }
}

/// Whether two say the same but for the words of the reason.
fn is_alike(a: &TroubledSetup, b: &TroubledSetup) -> bool {
    (&a.setup, &a.database, a.is_missing) == (&b.setup, &b.database, b.is_missing)
}

/// What is wrong with a setup. One that was asked in vain is as it was noted last.
fn trouble(setup: &SetupSeen, told: Option<&[TroubledSetup]>) -> Option<TroubledSetup> {
    let reason = match &setup.health {
        _ if setup.missing => "it is gone from the instance that had it",
        SetupHealth::Down { reason } => reason,
        SetupHealth::Up => return None,
        SetupHealth::Unknown { .. } | SetupHealth::NotAsked => return told?.iter().find(|known| known.setup == setup.id).cloned(),
    };
    Some(TroubledSetup {
        setup: setup.id.clone(),
        database: setup.database.as_ref().map(|database| address(database).into()),
        is_missing: setup.missing,
        reason: reason[..reason.floor_char_boundary(REASON_BYTES_MAX)].into(),
    })
}

fn address(database: &Database) -> String {
    format!("{}:{}/{}/{}", database.host, database.port, database.name, database.schema)
}

#[cfg(test)]
mod tests {
    use peegeeq_domain::time::Timestamp;
    use tokio::runtime::Handle;

    use super::*;

    fn noting() -> Noting {
        let (tasks, _) = Tasks::new(Handle::current());
        Noting::new(Arc::new(|_| Box::pin(std::future::ready(()))), tasks)
    }

    fn seen(health: SetupHealth, missing: bool) -> SetupsSeen {
        let setup = SetupSeen { id: "s".into(), health, database: None, queues: Vec::new(), missing };
        SetupsSeen { at: Timestamp::default(), setups: vec![setup], failure: None, stale: false }
    }

    fn troubles(noting: &mut Noting) -> Vec<usize> {
        let count = |event| if let JournalEvent::SetupsChanged { troubled, .. } = event { troubled.len() } else { usize::MAX };
        noting.waiting.drain(..).map(count).collect()
    }

    #[tokio::test]
    async fn only_what_differs_is_noted_and_what_is_not_known_is_as_it_was() {
        let (mut noting, id) = (noting(), InstanceId::parse("a").expect("a name"));
        let down = |reason: &str| seen(SetupHealth::Down { reason: reason.into() }, false);
        let unknown = seen(SetupHealth::Unknown { reason: "timeout".into() }, false);
        for look in [&down("x"), &down("y"), &unknown] {
            noting.setups(&id, look);
        }
        assert_eq!(troubles(&mut noting), [1]);
        for look in [&seen(SetupHealth::Up, false), &unknown, &seen(SetupHealth::NotAsked, true)] {
            noting.setups(&id, look);
        }
        assert_eq!(troubles(&mut noting), [0, 1]);
        noting.forget(&id);
        noting.setups(&id, &seen(SetupHealth::Up, false));
        assert_eq!(troubles(&mut noting), [0], "who came anew is told once, even if all is well");
    }

    #[tokio::test]
    async fn what_finds_no_room_is_a_gap() {
        let mut noting = noting();
        (0..WAITING_MAX + 5).for_each(|_| noting.push(JournalEvent::Trusted));
        noting.advance();
        assert_eq!((noting.waiting.len(), noting.lost), (0, 0));
    }
}
