//! Any name and any label comes back as it was given, under one path only; no body at all is our fault.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Map, Value, json};

use crate::support::TestApp;

/// A manager and a runtime for many cases in turn.
fn with_app(cases: u32, check: impl Fn(&tokio::runtime::Runtime, &TestApp, &mut TestRunner)) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let app = runtime.block_on(TestApp::start());
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    check(&runtime, &app, &mut runner);
    runtime.block_on(app.stop());
}

/// Every byte that is not a plain letter or digit is encoded, once.
fn segment(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

fn ids() -> impl Strategy<Value = String> {
    let strange = prop::sample::select(vec![
        "a b",
        "a/b",
        "ä",
        "100%",
        "x+y",
        "a%2Fb",
        "..%2F",
        "%2e%2e",
        "🐘🐘",
        "a?b#c",
        "\\",
        "ａ",
        "e\u{301}\u{301}",
        "שלום",
        "a;b",
        "'\"<>",
        "health",
        "instances",
        "a/health",
        "x/deregister",
        "register/x",
        "~",
        "a//b",
        "/",
        "//",
        "a/./b",
        ".a",
        "...",
        "\u{10FFFF}",
    ]);
    prop_oneof![strange.prop_map(str::to_owned), "\\PC{1,128}", "[ -~]{1,128}", "\\PC{129,140}", ".{1,20}"]
}

async fn goes_round(app: &TestApp, id: &str) -> Result<(), TestCaseError> {
    let body = json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance"});
    let reply = app.post("/api/v1/instances/register", &body).await;
    if reply.status != 201 {
        prop_assert_eq!(reply.status.as_u16(), 400, "{:?}: {}", id, reply.text());
        prop_assert_eq!(&reply.json()["details"][0]["field"], "instanceId", "{:?}", id);
        return Ok(());
    }
    let path = format!("/api/v1/instances/{}", segment(id));
    let (location, read) = (app.get(reply.header("location")).await.json(), app.get(&path).await.json());
    let (listed, health) = (app.row(id).await, app.get(&format!("{path}/health")).await.json());
    let found = [&reply.json()["instanceId"], &location["instance"]["instanceId"], &read["instance"]["instanceId"], &listed["instanceId"]];
    prop_assert!(found.iter().all(|found| found.as_str() == Some(id)), "{:?}: {:?}", id, found);
    prop_assert_eq!(health["instanceId"].as_str(), Some(id));
    prop_assert_eq!(app.delete(&format!("{path}/deregister")).await.status.as_u16(), 200, "{:?}", id);
    prop_assert_eq!(app.get("/api/v1/instances").await.json()["count"].as_u64(), Some(0));
    Ok(())
}

#[test]
fn an_id_is_stored_and_addressable_or_refused() {
    with_app(150, |runtime, app, runner| {
        runner.run(&ids(), |id| runtime.block_on(goes_round(app, &id))).unwrap_or_else(|error| panic!("{error}"));
    });
}

fn labels() -> impl Strategy<Value = Map<String, Value>> {
    let entry = ("\\PC{1,40}", prop_oneof!["\\PC{0,60}", "[ -~]{0,60}"]);
    prop::collection::vec(entry, 0..8).prop_map(|entries| entries.into_iter().map(|(key, value)| (key, Value::String(value))).collect())
}

#[test]
fn metadata_goes_round_or_is_refused() {
    with_app(100, |runtime, app, runner| {
        let check = |metadata: Map<String, Value>| {
            runtime.block_on(async {
                let body = json!({"instanceId": "a", "host": "127.0.0.1", "port": 1, "metadata": metadata, "presence": "maintenance"});
                let reply = app.post("/api/v1/instances/register", &body).await;
                if reply.status == 400 {
                    prop_assert_eq!(&reply.json()["details"][0]["field"], "metadata");
                    return Ok(());
                }
                prop_assert_eq!(reply.status.as_u16(), 201, "{}", reply.text());
                prop_assert_eq!(&app.row("a").await["metadata"], &Value::Object(metadata.clone()));
                for (key, value) in &metadata {
                    let query: String = form_urlencoded::Serializer::new(String::new())
                        .append_pair(&format!("metadata.{key}"), value.as_str().unwrap_or_default())
                        .finish();
                    prop_assert_eq!(&app.get(&format!("/api/v1/instances?{query}")).await.json()["count"], 1, "{}", query);
                }
                Ok(())
            })
        };
        runner.run(&labels(), check).unwrap_or_else(|error| panic!("{error}"));
    });
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let names = prop::sample::select(vec![
            "instanceId",
            "host",
            "port",
            "scheme",
            "weight",
            "healthPath",
            "healthStatus",
            "version",
            "environment",
            "region",
            "presence",
            "metadata",
            "revision",
            "x",
        ]);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(names.prop_map(str::to_owned), inner, 0..10)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

#[test]
fn no_body_is_our_fault() {
    with_app(300, |runtime, app, runner| {
        let check = |(body, cut): (Value, usize)| {
            runtime.block_on(async {
                let text = body.to_string();
                let end = (0..=text.len() - cut.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
                for (method, path) in
                    [("POST", "/api/v1/instances/register"), ("PUT", "/api/v1/instances/a"), ("POST", "/api/v1/instances/a/health/check")]
                {
                    let reply = app.ask(method, path, &[], text[..end].to_owned()).await;
                    prop_assert!(reply.status.as_u16() < 500, "{} {}: {} {}", method, path, text, reply.text());
                    prop_assert!(reply.json().is_object());
                }
                Ok(())
            })
        };
        let cut = prop_oneof![3 => Just(0_usize), 1 => 1_usize..20];
        runner.run(&(any_json(), cut), check).unwrap_or_else(|error| panic!("{error}"));
    });
}
