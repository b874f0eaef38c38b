//! Settings of Consul, seen from its side.

use std::time::Duration;

use peegeeq_testkit::{secs, wait_until};
use serde_json::json;

use crate::support::Plan;
use crate::support::consul::{Act, Asked, Consul, ScriptedConsul};

fn hanging(asked: &Asked) -> Act {
    match &*asked.path {
        path if path.starts_with("/v1/kv/") => Act::Answer(200, 5, r#"[{"Key":"k"}]"#.to_owned()),
        path if path.contains("index=") => Act::Hang,
        _ => Act::Answer(200, 18, "[]".to_owned()),
    }
}

async fn asked(fake: &ScriptedConsul, what: &str, is_it: impl Fn(&Asked) -> bool) -> Asked {
    wait_until(what, secs(30), || {
        let found = fake.asked().into_iter().find(|asked| is_it(asked));
        std::future::ready(found.ok_or_else(|| format!("{:?}", fake.asked())))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_carry_what_the_settings_say() {
    let fake = ScriptedConsul::start(hanging);
    let plan = fake.plan().with("-Dconsul.token.value=t-1").with("-Dconsul.datacenter=dc 2").with("-Dconsul.wait=7000");
    let plan = plan.with("-Dconsul.consistency=stale").with("-Dconsul.service.name=queues").with("-Dconsul.node=our-node");
    let app = plan.start().await;
    let blocking = asked(&fake, "a blocking query", |asked| asked.path.contains("index=18")).await;
    assert_eq!((&*blocking.method, &*blocking.path), ("GET", "/v1/health/service/queues?dc=dc%202&index=18&wait=7000ms&stale"));
    assert!(blocking.headers.contains("x-consul-token: t-1\r\n"), "{}", blocking.headers);
    app.post("/api/v1/instances/register", &json!({"instanceId": "a", "host": "127.0.0.1", "port": 1})).await;
    let write = asked(&fake, "a transaction", |asked| asked.path.starts_with("/v1/txn")).await;
    assert_eq!((&*write.method, &*write.path), ("PUT", "/v1/txn?dc=dc%202"));
    assert!(write.body.contains(r#""Node":"our-node""#) && write.body.contains(r#""Service":"queues""#), "{}", write.body);
    assert!(write.headers.contains("x-consul-token: t-1\r\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_file_is_read_again_when_it_changes() {
    let fake = ScriptedConsul::start(hanging);
    let plan = fake.plan().with("-Dconsul.token.file=token").with("-Dcache.refresh.interval=1000").file("token", "first\n");
    let _app = plan.start().await;
    asked(&fake, "the first token", |asked| asked.headers.contains("x-consul-token: first\r\n")).await;
    std::fs::write(plan.folder().join("token"), "the-second").expect("a file");
    asked(&fake, "the second token", |asked| asked.headers.contains("x-consul-token: the-second\r\n")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_whole_catalog_is_read_from_time_to_time() {
    let fake = ScriptedConsul::start(hanging);
    let _app = fake.plan().with("-Dcache.refresh.interval=1000").start().await;
    wait_until("three full reads", secs(30), || {
        let reads = fake.asked().iter().filter(|asked| asked.path == "/v1/health/service/peegeeq-instance").count();
        std::future::ready(if reads >= 3 { Ok(()) } else { Err(reads.to_string()) })
    })
    .await;
    let lazy = ScriptedConsul::start(hanging);
    let _app = lazy.plan().start().await;
    // why: nothing is to happen in this time
    tokio::time::sleep(Duration::from_millis(2500)).await;
    let reads = lazy.asked().iter().filter(|asked| asked.path == "/v1/health/service/peegeeq-instance").count();
    assert_eq!(reads, 1, "the first one only");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_larger_than_allowed_counts_as_none() {
    let big = format!("[{}]", " ".repeat(70_000));
    let fake = ScriptedConsul::start(
        move |asked| if asked.path.starts_with("/v1/kv/") { hanging(asked) } else { Act::Answer(200, 18, big.clone()) },
    );
    let small = fake.plan().with("-Dconsul.response.max.bytes=64KB").start().await;
    let large = fake.plan().start().await;
    wait_until("the large answer to be refused", secs(30), || async {
        let health = small.get("/health").await.json();
        if health.to_string().contains("larger than 65536 bytes") { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
    assert_eq!(large.get("/health").await.json()["consul"], "connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn as_many_writes_run_at_once_as_allowed() {
    for (allowed, expected) in [("1", 1), ("16", 6)] {
        let fake = ScriptedConsul::start(|asked| if asked.path.starts_with("/v1/txn") { Act::Hang } else { hanging(asked) });
        let app = fake.plan().with(&format!("-Dconsul.concurrency={allowed}")).with("-Dconsul.timeout=60000").start().await;
        // Nobody waits for the answers: the writes hang as long as this Consul does.
        let orders = (0..6).map(|n| {
            let app = &app;
            async move {
                let body = json!({"instanceId": format!("i{n}"), "host": "127.0.0.1", "port": 1});
                let order = app.post("/api/v1/instances/register", &body);
                let _ = tokio::time::timeout(Duration::from_secs(3), order).await;
            }
        });
        futures_util::future::join_all(orders).await;
        let hanging = fake.asked().iter().filter(|asked| asked.path.starts_with("/v1/txn")).count();
        assert!(hanging <= expected && (expected == 1 || hanging > 0), "{allowed}: {hanging}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_agents_are_asked_in_turn() {
    let consul = Consul::start().await;
    let plan = consul.plan().with(&format!("-Dconsul.host=127.0.0.1:1,127.0.0.1:{}", consul.port()));
    let app = plan.start().await;
    wait_until("the agent that answers", secs(30), || async {
        let health = app.get("/health").await.json();
        if health["consul"] == "connected" { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_found_at_the_first_start_is_used_and_remembered() {
    let mut consul = Consul::start().await;
    let auto = |port: u16| Plan::new().with("-Dregistry.backend=auto").with(&format!("-Dconsul.port={port}"));
    let plan = auto(consul.port());
    let app = plan.start().await;
    let word = app.get("/health").await.json()["consul"].clone();
    assert_ne!(word, "disabled", "an agent answered");
    app.stop().await;
    consul.kill();
    let again = plan.start().await;
    assert_eq!(again.get("/health/detail").await.json()["registry"]["backend"], "consul", "it sticks, though nobody answers");

    let without = auto(1);
    let app = without.start().await;
    assert_eq!(app.get("/health").await.json()["consul"], "disabled");
    app.stop().await;
    consul.run().await;
    let later = without.with(&format!("-Dconsul.port={}", consul.port())).start().await;
    assert_eq!(later.get("/health").await.json()["consul"], "disabled", "it sticks, though somebody answers now");
}
