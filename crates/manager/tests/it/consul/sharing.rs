//! Several managers on one Consul.

use std::time::{Duration, Instant};

use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::consul::Consul;

fn instance(id: &str, port: u16) -> Value {
    json!({"instanceId": id, "host": "127.0.0.1", "port": port})
}

async fn wait_for_port(app: &TestApp, id: &str, port: &Value) {
    wait_until(&format!("{id} to be at {port}"), secs(20), || async {
        let row = app.row(id).await;
        if row["port"] == *port { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_manager_registers_the_other_serves() {
    let consul = Consul::start().await;
    let (one, other) = (consul.plan().start().await, consul.plan().start().await);
    let mut delays = Vec::new();
    for n in 0..20_u16 {
        one.register(&instance(&format!("i{n}"), 9000 + n)).await;
        let acknowledged = Instant::now();
        while other.row(&format!("i{n}")).await.is_null() {
            assert!(acknowledged.elapsed() < secs(20), "i{n} is not seen");
        }
        delays.push(acknowledged.elapsed());
        // why: a change every so often, as in life, not one behind the other
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    delays.sort_unstable();
    eprintln!("measured: seen at the other manager after {:?} p50, {:?} at most", delays[delays.len() / 2], delays[delays.len() - 1]);

    assert_eq!(other.delete("/api/v1/instances/i0/deregister").await.status, 200, "any manager may deregister");
    wait_for_port(&one, "i0", &Value::Null).await;
    assert_eq!(other.register(&instance("i1", 7777)).await.json()["revision"], 2, "any manager may register again");
    wait_for_port(&one, "i1", &json!(7777)).await;
    let late = one.put("/api/v1/instances/i1", &json!({"weight": 2, "revision": 1})).await;
    assert_eq!(late.status, 409, "{}", late.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_id_that_is_not_known_yet_is_looked_for_once() {
    let consul = Consul::start().await;
    let (one, other) = (consul.plan().start().await, consul.plan().start().await);
    for n in 0..10_u16 {
        let id = format!("i{n}");
        one.register(&instance(&id, 9000 + n)).await;
        let read = other.get(&format!("/api/v1/instances/{id}")).await;
        assert_eq!(read.status, 200, "directly after the acknowledgement: {}", read.text());
    }
    assert_eq!(other.get("/api/v1/instances/nobody").await.status, 404);
    one.register(&instance("late", 9100)).await;
    assert_eq!(other.delete("/api/v1/instances/late").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_managers_that_change_the_same_at_once_lose_nothing() {
    let consul = Consul::start().await;
    let (one, other) = (consul.plan().start().await, consul.plan().start().await);
    let mut told = 0;
    for n in 0..20_u16 {
        let id = format!("i{n}");
        let (left, right) = (instance(&id, 8000 + n), instance(&id, 9000 + n));
        let path = "/api/v1/instances/register";
        let (left, right) = tokio::join!(one.post(path, &left), other.post(path, &right));
        let statuses = [left.status.as_u16(), right.status.as_u16()];
        assert!(statuses.contains(&201) && statuses.iter().all(|status| [201, 409].contains(status)), "{} {}", left.text(), right.text());
        told += usize::from(statuses.contains(&409));
        let there: Vec<Value> = consul.entries().await.into_iter().filter(|entry| entry["Service"]["ID"] == id.as_str()).collect();
        assert_eq!(there.len(), 1, "one entry, whoever won");
        let port = there[0]["Service"]["Port"].clone();
        wait_for_port(&one, &id, &port).await;
        wait_for_port(&other, &id, &port).await;
    }
    eprintln!("measured: {told} of 20 were told that another was quicker");
    // Changes without a condition follow one another, whoever makes them.
    let changes = (0..10_u16).map(|n| {
        let app = if n % 2 == 0 { &one } else { &other };
        async move { app.put("/api/v1/instances/i0", &json!({"metadata": {"n": n.to_string()}})).await.status.as_u16() }
    });
    let statuses = futures_util::future::join_all(changes).await;
    assert!(statuses.iter().all(|status| *status == 200 || *status == 409), "{statuses:?}");
    wait_until("both to show the same", secs(20), || async {
        let (left, right) = (one.row("i0").await["revision"].clone(), other.row("i0").await["revision"].clone());
        if left == right { Ok(()) } else { Err(format!("{left} {right}")) }
    })
    .await;
}
