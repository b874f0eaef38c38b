//! `serve`: the process around a manager: runtime, log, signals, exit code.
//!
//! Owns what only a whole process has. Does not own the order in which rooms start and stop (`app`).

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::banner;
use super::report::Report;
use crate::app::{self, RunningApp, StartError, Stopped};
use crate::config::{Config, Effective, Loaded};
use crate::net::raise_open_files;
use crate::observe::logging;

/// Exit code when the manager could not start or had to stop by itself.
const EXIT_FAILURE: u8 = 1;

/// Threads for background work: probes, fetches, the registry.
const BACKGROUND_THREADS: usize = 2;

/// The signal of a closed terminal, and of new files.
const HANGUP: &str = "SIGHUP";

/// After the grace time blocked threads are left behind rather than waited for.
const LEAVE_BEHIND_AFTER: Duration = Duration::from_millis(200);

/// Runs a manager until a signal.
pub fn serve(loaded: Loaded) -> Report {
    run(loaded, |app, config| async move {
        banner::serving(&app, &config);
        Ok(app)
    })
}

/// Sets up the process, starts a manager, lets `prepare` add to it, and stops it at a signal.
pub(super) fn run<P, F>(loaded: Loaded, prepare: P) -> Report
where
    P: FnOnce(RunningApp, Config) -> F,
    F: Future<Output = Result<RunningApp, (RunningApp, String)>>,
{
    let _logging = match logging::init(&loaded.config.logging) {
        Ok(guard) => guard,
        Err(error) => return Report::failure(EXIT_FAILURE, error),
    };
    for warning in &loaded.warnings {
        tracing::warn!("{warning}");
    }
    raise_open_files();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(BACKGROUND_THREADS).thread_name("background").enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return Report::failure(EXIT_FAILURE, format!("cannot start threads: {error}")),
    };
    let report = runtime.block_on(until_signal(loaded.config, loaded.effective, prepare));
    runtime.shutdown_timeout(LEAVE_BEHIND_AFTER);
    report
}

async fn until_signal<P, F>(config: Config, told: Vec<Effective>, prepare: P) -> Report
where
    P: FnOnce(RunningApp, Config) -> F,
    F: Future<Output = Result<RunningApp, (RunningApp, String)>>,
{
    let mut signals = match Signals::new() {
        Ok(signals) => signals,
        Err(error) => return Report::failure(EXIT_FAILURE, format!("cannot watch for signals: {error}")),
    };
    let data_dir = told.iter().find(|row| row.key == "data.dir").map(|row| row.origin.place()).unwrap_or_default();
    let app = match app::start(config.clone(), told).await {
        Ok(app) => app,
        Err(error @ StartError::Store(_)) => return Report::failure(EXIT_FAILURE, format!("{error} (data.dir is set {data_dir})")),
        Err(error) => return Report::failure(EXIT_FAILURE, error),
    };
    let mut app = match prepare(app, config).await {
        Ok(app) => app,
        Err((app, sentence)) => {
            app.stop().await;
            return Report::failure(EXIT_FAILURE, sentence);
        }
    };
    let failed = loop {
        tokio::select! {
            // A manager that shows a certificate is told so to look at its files.
            name = signals.next() => if name != HANGUP || !app.look_at_certificate() {
                tracing::info!("stopping because of {name}");
                break None;
            },
            task = app.ended_early() => break Some(format!("the task {task} ended although nobody stopped it: the log has the cause")),
        }
    };
    stop(app, &mut signals, failed).await
}

/// Stops; a second signal does not wait.
async fn stop(app: RunningApp, signals: &mut Signals, failed: Option<String>) -> Report {
    let stopped = tokio::select! {
        stopped = app.stop() => stopped,
        name = signals.next() => {
            tracing::warn!("{name} again: not waiting for requests that run");
            Stopped::OutOfTime
        }
    };
    match (failed, stopped) {
        (Some(sentence), _) => Report::failure(EXIT_FAILURE, sentence),
        (None, Stopped::Cleanly) => {
            tracing::info!("stopped");
            Report::default()
        }
        (None, Stopped::OutOfTime) => {
            tracing::warn!("stopped before all was finished");
            Report::default()
        }
    }
}

/// The signals that end the process.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
            // The terminal was closed. Without this the process would die at once.
            _ = self.hangup.recv() => HANGUP,
        }
    }
}
