//! Commands for operators: the built program against a manager in the test, and against one that is away.
//!
//! Owns running them and making what they print the same in every run.

mod changes;
mod contexts;
mod doctor;
mod failures;
mod help;
mod looking;
mod rust_client;
mod terminal;

use peegeeq_testkit::{FakeInstance, World};

use crate::support::process::Finished;
use crate::support::{Cluster, Launch, Plan, TestApp};

/// Runs a command against a manager, with nothing else said.
pub(crate) async fn ask(base: &str, arguments: &[&str]) -> Finished {
    Launch::command(arguments).variable("PEEGEEQ_SERVER", base).run().await
}

/// Two healthy instances and a manager.
pub(crate) async fn cluster() -> Cluster {
    let worlds = vec![World::sample("alpha"), World::second_sample("beta")];
    Cluster::start(Plan::new(), peegeeq_testkit::Dialect::Current, worlds).await
}

/// Registers an instance at a port where nobody listens, and waits until that is known.
pub(crate) async fn with_dead(app: &TestApp, id: &str) {
    let body = serde_json::json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "environment": "staging", "region": "eu-west-1"});
    app.register(&body).await;
    app.wait_for_status(id, "unhealthy").await;
}

/// What was printed and how it ended, with what differs between runs replaced by its name.
pub(crate) fn said(finished: &Finished, instances: &[&FakeInstance]) -> String {
    let code = finished.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
    let text = format!("{}--- standard error\n{}--- exit code {code}\n", finished.out, finished.err);
    let mut text = text;
    for instance in instances {
        // A name of the same length keeps columns where they are.
        let port = instance.port().to_string();
        let name = format!("<{}>", "p".repeat(port.len().saturating_sub(2)));
        text = text.replace(&format!(":{port}"), &format!(":{name}")).replace(&format!(" {port}"), &format!(" {name}"));
    }
    text.split_inclusive('\n').map(steady).collect()
}

/// A line without times, spans and request ids, and without the room that they took.
fn steady(line: &str) -> String {
    let mut out = Vec::new();
    for word in line.trim_end().split(' ') {
        let bare = word.trim_matches(|letter: char| matches!(letter, ',' | '"' | ';' | ':'));
        let is_address = bare.starts_with("http://127.0.0.1:");
        let is_id = bare.len() == 16 && bare.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_span = bare.strip_suffix('s').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
        let name = match () {
            () if crate::support::snapshot::is_time(bare) => "<time>",
            () if is_id => "<id>",
            () if is_span => "<span>",
            () if is_address && !bare.contains("<p") => "<address>",
            () => "",
        };
        out.push(if name.is_empty() { word.to_owned() } else { word.replace(bare, name) });
    }
    let line = out.join(" ");
    // How wide a time is differs, so the room before it does too.
    line.replace("  <span>", " <span>").replace("  <span>", " <span>") + "\n"
}
