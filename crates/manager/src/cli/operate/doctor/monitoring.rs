//! "Monitoring Setup" of the guide.

use super::look::Look;
use super::{Item, Level, Section};
use crate::observe::settings::LogFormat;

const SECTION: Section = Section("Monitoring");

/// Share of open files above which more instances would be refused.
const FILES_FULL: f64 = 0.8;

pub(super) fn items(look: &Look) -> Vec<Item> {
    vec![collection(look), logs(look), alerts(look), performance(look), capacity(look)]
}

fn collection(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Application metrics collection enabled", level, found, advice);
    match &look.metrics {
        Ok(text) => item(Level::Ok, format!("{} metrics at /metrics", text.lines().filter(|line| line.starts_with("# TYPE")).count()), ""),
        Err(why) => item(Level::Fail, why.clone(), "set metrics.enabled=true, or give a token that may look"),
    }
}

fn logs(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Log aggregation configured", level, found, advice);
    let Some(loaded) = look.local() else {
        return item(
            Level::Yours,
            "the manager's settings cannot be seen from here".to_owned(),
            "set logging.format=json, or logging.file.name, and collect it",
        );
    };
    let logging = &loaded.config.logging;
    match (&logging.file, logging.format) {
        (Some(file), _) => item(Level::Ok, format!("written to {}; collect it", file.path.display()), ""),
        (None, LogFormat::Json) => item(Level::Ok, "one JSON object a line on standard output; collect it".to_owned(), ""),
        (None, LogFormat::Text) => {
            item(Level::Warn, "text on standard output".to_owned(), "set logging.format=json so that a collector reads fields")
        }
    }
}

fn alerts(look: &Look) -> Item {
    let found = match &look.metrics {
        Ok(text) if text.contains("peegeeq_health_transitions_total") => {
            "the manager counts transitions; whether anybody is woken cannot be seen from here"
        }
        _ => "cannot be seen from here",
    };
    SECTION.item(
        "Health check alerts configured",
        Level::Yours,
        found,
        "alert on peegeeq_instances{status=\"unhealthy\"} > 0 and on the manager itself being away",
    )
}

fn performance(look: &Look) -> Item {
    let item = |level, found: &str, advice: &str| SECTION.item("Performance monitoring in place", level, found, advice);
    match &look.metrics {
        Ok(text) if text.contains("peegeeq_http_request_duration_seconds") => {
            item(Level::Ok, "times of requests, checks and federation are measured", "")
        }
        Ok(_) => item(Level::Warn, "no times of requests among the metrics", "they come with the first request; ask again"),
        Err(_) => item(Level::Fail, "no metrics", "set metrics.enabled=true, or give a token that may look"),
    }
}

fn capacity(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Capacity planning completed", level, found, advice);
    let value = |name: &str| look.metrics.as_ref().ok().and_then(|text| metric(text, name));
    match (value("process_open_fds"), value("process_max_fds"), value("process_resident_memory_bytes")) {
        (Some(open), Some(most), _) if open > most * FILES_FULL => {
            item(Level::Fail, format!("{open:.0} of {most:.0} files are open"), "raise LimitNOFILE (ulimit -n) of the manager")
        }
        (Some(open), Some(most), Some(memory)) => {
            item(Level::Ok, format!("{open:.0} of {most:.0} files open, {:.0} MiB of memory", memory / 1_048_576.0), "")
        }
        _ => item(Level::Yours, "cannot be seen from here".to_owned(), "see docs/BENCHMARKS.md for what one manager can do"),
    }
}

/// A metric without labels.
fn metric(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok())
}
