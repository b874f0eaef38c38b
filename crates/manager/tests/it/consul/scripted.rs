//! What a real Consul will not do on command: indexes that go back, empty and broken answers, answers that never come.
//!
//! Every answer has the shape of a recorded one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::consul::{Act, Asked, ScriptedConsul};

const MARK: &str = r#"[{"Key":"peegeeq/registry/epoch","Value":"MQ==","ModifyIndex":5}]"#;

fn entries(ids: &[&str]) -> String {
    let entry = |id: &&str| {
        json!({"Node": {"ID": "fd3b0d0d", "Node": "node1", "Address": "127.0.0.1", "Datacenter": "dc1", "TaggedAddresses": null},
            "Service": {"ID": id, "Service": "peegeeq-instance", "Tags": ["version=1.0.0"], "Address": "127.0.0.1", "Port": 8081,
                "Meta": null, "Weights": {"Passing": 1, "Warning": 1}, "Connect": {}, "CreateIndex": 14, "ModifyIndex": 14},
            "Checks": [{"Node": "node1", "CheckID": "serfHealth", "Status": "passing", "Definition": {}}]})
    };
    Value::Array(ids.iter().map(entry).collect()).to_string()
}

/// The mark is there, transactions conflict, and questions about the service get what `told` says.
fn consul(mut told: impl FnMut(&Asked) -> Act + Send + 'static) -> impl FnMut(&Asked) -> Act + Send + 'static {
    move |asked| match &*asked.path {
        path if path.starts_with("/v1/kv/") => Act::Answer(200, 5, MARK.to_owned()),
        path if path.starts_with("/v1/txn") => {
            Act::Answer(409, 5, r#"{"Results":null,"Errors":[{"OpIndex":0,"What":"index is stale"}]}"#.to_owned())
        }
        _ => told(asked),
    }
}

fn waits(asked: &Asked) -> bool {
    asked.path.contains("index=")
}

/// Tells two entries at once, and then has nothing to tell.
fn calm(asked: &Asked) -> Act {
    if waits(asked) { Act::Hang } else { Act::Answer(200, 18, entries(&["a", "b"])) }
}

async fn ids(app: &TestApp) -> String {
    let list = app.get("/api/v1/instances").await.json();
    let rows = list["instances"].as_array().cloned().unwrap_or_default();
    rows.iter().filter_map(|row| row["instanceId"].as_str()).collect::<Vec<_>>().join(" ")
}

async fn wait_for_ids(app: &TestApp, wanted: &str) {
    wait_until(&format!("the list to be {wanted}"), secs(30), || async {
        let ids = ids(app).await;
        if ids == wanted { Ok(()) } else { Err(ids) }
    })
    .await;
}

async fn wait_for_word(app: &TestApp, word: &str) {
    wait_until(&format!("Consul to be {word}"), secs(30), || async {
        let health = app.get("/health").await.json();
        if health["consul"] == word { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn broken_answers_erase_nothing_and_the_next_good_one_counts() {
    type Broken = (&'static str, fn() -> Act);
    let broken: [Broken; 9] = [
        ("500", || Act::Answer(500, 0, "rpc error: No cluster leader".into())),
        ("429", || Act::Answer(429, 0, "too many requests".into())),
        ("403", || Act::Answer(403, 0, "ACL not found".into())),
        ("a page", || Act::Answer(200, 30, "<html>gateway</html>".into())),
        ("no index", || Act::Raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]".into())),
        ("closed", || Act::Close),
        ("no HTTP", || Act::Raw("SSH-2.0\r\n".into())),
        ("half a body", || Act::HangInBody),
        ("too large", || Act::Raw("HTTP/1.1 200 OK\r\nX-Consul-Index: 30\r\nContent-Length: 99000000\r\n\r\n[".into())),
    ];
    for (name, act) in broken {
        let fake = ScriptedConsul::start(consul(calm));
        let app = fake.plan().with("-Dconsul.timeout=300").with("-Dcache.refresh.interval=1000").start().await;
        wait_for_ids(&app, "a b").await;
        fake.now(consul(move |_| act()));
        wait_for_word(&app, "disconnected").await;
        assert_eq!(ids(&app).await, "a b", "{name}");
        fake.now(consul(|asked| if waits(asked) { Act::Hang } else { Act::Answer(200, 40, entries(&["a", "c"])) }));
        wait_for_ids(&app, "a c").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_answers_need_a_second_witness() {
    let fake = ScriptedConsul::start(consul(calm));
    let app = fake.plan().with("-Dcache.refresh.interval=1000").start().await;
    wait_for_ids(&app, "a b").await;
    // The token lost its rights: Consul says that there is nothing, and refuses to write.
    let empty = |asked: &Asked| if waits(asked) { Act::Hang } else { Act::Answer(200, 60, "[]".to_owned()) };
    let mut denied = consul(empty);
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    fake.now(move |asked| {
        if asked.path.starts_with("/v1/txn") {
            counted.fetch_add(1, Ordering::Relaxed);
            return Act::Answer(403, 0, "Permission denied".to_owned());
        }
        denied(asked)
    });
    wait_until("the manager to ask for its rights, twice", secs(30), || async {
        let asked = seen.load(Ordering::Relaxed);
        if asked >= 2 { Ok(()) } else { Err(asked.to_string()) }
    })
    .await;
    assert_eq!(ids(&app).await, "a b");
    // Newer versions say that they held something back.
    fake.now(consul(|asked| {
        let held_back = "HTTP/1.1 200 OK\r\nX-Consul-Index: 61\r\nX-Consul-Results-Filtered-By-ACLs: true\r\nContent-Length: 2\r\n\r\n[]";
        if waits(asked) { Act::Hang } else { Act::Raw(held_back.to_owned()) }
    }));
    let before = fake.asked().len();
    wait_until("two more full reads", secs(30), || async {
        let more = fake.asked().len() - before;
        if more >= 4 { Ok(()) } else { Err(more.to_string()) }
    })
    .await;
    assert_eq!(ids(&app).await, "a b");
    // Now all were really deregistered: the leader says so, and the token may see everything.
    fake.now(consul(|asked| if waits(asked) { Act::Hang } else { Act::Answer(200, 70, "[]".to_owned()) }));
    wait_for_ids(&app, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_that_goes_back_is_followed_and_removes_nothing() {
    let fake = ScriptedConsul::start(consul(|asked| match &*asked.path {
        path if path.contains("index=90&") => Act::Answer(200, 12, entries(&["c"])),
        _ if waits(asked) => Act::Hang,
        _ => Act::Answer(200, 90, entries(&["a", "b"])),
    }));
    let app = fake.plan().start().await;
    wait_for_ids(&app, "a b c").await;
    let health = app.get("/health").await.json();
    assert!(health["degraded"].to_string().contains("lost 2 registrations"), "{health}");
}

#[tokio::test(flavor = "multi_thread")]
async fn index_nought_is_not_waited_upon_and_churn_is_bounded() {
    let answers = Arc::new(AtomicUsize::new(0));
    let count = answers.clone();
    // Each answer comes at once with a new index: a service that never rests.
    let fake = ScriptedConsul::start(consul(move |asked| {
        let n = count.fetch_add(usize::from(waits(asked)), Ordering::Relaxed);
        Act::Answer(200, u64::try_from(n).unwrap_or(0), entries(&["a", "b"]))
    }));
    let app = fake.plan().start().await;
    wait_for_ids(&app, "a b").await;
    let (asked, began) = (answers.load(Ordering::Relaxed), std::time::Instant::now());
    wait_until("ten more questions", secs(60), || async {
        let more = answers.load(Ordering::Relaxed) - asked;
        if more >= 10 { Ok(()) } else { Err(more.to_string()) }
    })
    .await;
    // Ten questions cannot come closer than the least distance allows, however busy the machine is.
    assert!(began.elapsed() >= std::time::Duration::from_millis(900), "{:?}", began.elapsed());
    let waited: Vec<String> = fake.asked().into_iter().filter(waits).map(|asked| asked.path).collect();
    assert!(waited.iter().all(|path| !path.contains("index=0")), "{waited:?}");
}
