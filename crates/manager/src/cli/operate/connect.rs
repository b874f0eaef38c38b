//! From options, environment and contexts to a client.

use std::path::PathBuf;

use peegeeq_service_manager_client::Client;

use super::context::{self, Context};
use super::failure::Failure;
use super::line::Manager;

/// Where a manager is when nobody says: this machine, at the guide's port.
pub(super) const DEFAULT_SERVER: &str = "http://127.0.0.1:9090";

/// Who is called, and as whom.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) server: String,
    pub(super) token: Option<String>,
    pub(super) ca_file: Option<PathBuf>,
}

/// Decides. What is typed wins over the environment, and that over the context. A context that was *named* on the line stands
/// above the environment's address, since whoever typed it meant it.
pub(super) fn target(options: &Manager, environment: &dyn Fn(&str) -> Option<String>) -> Result<Target, Failure> {
    let said = |name: &str| environment(name).filter(|value| !value.is_empty());
    let context = chosen_context(options, environment)?;
    let is_named = options.context.is_some();
    let by_variable = |name: &str| said(name).filter(|_| !is_named);
    let server = options.server.clone().or_else(|| by_variable("PEEGEEQ_SERVER"));
    // A token belongs to its manager: the context's is not shown to an address that was typed beside it.
    let credentials = context.as_ref().filter(|_| server.is_none() || is_named);
    let token = match (&options.token, &options.token_file) {
        (Some(token), _) => Some(token.clone()),
        (None, Some(file)) => Some(context::token_in(file)?),
        (None, None) => token_around(&by_variable, credentials)?,
    };
    let ca_file = options.ca_file.clone().or_else(|| by_variable("PEEGEEQ_CA_FILE").map(PathBuf::from));
    Ok(Target {
        ca_file: ca_file.or_else(|| context.as_ref().and_then(|context| context.ca_file.clone())),
        server: server.or_else(|| context.map(|context| context.server)).unwrap_or_else(|| DEFAULT_SERVER.to_owned()),
        token,
    })
}

fn token_around(by_variable: &dyn Fn(&str) -> Option<String>, context: Option<&Context>) -> Result<Option<String>, Failure> {
    if let Some(token) = by_variable("PEEGEEQ_TOKEN") {
        return Ok(Some(token));
    }
    if let Some(file) = by_variable("PEEGEEQ_TOKEN_FILE") {
        return context::token_in(&PathBuf::from(file)).map(Some);
    }
    match context {
        Some(Context { token: Some(token), .. }) => Ok(Some(token.clone())),
        Some(Context { token_file: Some(file), .. }) => context::token_in(file).map(Some),
        _ => Ok(None),
    }
}

fn chosen_context(options: &Manager, environment: &dyn Fn(&str) -> Option<String>) -> Result<Option<Context>, Failure> {
    let named = options.context.clone().or_else(|| environment("PEEGEEQ_CONTEXT").filter(|name| !name.is_empty()));
    let Some(file) = context::file(environment) else {
        return named.map_or(Ok(None), |_| Err(Failure::usage("contexts need HOME or XDG_CONFIG_HOME")));
    };
    let contexts = context::read(&file)?;
    match named.or_else(|| contexts.current.clone()) {
        Some(name) => contexts.known(&name).cloned().map(Some),
        None => Ok(None),
    }
}

/// The client for a command.
pub(super) fn client(options: &Manager) -> Result<Client, Failure> {
    let target = target(options, &crate::config::process_environment)?;
    let agent = concat!("peegeeq-service-manager/", env!("CARGO_PKG_VERSION"));
    let mut builder = Client::builder(target.server).timeout(options.timeout.0).user_agent(agent);
    if let Some(token) = target.token {
        builder = builder.token(token);
    }
    if let Some(file) = target.ca_file {
        builder = builder.ca_file(file);
    }
    Ok(builder.build()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path().join("peegeeq");
        std::fs::create_dir(&place).expect("a folder");
        let text = r#"{"current": "a", "contexts": {"a": {"server": "http://a", "token": "of-a"}, "b": {"server": "http://b"}}}"#;
        std::fs::write(place.join("contexts.json"), text).expect("a file");
        folder
    }

    fn decided(options: Manager, variables: &[(&str, &str)]) -> (String, Option<String>) {
        let folder = folder();
        let home = folder.path().display().to_string();
        let environment = |name: &str| match name {
            "XDG_CONFIG_HOME" => Some(home.clone()),
            _ => variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()),
        };
        let target = target(&options, &environment).expect("a target");
        (target.server, target.token)
    }

    fn of(server: &str, token: Option<&str>) -> (String, Option<String>) {
        (server.to_owned(), token.map(str::to_owned))
    }

    #[test]
    fn the_line_wins_over_the_environment_and_that_over_the_context() {
        let typed = || Manager { server: Some("http://t".into()), ..Manager::default() };
        let variables = [("PEEGEEQ_SERVER", "http://v"), ("PEEGEEQ_TOKEN", "of-v")];
        assert_eq!(decided(Manager::default(), &[]), of("http://a", Some("of-a")));
        assert_eq!(decided(Manager::default(), &variables), of("http://v", Some("of-v")));
        assert_eq!(decided(typed(), &variables), of("http://t", Some("of-v")));
    }

    #[test]
    fn a_named_context_is_meant_and_a_token_stays_with_its_manager() {
        let variables = [("PEEGEEQ_SERVER", "http://v"), ("PEEGEEQ_TOKEN", "of-v")];
        let named = Manager { context: Some("b".into()), ..Manager::default() };
        assert_eq!(decided(named, &variables), of("http://b", None));
        let typed = Manager { server: Some("http://t".into()), ..Manager::default() };
        assert_eq!(decided(typed, &[]), of("http://t", None));
    }
}
