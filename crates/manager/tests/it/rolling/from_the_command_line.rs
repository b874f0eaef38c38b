//! The same from the command line.

use super::{all_used, begin, instance, order, stage};
use crate::commands::ask;
use crate::support::{Launch, TestApp};

#[tokio::test]
async fn it_is_begun_followed_and_led() {
    let app = TestApp::start().await;
    let (mut a, _b) = (instance(&app, "a", false).await, instance(&app, "b", false).await);
    all_used(&app, &["a", "b"]).await;
    let base = app.base();
    let (starting, server) = (["instances", "rolling-restart", "start", "a", "--reason", "1.3", "--deadline", "1s"], base.clone());
    let following = tokio::spawn(async move { Launch::command(&starting).variable("PEEGEEQ_SERVER", &server).run().await });
    let path = peegeeq_testkit::wait_until("it to begin", peegeeq_testkit::secs(30), || async {
        let all = app.get(super::ROLLING).await.json();
        all["restarts"][0]["restartId"].as_str().map(|id| format!("{}/{id}", super::ROLLING)).ok_or(all.to_string())
    })
    .await;
    stage(&app, &path, "a", "ready-to-restart").await;
    a.stop().await;
    stage(&app, &path, "a", "restarting").await;
    a.restart_on_same_port().await.expect("the same port");
    let followed = following.await.expect("no panic");
    assert_eq!(followed.code, Some(0), "{followed:?}");
    for words in ["0 of 1: ", "done, 1 of 1: over", "a "] {
        assert!(followed.out.contains(words), "{words}: {}", followed.out);
    }
    let path = begin(&app, &order(&["b"])).await;
    let id = path.rsplit('/').next().expect("an id").to_owned();
    stage(&app, &path, "b", "ready-to-restart").await;
    let restarted = ask(&base, &["instances", "rolling-restart", "restarted", &id, "a"]).await;
    assert!(restarted.code == Some(1) && restarted.err.contains("does not belong"), "{restarted:?}");
    let paused = ask(&base, &["instances", "rolling-restart", "pause", &id, "--reason", "night"]).await;
    assert!(paused.code == Some(4) && paused.out.contains("paused: night"), "{paused:?}");
    assert_eq!(ask(&base, &["instances", "rolling-restart", "continue", &id]).await.code, Some(0));
    assert_eq!(ask(&base, &["instances", "rolling-restart", "cancel", &id]).await.code, Some(4));
    let listed = ask(&base, &["instances", "rolling-restart", "show"]).await;
    assert!(listed.out.lines().count() == 3 && listed.out.contains("cancelled") && listed.out.contains("done"), "{listed:?}");
}
