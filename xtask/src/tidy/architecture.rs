//! Who may name whom, who may start tasks, and where queues may not grow without end.
//!
//! Owns the table of the manager's modules. A module that is not in the table is a finding: decide its place first.

use super::Project;
use super::paths::{Named, module_of, named};
use super::source::Source;
use crate::finding::Finding;

const MANAGER: &str = "crates/manager/src/";

/// Where a module of the manager stands, from the inside out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Used by all rooms, names no room.
    Shared,
    /// One duty of the product. Rooms meet in the catalog and in the observations, never directly.
    Room,
    /// Reads the settings; hands nothing to rooms itself.
    Config,
    /// Puts everything together.
    Outermost,
}

const MODULES: [(&str, Place); 22] = [
    ("clock", Place::Shared),
    ("net", Place::Shared),
    ("observations", Place::Shared),
    ("observe", Place::Shared),
    ("registry", Place::Shared),
    ("security", Place::Shared),
    ("tasks", Place::Shared),
    ("ui", Place::Shared),
    ("api", Place::Room),
    ("fan_in", Place::Room),
    ("federation", Place::Room),
    ("gateway", Place::Room),
    ("health", Place::Room),
    ("incidents", Place::Room),
    ("updates", Place::Room),
    ("webhook", Place::Room),
    ("config", Place::Config),
    ("server", Place::Shared),
    ("app", Place::Outermost),
    ("cli", Place::Outermost),
    ("demo", Place::Outermost),
    ("main", Place::Outermost),
];

/// The doors through which a border may be crossed all the same: who, what (with everything below it), and why.
const DOORS: [(&str, &str, &str); 8] = [
    ("api", "health::HealthHandle", "a forced check is an order to the monitor, not something to be read from the catalog"),
    ("api", "health::CheckError", "the answer to that order"),
    ("api", "federation", "api asks it for answers and writes them: it needs to know of what they are made"),
    ("api", "gateway", "api asks it how requests are spread and what would become of one, and writes what it tells"),
    ("api", "fan_in", "api hands on to clients what it hears from all instances"),
    ("api", "updates", "api takes subscribers in and writes the rows for them"),
    ("api", "incidents", "api shows them"),
    ("app", "api::wire::registration", "instances listed in the configuration are written as in a registration request"),
];

/// Files that start threads by themselves, with the reason why.
const STARTERS: [(&str, &str); 2] = [
    ("net/dialer.rs", "the system's resolver blocks; a permit bounds how many threads it may take"),
    ("observe/log_queue.rs", "it writes the last words of all tasks, so it is not one of them"),
];

/// Ways to start a task or a thread.
const STARTS: [&str; 8] =
    ["tokio::spawn", "task::spawn", "thread::spawn", "thread::Builder", "spawn_blocking", "spawn_local", "spawn_on(", "JoinSet"];

/// Queues without a limit.
const UNBOUNDED: [&str; 4] = ["unbounded_channel", "UnboundedSender", "UnboundedReceiver", "mpsc::unbounded"];

/// All findings about the manager's inner borders.
pub(super) fn check(project: &Project) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &project.sources {
        findings.extend(unbounded(source));
        let Some(inside) = source.path.strip_prefix(MANAGER) else { continue };
        let module = module_of(inside);
        let own = if inside == "main.rs" { "main" } else { module.first().map_or("", String::as_str) };
        if own.is_empty() {
            continue;
        }
        let Some(place) = place_of(own) else {
            findings.push(Finding::of(
                &source.path,
                format!("the module {own} has no place in the architecture"),
                "add it to MODULES in xtask/src/tidy/architecture.rs",
            ));
            continue;
        };
        let code = source.code.iter().enumerate().map(|(index, line)| (index + 1, line.as_str()));
        findings.extend(named(&module, code).iter().filter_map(|path| crossing(source, own, place, path)));
        findings.extend(starts(source, own));
    }
    findings
}

fn place_of(module: &str) -> Option<Place> {
    MODULES.iter().find(|(name, _)| *name == module).map(|(_, place)| *place)
}

/// The finding for a path that crosses a border it must not.
fn crossing(source: &Source, own: &str, place: Place, path: &Named) -> Option<Finding> {
    let other = path.segments.first().filter(|other| *other != own)?;
    let theirs = place_of(other)?;
    if is_door(own, &path.segments.join("::")) {
        return None;
    }
    let found = |what: String, instead: &str| Some(Finding::at(&source.path, path.line, what, instead));
    if other == "api" && path.segments.get(1).is_some_and(|second| second == "wire") && own != "cli" {
        return found(format!("{own} names api::wire"), "the JSON shape belongs to api and cli; pass a type of the domain");
    }
    match (place, theirs) {
        (Place::Outermost, _) | (_, Place::Shared) => None,
        (_, Place::Config) => found(format!("{own} names config"), "let app hand it a small struct of its own"),
        (Place::Room, Place::Room) => {
            found(format!("the room {own} names the room {other}"), "let them meet in the catalog or in observations")
        }
        (_, Place::Room) => found(format!("{own} names the room {other}"), "only app and cli know the rooms; hand in what it needs"),
        (_, Place::Outermost) => found(format!("{own} names {other}, which lies further out"), "hand in what it needs"),
    }
}

fn is_door(own: &str, path: &str) -> bool {
    let leads = |door: &str| path.strip_prefix(door).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    DOORS.iter().any(|(who, door, _)| *who == own && leads(door))
}

fn starts(source: &Source, own: &str) -> Vec<Finding> {
    if matches!(own, "tasks" | "server") || STARTERS.iter().any(|(file, _)| source.path.strip_prefix(MANAGER) == Some(*file)) {
        return Vec::new();
    }
    let found = source.product_code().filter_map(|(number, line)| Some((number, STARTS.iter().find(|start| line.contains(**start))?)));
    let finding = |(number, start): (usize, &&str)| {
        Finding::at(
            &source.path,
            number,
            format!("{} outside tasks.rs", start.trim_end_matches('(')),
            "start it through Tasks, so that stopping ends it",
        )
    };
    found.map(finding).collect()
}

fn unbounded(source: &Source) -> Vec<Finding> {
    let of = |line: &str| UNBOUNDED.into_iter().find(|word| line.contains(word));
    let lines = source.code.iter().enumerate().filter_map(|(index, line)| Some((index + 1, of(line)?)));
    lines
        .map(|(number, word)| {
            Finding::at(&source.path, number, format!("{word}: a queue without a limit"), "give it a bound and decide what happens at it")
        })
        .collect()
}
