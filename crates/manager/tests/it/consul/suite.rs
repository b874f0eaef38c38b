//! What a registry promises, whatever it is kept in.

use serde_json::{Value, json};

use crate::support::consul::Consul;
use crate::support::{Plan, TestApp};

fn instance(id: &str, port: u16) -> Value {
    json!({"instanceId": id, "host": "127.0.0.1", "port": port, "version": "1.2", "environment": "production", "region": "eu",
        "weight": 3, "metadata": {"zone": "a", "version": "of the zone", "a=b": "c", "größe": "ü \"quoted\""}})
}

async fn one(app: &TestApp, id: &str) -> Value {
    app.get(&format!("/api/v1/instances/{id}")).await.json()["instance"].clone()
}

/// Registering, reading, changing, ordering, deregistering, with what each says when it cannot.
async fn keeps_its_promises(plan: Plan) {
    let app = plan.start().await;
    let before = app.get("/api/v1/instances").await.json()["count"].clone();
    assert_eq!(before, 0);
    for (id, port) in [("a", 8081), ("b/c d", 8082)] {
        assert_eq!(app.register(&instance(id, port)).await.json()["revision"], 1);
        assert_eq!(app.row(id).await["port"], port, "read your writes");
    }
    let read = one(&app, "a").await;
    assert_eq!(
        (&read["metadata"]["a=b"], &read["metadata"]["version"], &read["version"]),
        (&json!("c"), &json!("of the zone"), &json!("1.2"))
    );
    assert_eq!((&read["weight"], &read["environment"]), (&json!(3), &json!("production")));

    assert_eq!(app.register(&instance("a", 9000)).await.json()["revision"], 2, "the same id again");
    assert_eq!(one(&app, "a").await["registeredAt"], read["registeredAt"]);
    let changed = app.put("/api/v1/instances/a", &json!({"weight": 5, "revision": 2})).await;
    assert_eq!((changed.status.as_u16(), &changed.json()["revision"]), (200, &json!(3)));
    let late = app.put("/api/v1/instances/a", &json!({"weight": 6, "revision": 2})).await;
    assert_eq!((late.status.as_u16(), &late.json()["revision"]), (409, &json!(3)));
    let same = app.put("/api/v1/instances/a", &json!({"weight": 5})).await;
    assert_eq!((same.status.as_u16(), &same.json()["changed"]), (200, &json!(false)));

    assert_eq!(app.post("/api/v1/instances/a/drain", &json!({"reason": "disk"})).await.status, 200);
    let order = one(&app, "a").await["order"].clone();
    assert_eq!((&order["reason"], &one(&app, "a").await["presence"]), (&json!("disk"), &json!("draining")));

    assert_eq!(app.delete("/api/v1/instances/b%2Fc%20d/deregister").await.status, 200);
    assert_eq!(app.delete("/api/v1/instances/b%2Fc%20d/deregister").await.status, 404);
    assert_eq!(app.put("/api/v1/instances/nobody", &json!({"weight": 1})).await.status, 404);
    let back = app.register(&instance("b/c d", 8083)).await.json()["revision"].clone();
    assert!(back.as_u64().is_some_and(|revision| revision > 1), "a new beginning whose numbers go on: {back}");
    assert_eq!(app.post("/api/v1/instances/register", &json!({"instanceId": "x"})).await.status, 400);

    let shown = [one(&app, "a").await, one(&app, "b%2Fc%20d").await];
    app.stop().await;
    let again = plan.start().await;
    for before in shown {
        let id = before["instanceId"].as_str().expect("an id");
        let after = again.row(id).await;
        for field in ["port", "weight", "metadata", "presence", "order", "revision", "registeredAt"] {
            assert_eq!(after[field], before[field], "{id} {field} after a restart");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_registry_keeps_its_promises() {
    keeps_its_promises(Plan::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_in_consul_keeps_its_promises() {
    let consul = Consul::start().await;
    keeps_its_promises(consul.plan()).await;
}

/// Many callers at once, some about the same id: all are answered, and what is shown is what was acknowledged last.
async fn takes_many_at_once(plan: Plan) {
    let app = plan.start().await;
    let orders = (0..60_u16).map(|n| {
        let app = &app;
        async move { app.post("/api/v1/instances/register", &instance(&format!("i{}", n % 20), 9000 + n)).await.status }
    });
    let statuses = futures_util::future::join_all(orders).await;
    assert!(statuses.iter().all(|status| *status == 201), "{statuses:?}");
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 20);
    for n in 0..20 {
        assert_eq!(one(&app, &format!("i{n}")).await["revision"], 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_registry_takes_many_at_once() {
    takes_many_at_once(Plan::new()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registry_in_consul_takes_many_at_once() {
    let consul = Consul::start().await;
    takes_many_at_once(consul.plan()).await;
    assert_eq!(consul.entries().await.len(), 20);
}
