//! Where values come from, and who wins: `-D` and the port argument, then the environment, then `config.json`,
//! then the default of the table.
//!
//! Owns precedence and the names in each source. Does not own how values play together (`contradictions.rs`).

use super::fault::{ConfigFault, Origin, contradiction, refused, shown, unknown};
use super::setting::{Default, Kind, Setting, Unit};
use super::settings::{LEVELS, SETTINGS, STRATEGIES};
use super::value::{Raw, Value, read};
use super::{RawArgs, file, names, recognised};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// Every setting's value with its origin, before anybody asked whether the values fit together.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) values: HashMap<&'static str, (Value, Origin)>,
    /// What was written for each setting, for people.
    pub(super) written: HashMap<&'static str, String>,
    /// Level by logger name, as spelled.
    pub(super) levels: BTreeMap<String, (String, Origin)>,
    /// Strategy by environment, as spelled.
    pub(super) strategies: BTreeMap<String, (String, Origin)>,
    pub(super) faults: Vec<ConfigFault>,
    /// There is a file, and what it says is unknown.
    pub(super) file_is_unread: bool,
    pub(super) warnings: Vec<String>,
}

/// One name with a value, as one source says it.
struct Statement {
    name: String,
    raw: Raw,
    origin: Origin,
}

/// Reads all sources; every fault is kept, none stops the reading.
pub(super) fn collect(args: &RawArgs, environment: &dyn Fn(&str) -> Option<String>, working_directory: &Path) -> Collected {
    let mut collected = Collected::default();
    let mut found = HashMap::new();
    let file = from_file(args, working_directory, &mut collected);
    collected.accept(file, &mut found);
    let variables = from_environment(environment, &mut collected);
    collected.accept(variables, &mut found);
    let typed = from_command_line(args);
    collected.accept(typed, &mut found);
    collected.warn_about_java_options(args);
    collected.evaluate(&found);
    collected
}

fn from_file(args: &RawArgs, working_directory: &Path, collected: &mut Collected) -> Vec<Statement> {
    let Some(path) = file::locate(args.config_file.as_deref(), working_directory) else { return Vec::new() };
    // Shown as the user would write it, not with the whole path of the working directory in front.
    let shown_path = path.strip_prefix(working_directory).unwrap_or(&path).to_owned();
    match file::read(&path) {
        Ok(entries) => entries
            .into_iter()
            .map(|entry| Statement { name: entry.name, raw: entry.raw, origin: Origin::File(shown_path.clone()) })
            .collect(),
        Err(fault) => {
            collected.file_is_unread = true;
            collected.faults.push(ConfigFault { origin: Some(Origin::File(shown_path)), ..fault });
            Vec::new()
        }
    }
}

fn from_environment(environment: &dyn Fn(&str) -> Option<String>, collected: &mut Collected) -> Vec<Statement> {
    let mut statements = Vec::new();
    for row in SETTINGS {
        for variable in row.environment_names() {
            // An empty variable is how compose files write "not set".
            let Some(text) = environment(&variable).filter(|text| !text.is_empty()) else { continue };
            if is_service_link(row, &text) {
                collected.warnings.push(format!(
                    "{variable} is '{}', a link that Kubernetes sets for a service of that name; it is ignored",
                    shown(&text)
                ));
                continue;
            }
            statements.push(Statement { name: row.key.to_owned(), raw: Raw::Text(text), origin: Origin::Environment(variable) });
        }
    }
    for row in recognised::RECOGNISED.iter().filter(|row| !row.key.ends_with('.')) {
        let variable = names::variable_of(row.key);
        if let Some(text) = environment(&variable).filter(|text| !text.is_empty()) {
            let origin = Origin::Environment(variable);
            statements.push(Statement { name: row.key.to_owned(), raw: Raw::Text(text), origin });
        }
    }
    statements
}

/// Kubernetes sets `CONSUL_PORT=tcp://10.0.0.7:8500` in every container beside a service called `consul`.
fn is_service_link(row: &Setting, text: &str) -> bool {
    let is_port = matches!(row.kind, Kind::Number { unit: Unit::Port, .. });
    is_port && (text.starts_with("tcp://") || text.starts_with("udp://"))
}

fn from_command_line(args: &RawArgs) -> Vec<Statement> {
    // The same name typed twice: the last one counts, as in Java.
    let mut last: Vec<Statement> = Vec::new();
    for (name, text) in &args.defines {
        last.retain(|earlier| &earlier.name != name);
        let origin = Origin::Define(format!("-D{}", shown(name)));
        last.push(Statement { name: name.clone(), raw: Raw::Text(text.clone()), origin });
    }
    let port = args.port.iter().map(|text| Statement {
        name: "service.port".to_owned(),
        raw: Raw::Text(text.clone()),
        origin: Origin::PortArgument,
    });
    last.extend(port);
    last
}

impl Collected {
    /// Takes over what one source says; what a weaker source said about the same setting is replaced.
    fn accept(&mut self, statements: Vec<Statement>, found: &mut HashMap<&'static str, Statement>) {
        let mut here: HashMap<&'static str, Statement> = HashMap::new();
        for statement in statements {
            if let Some(row) = names::find(&statement.name) {
                match here.get(row.key) {
                    Some(earlier) if earlier.raw != statement.raw => self.faults.push(said_twice(row, earlier, &statement)),
                    _ => {
                        here.insert(row.key, statement);
                    }
                }
            } else {
                self.accept_other(statement);
            }
        }
        found.extend(here);
    }

    fn accept_other(&mut self, statement: Statement) {
        if let Some(logger) = names::logger_of(&statement.name) {
            let said = word_of(LEVELS, &statement).map(|level| self.levels.insert(logger.to_owned(), level));
            self.faults.extend(said.err());
        } else if let Some(environment) = names::environment_of(&statement.name) {
            let said = word_of(STRATEGIES, &statement).map(|strategy| self.strategies.insert(environment.to_owned(), strategy));
            self.faults.extend(said.err());
        } else if let Some(row) = recognised::find(&names::fold(&statement.name)) {
            self.warnings.push(format!("{} {} is {}", shown(&statement.name), statement.origin.place(), row.because));
        } else {
            self.faults.push(unknown(&statement.name, &statement.origin));
        }
    }

    fn warn_about_java_options(&mut self, args: &RawArgs) {
        if !args.java_options.is_empty() {
            let options = shown(&args.java_options.join(" "));
            self.warnings.push(format!("{options}: options of a Java machine have no effect, this program needs none"));
        }
    }

    fn evaluate(&mut self, found: &HashMap<&'static str, Statement>) {
        for row in SETTINGS {
            let (value, origin, written) = match found.get(row.key) {
                Some(statement) => {
                    let Some(value) = read(row.kind, &statement.raw) else {
                        let allowed = row.kind.allowed();
                        self.faults.push(refused(row.key, &statement.origin, &statement.raw.shown(), &allowed));
                        continue;
                    };
                    (value, statement.origin.clone(), statement.raw.shown())
                }
                None => (default_of(row), Origin::Default, default_text(row).to_owned()),
            };
            self.values.insert(row.key, (value, origin));
            self.written.insert(row.key, written);
        }
    }
}

fn said_twice(row: &Setting, earlier: &Statement, later: &Statement) -> ConfigFault {
    let problem =
        format!("{} is '{}' {} and '{}' {}", row.key, earlier.raw.shown(), earlier.origin.place(), later.raw.shown(), later.origin.place());
    contradiction(row.key, problem, "say it once".to_owned())
}

/// One of a few words, with its origin.
fn word_of(words: &'static [&'static str], statement: &Statement) -> Result<(String, Origin), ConfigFault> {
    match read(Kind::Choice(words), &statement.raw) {
        Some(Value::Text(word)) => Ok((word, statement.origin.clone())),
        _ => Err(refused(&statement.name, &statement.origin, &statement.raw.shown(), &words.join(", "))),
    }
}

/// The default's value. A default that its own kind refuses would be unset; a test reads every one.
fn default_of(row: &Setting) -> Value {
    match row.default {
        Default::Is(text) => read(row.kind, &Raw::Text(text.to_owned())).unwrap_or(Value::Unset),
        Default::Unset(_) => Value::Unset,
    }
}

const fn default_text(row: &Setting) -> &'static str {
    match row.default {
        Default::Is(text) | Default::Unset(text) => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_is_what_its_setting_takes() {
        for row in SETTINGS {
            if let Default::Is(text) = row.default {
                assert!(read(row.kind, &Raw::Text(text.to_owned())).is_some(), "{} does not take {text}", row.key);
            }
        }
    }
}
