//! Commands that answer and end.

use serde_json::Value;

use crate::support::Launch;

#[tokio::test]
async fn checking_settings_starts_nothing() {
    let good = Launch::command(&["config", "check"]).run().await;
    assert_eq!((good.code, good.out.as_str()), (Some(0), "the configuration has no faults\n"));
    let bad = Launch::command(&["config", "check", "--json", "-Dfoo=1"]).run().await;
    let found: Value = serde_json::from_str(&bad.out).expect("JSON");
    assert_eq!((bad.code, &found["ok"], &found["faults"][0]["setting"]), (Some(78), &Value::from(false), &Value::from("foo")));
    let printed = Launch::command(&["config", "print", "-Dregion=eu"]).run().await;
    assert!(
        printed.out.lines().any(|line| line.starts_with("region") && line.contains("eu") && line.contains("-Dregion")),
        "{}",
        printed.out
    );
}

#[tokio::test]
async fn the_description_printed_is_the_description_served() {
    let printed = Launch::command(&["openapi"]).run().await;
    let manager = Launch::serve().start().await;
    assert_eq!((printed.code, printed.out), (Some(0), manager.get("/openapi.json").await.text()));
}

#[tokio::test]
async fn a_hashed_token_opens_the_door() {
    let launch = Launch::command(&["token", "hash", "--name", "ops", "--role", "read"]);
    let hashed = launch.run_with_input("a-token-that-nobody-guesses\n");
    assert_eq!(hashed.code, Some(0), "{hashed:?}");
    assert!(!hashed.out.contains("nobody-guesses") && hashed.out.ends_with(" ops read\n"), "{}", hashed.out);
    let manager = Launch::serve().file("tokens", &hashed.out).arg("-Dsecurity.tokens.file=tokens").start().await;
    assert_eq!(manager.get("/api/v1/instances").await.status, 401);
    let headers = [("authorization", "Bearer a-token-that-nobody-guesses")];
    let client = peegeeq_testkit::HttpClient::default();
    let url = format!("{}/api/v1/instances", manager.base());
    assert_eq!(client.request(http::Method::GET, &url, &headers, "").await.expect("an answer").status, 200);
    let weak = launch.run_with_input("short\n");
    assert_eq!(weak.code, Some(2), "{weak:?}");
}

#[tokio::test]
async fn asking_for_health_ends_with_a_code() {
    let manager = Launch::serve().start().await;
    let up = Launch::command(&["health", manager.base()]).run().await;
    assert_eq!(up.code, Some(0), "{up:?}");
    assert!(up.out.starts_with("UP: "), "{}", up.out);
    let port = manager.base().rsplit(':').next().expect("a port").to_owned();
    let here = Launch::command(&["health"]).arg(&format!("-Dservice.port={port}")).run().await;
    assert_eq!(here.code, Some(0), "{here:?}");
    let base = manager.base().to_owned();
    manager.kill().await;
    let down = Launch::command(&["health", &base]).run().await;
    assert_eq!(down.code, Some(1), "{down:?}");
    assert!(down.err.starts_with("DOWN: "), "{}", down.err);
}

#[tokio::test]
async fn what_is_no_command_is_met_with_advice() {
    let finished = Launch::command(&["sevre"]).run().await;
    assert_eq!(finished.code, Some(2));
    assert!(finished.err.contains("did you mean serve?"), "{}", finished.err);
    let help = Launch::command(&["--help"]).run().await;
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("health.check.interval"));
    assert!(Launch::command(&["--version"]).run().await.out.contains(env!("CARGO_PKG_VERSION")));
}
