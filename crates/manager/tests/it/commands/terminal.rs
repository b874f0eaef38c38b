//! Watching and `top`.

use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};

use super::{ask, cluster, with_dead};
use crate::support::{Launch, TestApp};

#[tokio::test]
async fn a_watch_tells_every_change() {
    let app = TestApp::start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    app.wait_for_status("a", "unhealthy").await;
    let line = ["instances", "watch", "--interval", "100ms", "--output", "json"];
    let watch = Launch::command(&line).variable("PEEGEEQ_SERVER", &app.base()).spawn();
    watch.wait_for_output("\"a\"").await;
    with_dead(&app, "b").await;
    watch.wait_for_output("\"instanceId\":\"b\"").await;
    assert_eq!(ask(&app.base(), &["instances", "deregister", "a"]).await.code, Some(0));
    watch.wait_for_output("\"instanceId\":\"a\",\"from\":\"unhealthy\",\"to\":null").await;
    watch.signal(rustix::process::Signal::INT);
    let finished = watch.finish().await;
    assert_eq!((finished.code, finished.err.as_str()), (Some(0), ""), "{finished:?}");
    let each: Vec<Value> = finished.out.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    assert!(each.iter().all(|change| change["from"] != change["to"] || change["weight"].is_u64()), "{each:?}");
}

#[tokio::test]
async fn a_table_is_repeated_until_the_end() {
    let app = TestApp::start().await;
    let watch = Launch::command(&["instances", "list", "--watch=100ms"]).variable("PEEGEEQ_SERVER", &app.base()).spawn();
    wait_until("a third table", secs(30), || {
        let count = watch.output().matches("no instances").count();
        std::future::ready(if count >= 3 { Ok(()) } else { Err(count) })
    })
    .await;
    watch.signal(rustix::process::Signal::INT);
    assert_eq!(watch.finish().await.code, Some(0));
}

#[tokio::test]
async fn top_draws_once_into_a_pipe_without_a_word_to_the_terminal() {
    let cluster = cluster().await;
    cluster.complete("/api/v1/federation/queues").await;
    let top = ask(&cluster.app.base(), &["top"]).await;
    assert_eq!(top.code, Some(0), "{top:?}");
    assert!(top.out.contains("2 instances: 2 healthy") && top.out.contains("QUEUE") && !top.out.contains('\x1b'), "{}", top.out);
}

/// On a terminal it keeps to the screen, leaves it as it was, and `q` ends it.
#[tokio::test]
async fn top_ends_with_q_on_a_terminal() {
    if std::process::Command::new("script").arg("--version").output().is_err() {
        eprintln!("not run: top on a terminal: script is missing");
        return;
    }
    let cluster = cluster().await;
    let program = env!("CARGO_BIN_EXE_peegeeq-service-manager");
    let line = format!("stty cols 80 rows 24; {program} top --interval 200ms; echo code=$?; stty -a");
    let launch = Launch::command(&[]).under(&["bash", "-c", "exec script -q -c \"$LINE\" /dev/null"]).variable("LINE", &line);
    let launch = launch.variable("PEEGEEQ_SERVER", &cluster.app.base()).variable("TERM", "xterm");
    let output = launch.run_with_late_input("INSTANCE", "q").await;
    assert!(output.contains("\x1b[?1049h") && output.contains("\x1b[?1049l") && output.contains("q ends"), "{output:?}");
    assert!(output.contains("code=0") && output.contains(" icanon ") && output.contains(" echo "), "{output:?}");
}
