//! What a command prints and how it exits.
//!
//! Owns words for a terminal. Does not own reading the configuration.

use crate::config::{ConfigFault, EXIT_BAD_CONFIGURATION, Loaded, json, table};
use std::io::Write;

/// Text for the two outputs and the exit code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// 0 when all is well.
    pub code: u8,
    /// For standard output.
    pub output: String,
    /// For standard error.
    pub errors: String,
}

impl Report {
    /// Success with something to print.
    pub fn output(text: impl Into<String>) -> Self {
        Self { output: text.into(), ..Self::default() }
    }

    /// Failure with a sentence.
    pub fn failure(code: u8, sentence: impl std::fmt::Display) -> Self {
        Self { code, output: String::new(), errors: format!("{sentence}\n") }
    }

    /// Prints both texts; a closed pipe is no failure.
    pub fn print(&self) {
        let mut output = std::io::stdout().lock();
        let _ = output.write_all(self.output.as_bytes()).and_then(|()| output.flush());
        let _ = std::io::stderr().lock().write_all(self.errors.as_bytes());
    }
}

/// The outcome of reading a configuration that has faults, for every command.
pub fn faults(faults: &[ConfigFault]) -> Report {
    let list: String = faults.iter().map(|fault| format!("  - {fault}\n")).collect();
    let count = if faults.len() == 1 { "a fault".to_owned() } else { format!("{} faults", faults.len()) };
    let errors = format!("the configuration has {count}, nothing was started:\n{list}");
    Report { code: EXIT_BAD_CONFIGURATION, output: String::new(), errors }
}

/// `config print`.
pub fn config_print(loaded: &Result<Loaded, Vec<ConfigFault>>, is_json: bool) -> Report {
    match loaded {
        Ok(loaded) => {
            let output = if is_json { json(&loaded.effective) } else { table(&loaded.effective) };
            Report { code: 0, output, errors: warnings(loaded) }
        }
        Err(found) => faults(found),
    }
}

/// A configuration without faults whose files have some counts as faulty.
pub fn with_files_checked(loaded: Result<Loaded, Vec<ConfigFault>>) -> Result<Loaded, Report> {
    let loaded = loaded.map_err(|found| faults(&found))?;
    match crate::app::check_files(&loaded.config) {
        Ok(()) => Ok(loaded),
        Err(error) => Err(Report::failure(EXIT_BAD_CONFIGURATION, format!("the configuration has faults, nothing was started:\n{error}"))),
    }
}

/// `config check`. As JSON an object with `ok`, `faults` and `warnings`, on standard output in both cases.
pub fn config_check(loaded: &Result<Loaded, Vec<ConfigFault>>, is_json: bool) -> Report {
    if is_json {
        return check_json(loaded);
    }
    match loaded {
        Ok(loaded) => Report { code: 0, output: "the configuration has no faults\n".to_owned(), errors: warnings(loaded) },
        Err(found) => faults(found),
    }
}

fn check_json(loaded: &Result<Loaded, Vec<ConfigFault>>) -> Report {
    let (code, found, warnings) = match loaded {
        Ok(loaded) => (0, Vec::new(), loaded.warnings.clone()),
        Err(found) => (EXIT_BAD_CONFIGURATION, found.iter().map(fault_json).collect(), Vec::new()),
    };
    let object = serde_json::json!({"ok": code == 0, "faults": found, "warnings": warnings});
    Report { code, output: format!("{object:#}\n"), errors: String::new() }
}

fn fault_json(fault: &ConfigFault) -> serde_json::Value {
    serde_json::json!({
        "setting": fault.key,
        "origin": fault.origin.as_ref().map(ToString::to_string),
        "problem": fault.problem,
        "advice": fault.advice,
    })
}

fn warnings(loaded: &Loaded) -> String {
    loaded.warnings.iter().map(|warning| format!("warning: {warning}\n")).collect()
}
