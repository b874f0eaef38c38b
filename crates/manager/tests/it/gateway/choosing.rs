//! Whom a request goes to.

use std::collections::BTreeMap;

use peegeeq_testkit::{Canned, Database, FakeInstance, Options, Queue, QueueKind, Setup, World, secs, wait_until};
use serde_json::json;

use crate::support::{Plan, TestApp, Upstream, registration};

pub(crate) fn setup(id: &str, database: &str) -> Setup {
    let mut setup = Setup::empty(id);
    setup.database = Database { host: "db".to_owned(), port: 5432, name: database.to_owned(), schema: "public".to_owned() };
    setup.queues.push(Queue::new("q", QueueKind::Native));
    setup
}

pub(crate) fn world(setups: &[(&str, &str)]) -> World {
    let mut world = World::empty();
    world.setups = setups.iter().map(|(id, database)| setup(id, database)).collect();
    world
}

pub(crate) async fn routed(app: &TestApp, id: &str) {
    app.wait_for_status(id, "healthy").await;
    wait_until(&format!("{id} to be looked at"), secs(30), || async {
        let reply = app.ask("GET", "/api/v1/setups/none-such", &[], "").await;
        let asked = reply.json()["asked"].to_string();
        if asked.contains(&format!("\"{id}\"")) { Ok(()) } else { Err(reply.text()) }
    })
    .await;
}

pub(crate) async fn cluster(app: &TestApp, members: &[(&str, &[(&str, &str)])]) -> Vec<FakeInstance> {
    let mut instances = Vec::new();
    for (id, setups) in members {
        instances.push(app.instance(id, world(setups)).await);
    }
    for (id, _) in members {
        routed(app, id).await;
    }
    instances
}

pub(crate) async fn who(app: &TestApp, path: &str, headers: &[(&str, &str)]) -> String {
    let reply = app.ask("GET", path, headers, "").await;
    assert_eq!(reply.status, 200, "{path}: {}", reply.text());
    reply.header("x-peegeeq-instance").to_owned()
}

#[tokio::test]
async fn a_setup_is_served_by_those_who_have_it_in_turns() {
    let app = Plan::new().with("-Dserver.workers=1").start().await;
    let _cluster = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[("s1", "d1"), ("s2", "d2")]), ("c", &[("s3", "d3")])]).await;
    let mut count = BTreeMap::new();
    wait_until("both to be known to hold the same database", secs(30), || async {
        let reply = app.get("/api/v1/queues/s1/q").await;
        if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    for _ in 0..20 {
        *count.entry(who(&app, "/api/v1/queues/s1/q", &[]).await).or_insert(0) += 1;
    }
    assert_eq!(count, BTreeMap::from([("a".to_owned(), 10), ("b".to_owned(), 10)]));
    assert_eq!(who(&app, "/api/v1/setups/s2", &[]).await, "b");
    assert_eq!(who(&app, "/api/v1/setups/s3", &[]).await, "c");
}

#[tokio::test]
async fn the_first_is_taken_if_the_settings_say_so() {
    let app = Plan::new().with("-Dload.balancing.strategy=first_available").start().await;
    let _cluster = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[("s1", "d1")])]).await;
    for _ in 0..6 {
        assert_eq!(who(&app, "/api/v1/queues/s1/q", &[]).await, "a");
    }
}

#[tokio::test]
async fn a_choice_is_kept_to() {
    let app = TestApp::start().await;
    let instances = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[("s1", "d1")])]).await;
    for _ in 0..4 {
        assert_eq!(who(&app, "/api/v1/queues/s1/q", &[("x-peegeeq-instance", "b")]).await, "b");
        assert_eq!(who(&app, "/api/v1/instances/a/proxy/api/v1/queues/s1/q", &[]).await, "a");
    }
    for path in ["/api/v1/setups", "/api/v1/management/overview", "/api/v1/health"] {
        assert_eq!(who(&app, path, &[("x-peegeeq-instance", "b")]).await, "b", "{path}");
    }
    assert_eq!(who(&app, "/api/v1/instances/b/proxy/health", &[]).await, "b");
    let ghost = app.ask("GET", "/api/v1/queues/s1/q", &[("x-peegeeq-instance", "ghost")], "").await;
    assert_eq!(ghost.status, 404, "{}", ghost.text());
    assert_eq!(app.get("/api/v1/instances/ghost/proxy/health").await.status, 404);
    drop(instances);
    app.wait_for_status("b", "unhealthy").await;
    let down = app.ask("GET", "/api/v1/queues/s1/q", &[("x-peegeeq-instance", "b")], "").await;
    assert_eq!(down.status, 503, "{}", down.text());
    assert_eq!(down.json()["candidates"][0]["reason"], "not-healthy", "{}", down.text());
}

#[tokio::test]
async fn one_name_for_several_databases_is_a_conflict_until_one_is_chosen() {
    let app = TestApp::start().await;
    let _a = app.instance("a", world(&[("s1", "d1")])).await;
    let b = FakeInstance::start(Options::named("b", world(&[("s1", "other")]))).await.expect("an instance");
    let mut body = registration(&b);
    body["region"] = json!("north");
    app.register(&body).await;
    routed(&app, "a").await;
    routed(&app, "b").await;
    let conflict = wait_until("both databases to be known", secs(30), || async {
        let reply = app.get("/api/v1/queues/s1/q").await;
        if reply.status == 409 { Ok(reply.json()) } else { Err(reply.text()) }
    })
    .await;
    let named: Vec<_> = conflict["candidates"].as_array().expect("a list").iter().map(|row| row["instanceId"].clone()).collect();
    assert_eq!(named, ["a", "b"], "{conflict}");
    assert_eq!(who(&app, "/api/v1/queues/s1/q", &[("x-peegeeq-instance", "a")]).await, "a");
    assert_eq!(who(&app, "/api/v1/queues/s1/q", &[("x-peegeeq-region", "north")]).await, "b");
    assert_eq!(app.ask("GET", "/api/v1/queues/s1/q", &[("x-peegeeq-region", "south")], "").await.status, 404);
}

#[tokio::test]
async fn an_unknown_setup_is_looked_for_once_and_then_told_with_who_was_asked() {
    let app = Plan::new().with("-Dhealth.setups.interval=3600000").start().await;
    let instances = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[])]).await;
    instances[1].update(|world| world.setups.push(setup("late", "d9")));
    // why: looks at everybody are a second apart, and the cluster was looked at just now.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(who(&app, "/api/v1/setups/late", &[]).await, "b", "found by a fresh look");
    let ghost = app.get("/api/v1/queues/ghost/q").await;
    assert_eq!(ghost.status, 404);
    assert_eq!(ghost.json()["asked"], json!(["a", "b"]), "{}", ghost.text());
    assert!(ghost.json()["timestamp"].is_i64(), "{}", ghost.text());
    instances[0].clear_hits();
    for _ in 0..10 {
        app.get("/api/v1/queues/ghost/q").await;
    }
    assert!(instances[0].hits("/api/v1/setups") <= 3, "the looks are shared and rare");
}

#[tokio::test]
async fn a_404_from_who_should_have_it_makes_the_directory_true() {
    let app = Plan::new().with("-Dhealth.setups.interval=3600000").start().await;
    let instances = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[("s1", "d1")])]).await;
    instances[0].forget_setup("s1");
    wait_until("only b to be asked", secs(30), || async {
        let mut statuses = Vec::new();
        for _ in 0..4 {
            statuses.push(app.get("/api/v1/queues/s1/q").await.status.as_u16());
        }
        if statuses == [200; 4] { Ok(()) } else { Err(format!("{statuses:?}")) }
    })
    .await;
}

#[tokio::test]
async fn a_setup_that_came_or_went_through_the_manager_is_known_at_once() {
    let app = Plan::new().with("-Dhealth.setups.interval=3600000").start().await;
    let instances = cluster(&app, &[("a", &[("s1", "d1"), ("s2", "d2")]), ("b", &[])]).await;
    for instance in &instances {
        instance.set_path_mode("/api/v1/database-setup", Canned::json("{}").status(201));
    }
    instances[1].update(|world| world.setups.push(setup("new", "d9")));
    let created = app.post("/api/v1/database-setup/create", &json!({"setupId": "new"})).await;
    assert!(created.status.is_success(), "{} {}", created.status, created.text());
    assert_eq!(created.header("x-peegeeq-instance"), "b", "who has the fewest");
    assert_eq!(who(&app, "/api/v1/setups/new", &[]).await, "b");
    instances[1].forget_setup("new");
    let deleted = app.delete("/api/v1/database-setup/new").await;
    assert!(deleted.status.is_success(), "{} {}", deleted.status, deleted.text());
    let gone = app.get("/api/v1/setups/new").await;
    assert_eq!((gone.status.as_u16(), &gone.json()["asked"]), (404, &json!(["a", "b"])), "the manager knows: {}", gone.text());
    let overview = app.get("/api/v1/federation/overview?fresh=true").await;
    assert_eq!(overview.json()["complete"], true, "nobody misses what was taken away on purpose: {}", overview.text());
}

#[tokio::test]
async fn the_setup_may_stand_in_the_body() {
    let app = TestApp::start().await;
    let _cluster = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[("s2", "d2")])]).await;
    for (field, setup, id) in [("setup", "s1", "a"), ("setupId", "s2", "b")] {
        let reply = app.post("/api/v1/management/queues", &json!({"name": "n", field: setup, "type": "native"})).await;
        assert_eq!(reply.header("x-peegeeq-instance"), id, "{} {}", reply.status, reply.text());
    }
    for body in ["{}", "[1]", "no json", "{\"setup\": 3}"] {
        assert_eq!(app.ask("POST", "/api/v1/management/queues", &[], body).await.status, 400, "{body}");
    }
    let large = app.ask("POST", "/api/v1/management/queues", &[], vec![b' '; (1 << 20) + 1]).await;
    assert_eq!(large.status, 413, "{}", large.text());
}

#[tokio::test]
async fn a_setup_that_nobody_can_serve_is_told_with_the_reasons() {
    let app = TestApp::start().await;
    let mut instances = cluster(&app, &[("a", &[("s1", "d1")]), ("b", &[])]).await;
    instances[0].stop().await;
    app.wait_for_status("a", "unhealthy").await;
    let reply = wait_until("the table to follow", secs(10), || async {
        let reply = app.get("/api/v1/queues/s1/q").await;
        if reply.json()["candidates"].is_array() { Ok(reply) } else { Err(reply.text()) }
    })
    .await;
    assert_eq!((reply.status.as_u16(), reply.header("retry-after")), (503, "1"));
    assert_eq!(reply.json()["candidates"][0]["instanceId"], "a");
    assert_eq!(reply.json()["candidates"][0]["reason"], "not-healthy");
}

/// Knows one webhook subscription, `own`, and nothing else.
async fn owner_of(own: &'static str) -> Upstream {
    Upstream::start(move |mut coming| async move {
        if coming.head.contains(own) {
            coming.reply("200 OK", "{}").await;
        } else {
            coming.reply("404 Not Found", "{}").await;
        }
        Some(coming)
    })
    .await
}

#[tokio::test]
async fn the_owner_of_a_subscription_is_found_by_asking_and_remembered() {
    let app = TestApp::start().await;
    let (a, b, c) = (owner_of("sub-a").await, owner_of("sub-b").await, owner_of("sub-c").await);
    for (upstream, id) in [(&a, "a"), (&b, "b"), (&c, "c")] {
        upstream.join(&app, id).await;
    }
    for id in ["a", "b", "c"] {
        let path = format!("/api/v1/webhook-subscriptions/sub-{id}");
        assert_eq!(who(&app, &path, &[]).await, id);
        let again = app.get(&path).await;
        assert_eq!((again.header("x-peegeeq-instance"), again.header("x-peegeeq-attempts")), (id, ""), "remembered");
    }
    let nobody = app.get("/api/v1/webhook-subscriptions/sub-x").await;
    assert_eq!((nobody.status.as_u16(), nobody.header("x-peegeeq-attempts")), (404, "3"), "all were asked");
}
