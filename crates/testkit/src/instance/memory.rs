//! Owns what an instance holds in memory: its world, the setups it is attached to, its mode, and answers it has
//! rendered. Does not own counters of requests, nor sockets.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, Instant};

use tokio::sync::broadcast;

use super::Dialect;
use super::answers::management::Totals;
use super::answers::{Answer, SetupView, View};
use super::happening::Happening;
use super::holdings::Holdings;
use super::mode::Mode;
use super::world::World;
use crate::stamp::Moment;

/// How long a rendered answer is given again while the world stands still; its times are that old at most.
const KEEP: Duration = Duration::from_millis(100);
/// Rendered answers that are kept; beyond that all are dropped.
const MOST_KEPT: usize = 64;
/// Happenings that a slow stream may lag behind before it misses some.
const MOST_HAPPENINGS: usize = 1_024;

/// How paths with a prefix behave, and for how many requests more; `None` means for all.
struct PathMode {
    prefix: String,
    mode: Mode,
    left: Option<u64>,
}

/// The state of one instance.
pub(crate) struct Memory {
    pub(crate) world: World,
    pub(crate) dialect: Dialect,
    mode: Mode,
    path_modes: Vec<PathMode>,
    pub(crate) holdings: Holdings,
    /// Where streams of this instance hear what happens.
    pub(crate) happenings: broadcast::Sender<Happening>,
    databases_down: BTreeSet<String>,
    /// Setup id to the time of attaching, in milliseconds since 1970.
    attached: BTreeMap<String, u64>,
    started: Moment,
    metrics_were_asked: bool,
    totals: Option<Totals>,
    rendered: HashMap<String, (Instant, Answer)>,
}

impl Memory {
    pub(crate) fn new(world: World, dialect: Dialect) -> Self {
        let mut memory = Self {
            world,
            dialect,
            mode: Mode::Normal,
            path_modes: Vec::new(),
            holdings: Holdings::default(),
            happenings: broadcast::Sender::new(MOST_HAPPENINGS),
            databases_down: BTreeSet::new(),
            attached: BTreeMap::new(),
            started: Moment::now(),
            metrics_were_asked: false,
            totals: None,
            rendered: HashMap::new(),
        };
        memory.attach_all();
        memory
    }

    /// What is lost when the process ends. The world, which is in databases, and the mode stay.
    pub(crate) fn restart(&mut self, forget_setups: bool) {
        self.started = Moment::now();
        self.metrics_were_asked = false;
        self.totals = None;
        self.attached.clear();
        self.holdings.restart();
        if !forget_setups {
            self.attach_all();
        }
        self.world_changed();
    }

    fn attach_all(&mut self) {
        let now = Moment::now().millis();
        for setup in &self.world.setups {
            self.attached.entry(setup.id.clone()).or_insert(now);
        }
    }

    /// Attaches to a setup that exists in the world. False when there is none of that id.
    pub(crate) fn attach(&mut self, setup_id: &str) -> bool {
        let exists = self.world.setup(setup_id).is_some();
        if exists {
            self.attached.entry(setup_id.to_owned()).or_insert(Moment::now().millis());
            self.world_changed();
        }
        exists
    }

    /// Forgets a setup; its data stays in the world. False when it was not attached.
    pub(crate) fn detach(&mut self, setup_id: &str) -> bool {
        self.world_changed();
        self.attached.remove(setup_id).is_some()
    }

    /// Changes the world. Setups that were not there before are attached.
    pub(crate) fn update<R>(&mut self, change: impl FnOnce(&mut World) -> R) -> R {
        let before: BTreeSet<String> = self.world.setups.iter().map(|setup| setup.id.clone()).collect();
        let result = change(&mut self.world);
        let now = Moment::now().millis();
        for setup in self.world.setups.iter().filter(|setup| !before.contains(&setup.id)) {
            self.attached.insert(setup.id.clone(), now);
        }
        self.world_changed();
        result
    }

    pub(crate) fn set_database_down(&mut self, setup_id: &str, down: bool) {
        if down {
            self.databases_down.insert(setup_id.to_owned());
        } else {
            self.databases_down.remove(setup_id);
        }
        self.world_changed();
    }

    /// Sets the mode of the whole instance and returns the one before.
    pub(crate) fn set_mode(&mut self, mode: Mode) -> Mode {
        self.world_changed();
        std::mem::replace(&mut self.mode, mode)
    }

    pub(crate) fn set_path_mode(&mut self, prefix: &str, mode: Option<Mode>, left: Option<u64>) {
        self.path_modes.retain(|known| known.prefix != prefix);
        self.path_modes.extend(mode.map(|mode| PathMode { prefix: prefix.to_owned(), mode, left }));
        self.path_modes.sort_by_key(|known| std::cmp::Reverse(known.prefix.len()));
    }

    pub(crate) fn clear_path_modes(&mut self) {
        self.path_modes.clear();
    }

    pub(crate) fn mode(&self) -> &Mode {
        &self.mode
    }

    /// The mode for a request: the longest prefix of its path wins over shorter ones and over the whole instance. Counts
    /// as one of those that a path's mode is for.
    pub(crate) fn take_mode(&mut self, path: &str) -> Mode {
        let Some(special) = self.path_modes.iter_mut().find(|known| known.left != Some(0) && path.starts_with(&known.prefix)) else {
            return self.mode.clone();
        };
        if let Some(left) = special.left.as_mut() {
            *left -= 1;
        }
        special.mode.clone()
    }

    /// Tells the streams of this instance.
    pub(crate) fn tell(&self, happening: Happening) {
        // Nobody listening is no failure.
        let _ = self.happenings.send(happening);
    }

    /// What can be said at this moment.
    pub(crate) fn view(&self) -> View<'_> {
        let all_down = matches!(self.mode, Mode::DatabaseDown);
        let setups = self.world.setups.iter().filter_map(|setup| {
            let attached_at = *self.attached.get(&setup.id)?;
            let database_up = !all_down && !self.databases_down.contains(&setup.id);
            Some(SetupView { setup, attached_at, database_up })
        });
        View { setups: setups.collect(), now: Moment::now(), started: self.started }
    }

    /// Totals for the metrics: none at the first question, the last known ones while a database is away.
    pub(crate) fn totals(&mut self) -> Option<Totals> {
        let first = !std::mem::replace(&mut self.metrics_were_asked, true);
        let view = self.view();
        let all_up = view.setups.iter().all(|setup| setup.database_up);
        let fresh = Totals { messages: view.total_messages(), connections: view.connections() };
        if all_up {
            self.totals = Some(fresh);
        }
        if first { None } else { self.totals }
    }

    pub(crate) fn kept(&self, path: &str) -> Option<Answer> {
        let (rendered_at, answer) = self.rendered.get(path)?;
        (rendered_at.elapsed() < KEEP).then(|| answer.clone())
    }

    pub(crate) fn keep(&mut self, path: &str, answer: &Answer) {
        if self.rendered.len() >= MOST_KEPT {
            self.rendered.clear();
        }
        self.rendered.insert(path.to_owned(), (Instant::now(), answer.clone()));
    }

    fn world_changed(&mut self) {
        self.rendered.clear();
    }
}
