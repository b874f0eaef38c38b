//! Logs: lines for people or JSON lines, to standard output and to a file that is put aside by size.
//!
//! Owns where lines go and which are wanted. Losing lines never blocks or fails the product: a closed pipe or a full disk
//! costs lines, counted in `peegeeq_log_lines_lost_total`. Does not own the form of a line (`log_line.rs`).

use super::log_line::{Fields, Line};
use super::log_queue::LogQueue;
use super::settings::{LogFile, LogFormat, LoggingConfig};
use logroller::{LogRoller, LogRollerBuilder, Rotation, RotationSize};
use std::io::{self, IsTerminal};
use std::path::Path;
use tracing::{Event, Subscriber, span};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// Why logging could not begin.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The file or its folder cannot be made or written.
    #[error("cannot log to {path}: {source}; name another file with logging.file.name")]
    File {
        /// The file.
        path: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// No thread for writing lines.
    #[error("cannot start a thread for log lines: {0}")]
    Thread(io::Error),
    /// Something else in this process logs already.
    #[error("logging has already begun in this process")]
    Twice,
}

/// Held as long as the program logs; dropping it waits up to two seconds for the last lines of each output.
#[must_use = "lines still waiting are written when this is dropped"]
pub struct LoggingGuard {
    queues: Vec<LogQueue>,
}

impl LoggingGuard {
    /// Lines lost since the start, on all outputs together.
    pub fn lost_lines(&self) -> u64 {
        self.queues.iter().map(LogQueue::lost).sum()
    }
}

impl Drop for LoggingGuard {
    fn drop(&mut self) {
        self.queues.iter().for_each(LogQueue::flush);
    }
}

/// Begins logging for the whole process.
///
/// # Errors
/// When the log file cannot be opened, or when logging has already begun.
pub fn init(config: &LoggingConfig) -> Result<LoggingGuard, LoggingError> {
    let has_colours = config.format == LogFormat::Text && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let console = LogQueue::start("console", config.queue_max, io::stdout()).map_err(LoggingError::Thread)?;
    let mut outputs = vec![Output { queue: console, has_colours }];
    if let Some(file) = &config.file {
        let roller = open(file)?;
        let queue = LogQueue::start("file", config.queue_max, roller).map_err(LoggingError::Thread)?;
        outputs.push(Output { queue, has_colours: false });
    }
    let guard = LoggingGuard { queues: outputs.iter().map(|output| output.queue.clone()).collect() };
    let lines = LineLayer { format: config.format, outputs };
    tracing_subscriber::registry().with(wanted(config)).with(lines).try_init().map_err(|_| LoggingError::Twice)?;
    Ok(guard)
}

/// Which lines are wanted: the longest matching target decides.
fn wanted(config: &LoggingConfig) -> Targets {
    Targets::new().with_default(config.root).with_targets(config.levels.clone())
}

/// Opens the file, with its folder.
fn open(file: &LogFile) -> Result<LogRoller, LoggingError> {
    let fault = |source: io::Error| LoggingError::File { path: file.path.display().to_string(), source };
    let name = file.path.file_name().ok_or_else(|| fault(io::ErrorKind::IsADirectory.into()))?;
    let folder = file.path.parent().unwrap_or_else(|| Path::new("."));
    std::fs::create_dir_all(folder).map_err(fault)?;
    LogRollerBuilder::new(folder, Path::new(name))
        .rotation(Rotation::SizeBased(RotationSize::Bytes(file.max_bytes)))
        .max_keep_files(file.max_history)
        .build()
        .map_err(|error| fault(io::Error::other(error.to_string())))
}

struct Output {
    queue: LogQueue,
    has_colours: bool,
}

/// Turns events into lines; the fields of the spans around an event are on its line too.
struct LineLayer {
    format: LogFormat,
    outputs: Vec<Output>,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LineLayer {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, id: &span::Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &span::Id, values: &span::Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        for span in context.event_scope(event).into_iter().flatten() {
            let extensions = span.extensions();
            for (name, value) in extensions.get::<Fields>().into_iter().flat_map(|fields| &fields.values) {
                // The event's own field, or an inner span's, stands over an outer one.
                if !fields.values.iter().any(|(known, _)| known == name) {
                    fields.set(name.clone(), value.clone());
                }
            }
        }
        self.write(event, &fields);
    }
}

impl LineLayer {
    fn write(&self, event: &Event<'_>, fields: &Fields) {
        let target = fields.target.as_deref().unwrap_or_else(|| event.metadata().target());
        let timestamp = crate::clock::iso(crate::clock::wall());
        let line = Line { timestamp, level: *event.metadata().level(), target, fields };
        for output in &self.outputs {
            output.queue.put(line.render(self.format, output.has_colours));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::log_queue::tests::Memory;
    use super::*;
    use serde_json::Value as Json;
    use std::io::Write;
    use tracing::level_filters::LevelFilter;

    fn config(format: LogFormat) -> LoggingConfig {
        let levels = vec![("peegeeq_service_manager::health".to_owned(), LevelFilter::DEBUG)];
        LoggingConfig { root: LevelFilter::WARN, levels, format, file: None, queue_max: 1_000 }
    }

    /// What is written while `act` runs, with the same layers as in the real program.
    fn written(format: LogFormat, act: impl FnOnce()) -> String {
        let memory = Memory::default();
        let queue = LogQueue::start("test", 1_000, memory.clone()).expect("a thread");
        let lines = LineLayer { format, outputs: vec![Output { queue: queue.clone(), has_colours: false }] };
        let subscriber = tracing_subscriber::registry().with(wanted(&config(format))).with(lines);
        tracing::subscriber::with_default(subscriber, act);
        queue.flush();
        memory.text()
    }

    #[test]
    fn an_event_is_a_json_line_with_the_guides_fields() {
        let text = written(LogFormat::Json, || {
            let span = tracing::warn_span!("probe", region = "eu", attempt = 1);
            let _inside = span.enter();
            tracing::warn!(target: "peegeeq_service_manager::health::monitor", instance_id = "a-1", failure_count = 2, attempt = 3,
                error = %"refused", "health check of {} failed", "a-1");
        });
        let line: Json = serde_json::from_str(&text).expect("one line of JSON");
        let time = line["timestamp"].as_str().expect("a text");
        assert!(time.len() == 24 && time.ends_with('Z') && &time[10..11] == "T", "{time}");
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["logger"], "dev.mars.peegeeq.servicemanager.health.monitor");
        assert_eq!(line["message"], "health check of a-1 failed");
        assert_eq!((&line["instanceId"], &line["failureCount"]), (&Json::from("a-1"), &Json::from(2)));
        assert_eq!((&line["region"], &line["attempt"]), (&Json::from("eu"), &Json::from(3)));
        assert_eq!(line["error"], "refused");
    }

    #[test]
    fn levels_hold_per_target() {
        let text = written(LogFormat::Text, || {
            tracing::debug!(target: "peegeeq_service_manager::health::probe", "wanted");
            tracing::info!(target: "peegeeq_service_manager::api", "unwanted");
            tracing::warn!(target: "peegeeq_service_manager::api", "wanted too");
        });
        assert_eq!(text.lines().count(), 2, "{text}");
        assert!(!text.contains("unwanted"));
    }

    #[test]
    fn the_file_is_put_aside_by_size_and_old_ones_are_removed() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("logs").join("manager.log");
        let mut roller = open(&LogFile { path: path.clone(), max_bytes: 1_024, max_history: 2 }).expect("a writable folder");
        for number in 0..100 {
            roller.write_all(format!("{number:099}\n").as_bytes()).expect("space on the disk");
        }
        drop(roller);
        let files = || std::fs::read_dir(folder.path().join("logs")).expect("a folder").count();
        // why: old files are removed by a thread of the roller's own; wait for the state, with a bound.
        let waited = (0..200).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            files() == 3
        });
        assert!(waited, "{} files", files());
        let current = std::fs::read_to_string(&path).expect("the current file");
        assert!(current.len() <= 1_024 && current.ends_with("099\n"), "{current}");
    }

    #[test]
    fn a_file_that_cannot_be_made_is_told() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("taken"), "").expect("a written file");
        let file = LogFile { path: folder.path().join("taken").join("manager.log"), max_bytes: 1_024, max_history: 1 };
        let told = open(&file).err().expect("a fault").to_string();
        assert!(told.contains("taken/manager.log") && told.ends_with("logging.file.name"), "{told}");
    }

    #[test]
    fn the_real_thing_writes_to_the_file_and_begins_only_once() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("manager.log");
        // Everything else in this test program stays silent.
        let levels = vec![("only_this_test".to_owned(), LevelFilter::INFO)];
        let file = Some(LogFile { path: path.clone(), max_bytes: 1 << 20, max_history: 1 });
        let config = LoggingConfig { root: LevelFilter::OFF, levels, file, ..config(LogFormat::Json) };
        let guard = init(&config).expect("nothing logs yet");
        tracing::info!(target: "only_this_test", data_dir = "x", "started");
        assert!(matches!(init(&config), Err(LoggingError::Twice)));
        assert_eq!(guard.lost_lines(), 0);
        drop(guard);
        let text = std::fs::read_to_string(&path).expect("the file");
        let line: Json = serde_json::from_str(&text).expect("one line of JSON");
        assert_eq!((&line["message"], &line["dataDir"]), (&Json::from("started"), &Json::from("x")));
    }
}
