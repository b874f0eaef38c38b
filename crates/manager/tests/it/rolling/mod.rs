//! Rolling restarts, from outside: each instance is drained, restarted by the test, waited for and let in again.

mod from_the_command_line;
mod leading;
mod under_load;

use peegeeq_testkit::{FakeInstance, Options, Queue, QueueKind, Setup, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{TestApp, registration};

pub(super) const ROLLING: &str = "/api/v1/routing/rolling-restart";
pub(super) const QUEUE: &str = "/api/v1/queues/s1/q";

/// A simulated instance with the setup `s1`, whose database all share.
pub(super) async fn instance(app: &TestApp, id: &str, forgets: bool) -> FakeInstance {
    let mut setup = Setup::empty("s1");
    setup.queues.push(Queue::new("q", QueueKind::Native));
    let mut world = World::empty();
    world.setups.push(setup);
    let options = Options::named(id, world);
    let options = if forgets { options.forget_setups_on_restart() } else { options };
    let instance = FakeInstance::start(options).await.expect("an instance");
    app.register(&registration(&instance)).await;
    instance
}

/// Waits until requests go to all of these.
pub(super) async fn all_used(app: &TestApp, ids: &[&str]) {
    for id in ids {
        wait_until(&format!("{id} to be used"), secs(60), || async {
            let reply = app.ask("GET", QUEUE, &[("x-peegeeq-instance", id)], "").await;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
    }
}

/// Begins one, and says where its progress is.
pub(super) async fn begin(app: &TestApp, body: &Value) -> String {
    let reply = app.post(ROLLING, body).await;
    assert_eq!(reply.status, 202, "{}", reply.text());
    let path = format!("{ROLLING}/{}", reply.json()["restartId"].as_str().expect("an id"));
    assert_eq!(reply.header("location"), path);
    path
}

/// Waits until an instance of it is at this stage, and answers with the whole.
pub(super) async fn stage(app: &TestApp, path: &str, id: &str, stage: &str) -> Value {
    wait_until(&format!("{id} to be {stage}"), secs(60), || async {
        let answer = app.get(path).await.json();
        let rows = answer["instances"].as_array().cloned().unwrap_or_default();
        let is_there = rows.iter().any(|row| row["instanceId"] == id && row["stage"] == stage);
        if is_there { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await
}

/// Waits until it is in this state.
pub(super) async fn state(app: &TestApp, path: &str, state: &str) -> Value {
    wait_until(&format!("the restart to be {state}"), secs(60), || async {
        let answer = app.get(path).await.json();
        if answer["state"] == state { Ok(answer) } else { Err(answer.to_string()) }
    })
    .await
}

/// The kinds of what the journal says of rolling restarts.
pub(super) async fn noted(app: &TestApp) -> Vec<String> {
    let events = app.get("/api/v1/events?kind=restart.&limit=1000").await.json();
    let kind = |event: &Value| event["kind"].as_str().unwrap_or_default().to_owned();
    events["events"].as_array().map(|events| events.iter().map(kind).collect()).unwrap_or_else(|| panic!("{events}"))
}

pub(super) fn order(ids: &[&str]) -> Value {
    json!({"instanceIds": ids, "reason": "1.3", "deadline": "5s"})
}
