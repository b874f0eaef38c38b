//! Configuration: one table of settings, four sources, one checked value for each room.
//!
//! Owns reading and checking. Keeps no global state and reads no environment by itself, so that tests run side by side.
//! Does not start or change anything.

mod build;
mod contradictions;
mod document;
mod effective;
mod fault;
mod file;
mod names;
mod recognised;
mod setting;
mod settings;
mod sources;
mod typed;
mod value;

#[cfg(test)]
mod tests;

pub use document::{help, markdown};
pub use effective::{Effective, json, table};
pub use fault::{ConfigFault, Origin};
pub use typed::{
    AnonymousRole, BackendChoice, ClientConfig, Config, ConsulConfig, ConsulConsistency, EmptyStatus, FederationConfig, HealthConfig,
    ManagerIdentity, MetricsConfig, PairFiles, RegistryConfig, RoutingConfig, SecurityConfig, ServerConfig, ServerTlsConfig,
};

use std::path::{Path, PathBuf};

/// Exit code for a configuration with faults (`EX_CONFIG` of `sysexits.h`).
pub const EXIT_BAD_CONFIGURATION: u8 = 78;

/// What the command line says about settings, not yet read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RawArgs {
    /// Every `-Dkey=value` in the order of the line.
    pub defines: Vec<(String, String)>,
    /// The bare port argument.
    pub port: Option<String>,
    /// `--config FILE`.
    pub config_file: Option<PathBuf>,
    /// Options meant for a Java machine, such as `-Xmx2g`.
    pub java_options: Vec<String>,
}

/// A configuration without faults.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// For the rooms.
    pub config: Config,
    /// For people: every setting with its origin.
    pub effective: Vec<Effective>,
    /// Sentences to log at start.
    pub warnings: Vec<String>,
}

/// Reads every source and checks the whole.
///
/// `environment` gives the value of a variable, [`process_environment`] in the real program. Relative paths, and the search for
/// `config.json`, start at `working_directory`.
///
/// # Errors
/// Every fault there is, not only the first. A value that cannot be read hides only the contradictions it may take part in.
pub fn load(args: &RawArgs, environment: &dyn Fn(&str) -> Option<String>, working_directory: &Path) -> Result<Loaded, Vec<ConfigFault>> {
    let mut collected = sources::collect(args, environment, working_directory);
    let values = build::Values { values: &collected.values, working_directory };
    let together = contradictions::faults(&values, collected.file_is_unread);
    if !collected.faults.is_empty() || !together.is_empty() {
        collected.faults.extend(together);
        return Err(collected.faults);
    }
    let levels: Vec<(&str, &str)> = collected.levels.iter().map(|(logger, (level, _))| (&**logger, &**level)).collect();
    let strategies: Vec<(&str, &str)> = collected.strategies.iter().map(|(name, (word, _))| (&**name, &**word)).collect();
    let config = build::config(&values, &levels, &strategies);
    let mut warnings = collected.warnings.clone();
    warnings.extend(contradictions::warnings(&values));
    warnings.extend(levels.iter().filter_map(|(logger, _)| strange_logger(logger)));
    Ok(Loaded { config, effective: effective::effective(&collected), warnings })
}

/// The variables of this process; one that is not UTF-8 counts as not set.
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn strange_logger(logger: &str) -> Option<String> {
    let is_ours = crate::observe::logger_names::target_of(logger).is_some();
    (!is_ours).then(|| format!("logging.level.{} is not in effect: this program has no such logger", fault::shown(logger)))
}
