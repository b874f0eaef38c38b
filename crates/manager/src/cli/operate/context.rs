//! Contexts: names for managers, in a file that only its owner can read.
//!
//! Owns the file and `context …`. Which context is used is decided in `connect.rs`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::failure::{Failure, NOT_FOUND};
use super::line::{ContextCommand, SetContext};
use super::output::{Cell, Page, Screen, Table, Tone, cell, text};

/// The longest token that is read.
const TOKEN_MAX: u64 = 8 << 10;

/// All contexts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Contexts {
    /// Name of the one in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) current: Option<String>,
    /// By name.
    pub(super) contexts: BTreeMap<String, Context>,
}

/// One context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Context {
    pub(super) server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token_file: Option<PathBuf>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ca_file: Option<PathBuf>,
}

/// Where contexts are kept: `$XDG_CONFIG_HOME/peegeeq/contexts.json`, else below `~/.config`.
pub(super) fn file(environment: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let said = |name: &str| environment(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = said("XDG_CONFIG_HOME").or_else(|| said("HOME").map(|home| home.join(".config")))?;
    Some(folder.join("peegeeq").join("contexts.json"))
}

/// Reads the file; one that is not there holds nothing.
pub(super) fn read(file: &Path) -> Result<Contexts, Failure> {
    match std::fs::read(file) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            Failure::usage(format!("the contexts in {} cannot be read: {error}\ncorrect the file or remove it", file.display()))
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Contexts::default()),
        Err(error) => Err(Failure::failed(format!("cannot read {}: {error}", file.display()))),
    }
}

/// Writes the file anew beside the old one and puts it in its place, so that a crash leaves one of the two.
fn write(file: &Path, contexts: &Contexts) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("cannot write {}: {error}", file.display()));
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).map_err(failed)?;
    let new = folder.join(format!(".contexts.json.{}", std::process::id()));
    let text = serde_json::to_string_pretty(contexts).map_err(|error| Failure::failed(error.to_string()))?;
    let write = || {
        let mut output = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        output.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        output.write_all(text.as_bytes())?;
        output.write_all(b"\n")?;
        output.sync_all()?;
        std::fs::rename(&new, file)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&new))).map_err(failed)
}

/// The first line of a file of a token.
pub(super) fn token_in(file: &Path) -> Result<String, Failure> {
    let wrong = |why: String| Failure::usage(format!("cannot take a token from {}: {why}", file.display()));
    let input = std::fs::File::open(file).map_err(|error| wrong(error.to_string()))?;
    let mut text = String::new();
    input.take(TOKEN_MAX).read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
    let token = text.lines().next().unwrap_or_default().trim();
    if token.is_empty() { Err(wrong("its first line is empty".to_owned())) } else { Ok(token.to_owned()) }
}

/// `context …`.
pub(super) fn run(command: ContextCommand, environment: &dyn Fn(&str) -> Option<String>, screen: &Screen) -> Result<Page, Failure> {
    let file = file(environment).ok_or_else(|| Failure::usage("there is no place for contexts: set HOME or XDG_CONFIG_HOME"))?;
    let mut contexts = read(&file)?;
    let sentence = match command {
        ContextCommand::List => return Ok(Page::of(table(&contexts, screen))),
        ContextCommand::Use { name } => {
            contexts.known(&name)?;
            contexts.current = Some(name.clone());
            format!("{name} is the current context")
        }
        ContextCommand::Set(set) => contexts.set(set)?,
        ContextCommand::Remove { name } => {
            contexts.known(&name)?;
            contexts.contexts.remove(&name);
            contexts.current = contexts.current.filter(|current| *current != name);
            format!("{name} is forgotten")
        }
    };
    write(&file, &contexts)?;
    Ok(Page::of(sentence + "\n"))
}

impl Contexts {
    /// A context by its name.
    pub(super) fn known(&self, name: &str) -> Result<&Context, Failure> {
        let names = || self.contexts.keys().cloned().collect::<Vec<_>>().join(", ");
        let advice = || if self.contexts.is_empty() { "none; make one with 'context set'".to_owned() } else { names() };
        self.contexts
            .get(name)
            .ok_or_else(|| Failure::new(NOT_FOUND, format!("there is no context '{}'; there is {}", name.escape_debug(), advice())))
    }

    fn set(&mut self, set: SetContext) -> Result<String, Failure> {
        let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
        if set.name.is_empty() || set.name.len() > 64 || !set.name.chars().all(is_word) {
            return Err(Failure::usage("a context's name has 1 to 64 letters, digits, or characters of - _ . @"));
        }
        let mut context = self.contexts.get(&set.name).cloned().unwrap_or_default();
        context.server = set.server.unwrap_or(context.server);
        if context.server.is_empty() {
            return Err(Failure::usage("a new context needs --server URL"));
        }
        peegeeq_service_manager_client::Client::new(&*context.server)?;
        if set.no_token || set.token_file.is_some() || set.store_token {
            context.token = set.store_token.then(token_from_input).transpose()?;
            context.token_file = set.token_file.map(absolute);
        }
        context.ca_file = set.ca_file.map(absolute).or(context.ca_file);
        self.contexts.insert(set.name.clone(), context);
        if self.current.is_none() {
            self.current = Some(set.name.clone());
        }
        Ok(format!("{} is set", set.name))
    }
}

/// A file is meant from where the command was typed, not from where a later one is.
fn absolute(file: PathBuf) -> PathBuf {
    std::path::absolute(&file).unwrap_or(file)
}

fn token_from_input() -> Result<String, Failure> {
    let mut line = String::new();
    let read = std::io::BufRead::read_line(&mut std::io::stdin().lock().take(TOKEN_MAX), &mut line);
    read.map_err(|error| Failure::failed(format!("cannot read a token from standard input: {error}")))?;
    let token = line.trim();
    if token.is_empty() { Err(Failure::usage("there was no token on standard input")) } else { Ok(token.to_owned()) }
}

fn table(contexts: &Contexts, screen: &Screen) -> String {
    if contexts.contexts.is_empty() {
        return "no contexts; make one with 'context set NAME --server URL'\n".to_owned();
    }
    let mut table = Table::new(&[text("CURRENT", 0), text("NAME", 0), text("SERVER", 0), text("TOKEN", 0), text("AUTHORITIES", 1)]);
    for (name, context) in &contexts.contexts {
        let is_current = contexts.current.as_ref() == Some(name);
        let token = match (&context.token, &context.token_file) {
            (Some(_), _) => "stored".to_owned(),
            (None, Some(file)) => file.display().to_string(),
            (None, None) => "none".to_owned(),
        };
        let authorities = context.ca_file.as_ref().map(|file| file.display().to_string());
        let mark = Cell::toned(if is_current { "*" } else { "" }, Tone::Good);
        table.row([mark, cell(name), cell(&context.server), cell(token), authorities.into()]);
    }
    table.render(screen)
}
