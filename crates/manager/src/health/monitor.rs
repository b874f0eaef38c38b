//! When instances are probed: the one task that owns all trackers.
//!
//! Owns the loop: news arrive, one at a time, and each is applied to the end before the next. Nothing here waits for an
//! instance or for the writer. How news change things is in the modules `members`, `probing` and `looking`.

mod line;
mod looking;
mod members;
mod probing;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use peegeeq_domain::catalog::Catalog;
use peegeeq_domain::health::{Doubt, SelfDoubt};
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::time::Moment;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::due::{DueQueue, Serial};
use super::handle::{HealthHandle, Question};
use super::judging::Judging;
use super::meters::Meters;
use super::noting::Noting;
use super::probe::Prober;
use super::remembering::Remembering;
use super::setups::{Lookout, Memory};
use super::tripwire::Trip;
use super::watched::Watched;
use super::{HealthSettings, Ties, log};
use crate::clock;
use crate::net::{Caller, Dialer};
use crate::observations::{Checkup, Observations, SetupsSeen};
use crate::registry::{CatalogReader, KnownSetups};
use crate::tasks::{TaskName, Tasks};
use line::{Lane, Line};

/// The loop turns at least this often, so that it can tell when it was late.
const TURN_AT_LEAST: Duration = Duration::from_millis(250);

/// A loop later than this doubts what it measured meanwhile.
const LATE: Duration = Duration::from_secs(1);

/// News that may wait for the loop; whoever has more to tell waits.
const NEWS_MAX: usize = 1024;

/// News taken in one turn.
const NEWS_A_TURN: usize = 128;

/// Begins to watch the members of the catalog, until the stop signal.
pub fn start(
    settings: HealthSettings,
    reader: CatalogReader,
    observations: Arc<Observations>,
    ties: Ties,
    dialer: Arc<Dialer>,
    tasks: &Tasks,
) -> HealthHandle {
    Meters::describe();
    let (handle, questions) = HealthHandle::new();
    let (tell, news) = mpsc::channel(NEWS_MAX);
    let monitor = Monitor::new(settings, reader.clone(), observations, ties, dialer, tell, tasks.clone());
    let inputs = Inputs { reader, catalog_lives: true, questions, news };
    tasks.vital(TaskName::HealthMonitor, run(monitor, inputs, tasks.stop_signal()));
    handle
}

/// What the loop listens to.
struct Inputs {
    reader: CatalogReader,
    catalog_lives: bool,
    questions: mpsc::Receiver<Question>,
    news: mpsc::Receiver<News>,
}

/// News from what the monitor set going.
enum News {
    Probed {
        serial: Serial,
        cause: Cause,
        started: Moment,
        checkup: Box<Checkup>,
    },
    /// A probe ended without a result: it panicked.
    ProbeLost {
        serial: Serial,
        cause: Cause,
    },
    Looked {
        serial: Serial,
        memory: Box<Memory>,
        seen: SetupsSeen,
    },
    /// A look ended without a result: it panicked.
    LookLost {
        serial: Serial,
    },
    Wire {
        serial: Serial,
        trip: Trip,
    },
}

/// Why a probe was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cause {
    /// It was due.
    Scheduled(Lane),
    /// Somebody asked for it.
    Forced,
}

/// Why the loop turns.
enum Wake {
    Stop,
    Catalog(bool),
    Question(Question),
    News,
    Timer,
}

struct Monitor {
    settings: HealthSettings,
    reader: CatalogReader,
    observations: Arc<Observations>,
    tasks: Tasks,
    prober: Prober,
    lookout: Lookout,
    tell: mpsc::Sender<News>,

    catalog: Arc<Catalog>,
    watched: HashMap<Serial, Watched>,
    serials: HashMap<InstanceId, Serial>,
    last_serial: u64,

    probes_due: DueQueue,
    line: Line,
    forced_running: usize,
    looks_due: DueQueue,
    looks_in_line: VecDeque<Serial>,
    looks_running: usize,

    judging: Judging,
    remembering: Remembering,
    noting: Noting,
    /// What the last life of the manager knew of setups. Empty once the first catalog was followed.
    known: HashMap<InstanceId, KnownSetups>,
    /// A verdict in the catalog may differ from ours; compare when nothing is under way.
    compare_verdicts: bool,
    doubt: SelfDoubt,
    doubt_shown: Option<Doubt>,
    meters: Meters,
    last_turn: Moment,
    /// Failures of probes that began before this prove nothing: the loop was late.
    distrust_before: Moment,
}

async fn run(mut monitor: Monitor, mut inputs: Inputs, stop: CancellationToken) {
    let mut news = Vec::with_capacity(NEWS_A_TURN);
    monitor.follow_catalog();
    monitor.known = HashMap::new();
    loop {
        monitor.turn();
        let timer = clock::at(monitor.next_turn());
        let wake = tokio::select! {
            biased;
            () = stop.cancelled() => Wake::Stop,
            lives = inputs.reader.changed(), if inputs.catalog_lives => Wake::Catalog(lives),
            Some(question) = inputs.questions.recv() => Wake::Question(question),
            () = monitor.judging.visible() => Wake::Timer,
            _ = inputs.news.recv_many(&mut news, NEWS_A_TURN) => Wake::News,
            () = tokio::time::sleep_until(timer) => Wake::Timer,
        };
        monitor.notice_lateness();
        match wake {
            Wake::Stop => return,
            Wake::Catalog(lives) => {
                inputs.catalog_lives = lives;
                monitor.follow_catalog();
            }
            Wake::Question(question) => monitor.answer(question),
            Wake::News => news.drain(..).for_each(|news| monitor.apply(news)),
            Wake::Timer => {}
        }
    }
}

impl Monitor {
    fn new(
        settings: HealthSettings,
        reader: CatalogReader,
        observations: Arc<Observations>,
        Ties { judge, remember, note, known }: Ties,
        dialer: Arc<Dialer>,
        tell: mpsc::Sender<News>,
        tasks: Tasks,
    ) -> Self {
        let caller = Caller::new(&settings.manager_id);
        let concurrency = settings.concurrency;
        let (timeout, response_max) = (settings.probe_timeout, settings.response_max);
        Self {
            prober: Prober { dialer: dialer.clone(), caller: caller.clone(), timeout, response_max },
            lookout: Lookout { dialer, caller, timeout },
            settings,
            reader,
            observations,
            judging: Judging::new(judge, tasks.clone()),
            remembering: Remembering::new(remember, tasks.clone()),
            noting: Noting::new(note, tasks.clone()),
            known: known.into_iter().map(|known| (known.instance.clone(), known)).collect(),
            tasks,
            tell,
            catalog: Arc::default(),
            watched: HashMap::new(),
            serials: HashMap::new(),
            last_serial: 0,
            probes_due: DueQueue::default(),
            line: Line::new(concurrency),
            forced_running: 0,
            looks_due: DueQueue::default(),
            looks_in_line: VecDeque::new(),
            looks_running: 0,
            compare_verdicts: false,
            doubt: SelfDoubt::default(),
            doubt_shown: None,
            meters: Meters::default(),
            last_turn: clock::now(),
            distrust_before: Moment::default(),
        }
    }

    /// Sets going whatever is due.
    fn turn(&mut self) {
        let now = clock::now();
        self.start_due_probes(now);
        self.start_due_looks(now);
        if self.compare_verdicts && self.judging.is_idle() {
            self.compare_with_catalog();
        }
        self.judging.advance();
        self.remembering.advance();
        self.show_doubt(now);
        self.noting.advance();
    }

    fn apply(&mut self, news: News) {
        match news {
            News::Probed { serial, cause, started, checkup } => self.probed(serial, cause, started, *checkup),
            News::ProbeLost { serial, cause } => self.probe_lost(serial, cause),
            News::Looked { serial, memory, seen } => self.looked(serial, memory, Some(seen)),
            News::LookLost { serial } => self.look_lost(serial),
            News::Wire { serial, trip } => self.wire_ended(serial, trip),
        }
    }

    /// Sets work going beside the loop, which gets its news, or `lost` if the work panics; if the loop ends first, so does
    /// the work.
    fn set_going(&self, lost: Option<News>, work: impl Future<Output = News> + Send + 'static) -> JoinHandle<()> {
        let tell = self.tell.clone();
        self.tasks.short(async move {
            let news = tokio::select! {
                outcome = AssertUnwindSafe(work).catch_unwind() => outcome.ok().or(lost),
                () = tell.closed() => return,
            };
            if let Some(news) = news {
                // A closed channel: the loop ended, and nobody wants to know.
                let _ = tell.send(news).await;
            }
        })
    }

    fn next_turn(&self) -> Moment {
        let tick = self.last_turn + TURN_AT_LEAST;
        [self.probes_due.next(), self.looks_due.next()].into_iter().flatten().fold(tick, Moment::min)
    }

    /// A loop that turns later than it asked to means that this process did not run, or not enough.
    fn notice_lateness(&mut self) {
        let now = clock::now();
        let late = now.since(self.last_turn).saturating_sub(TURN_AT_LEAST);
        if late > LATE {
            self.doubt.loop_was_late(late, now);
            self.distrust_before = now;
        }
        self.last_turn = now;
    }

    fn show_doubt(&mut self, now: Moment) {
        let doubt = self.doubt.reason(now);
        match self.doubt.take_believed() {
            0 => {}
            hosts => log::believed(hosts),
        }
        if doubt != self.doubt_shown {
            log::doubt(self.doubt_shown, doubt);
            self.noting.doubt(self.doubt_shown, doubt);
            self.observations.set_doubt(doubt);
            self.doubt_shown = doubt;
        }
    }
}
