//! Entries of others beside ours: read, shown, and left alone.

use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::consul::Consul;

async fn wait_for(app: &TestApp, id: &str) -> Value {
    wait_until(&format!("{id} to be listed"), secs(20), || async {
        let row = app.row(id).await;
        if row.is_null() { Err(row.to_string()) } else { Ok(row) }
    })
    .await
}

/// As the original registers one.
fn of_the_original(id: &str) -> Value {
    json!({"ID": id, "Name": "peegeeq-instance", "Address": "127.0.0.1", "Port": 8081,
        "Tags": ["version=1.0.0", "environment=production", "region=eu-west", "cluster=main"],
        "Check": {"HTTP": "http://127.0.0.1:1/health", "Interval": "10s", "TTL": null, "Notes": null}})
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_of_an_agent_are_listed_and_belong_to_it() {
    let consul = Consul::start().await;
    consul.put("/v1/agent/service/register", &of_the_original("java-1")).await;
    consul.put("/v1/agent/service/register", &json!({"ID": "bare", "Name": "peegeeq-instance", "Port": 8082, "Tags": ["blue"]})).await;
    consul.put("/v1/agent/service/register", &json!({"ID": "redis-1", "Name": "redis", "Port": 6379})).await;
    let app = consul.plan().start().await;
    let row = wait_for(&app, "java-1").await;
    assert_eq!((&row["version"], &row["region"], &row["metadata"]["cluster"]), (&json!("1.0.0"), &json!("eu-west"), &json!("main")));
    let bare = wait_for(&app, "bare").await;
    assert_eq!((&bare["host"], &bare["version"], &bare["environment"]), (&json!("127.0.0.1"), &json!("unknown"), &json!("default")));

    let before = consul.ask("GET", "/v1/agent/services", "").await;
    let refused = [
        app.delete("/api/v1/instances/java-1/deregister").await,
        app.put("/api/v1/instances/java-1", &json!({"weight": 2})).await,
        app.post("/api/v1/instances/register", &json!({"instanceId": "java-1", "host": "127.0.0.1", "port": 1})).await,
        app.post("/api/v1/instances/java-1/drain", &json!({})).await,
    ];
    for reply in refused {
        assert_eq!((reply.status.as_u16(), &reply.json()["owner"]), (409, &json!("agent-1")), "{}", reply.text());
        assert!(reply.text().contains("would put back"), "{}", reply.text());
    }
    let foreign = app.delete("/api/v1/instances/redis-1/deregister").await;
    assert_eq!(foreign.status, 404, "no service of others is touched: {}", foreign.text());
    assert_eq!(consul.ask("GET", "/v1/agent/services", "").await, before);

    consul.put("/v1/agent/service/deregister/java-1", &Value::Null).await;
    wait_until("the agent's deregistration to be seen", secs(20), || async {
        let row = app.row("java-1").await;
        if row.is_null() { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ours_are_written_as_the_original_reads_them() {
    let consul = Consul::start().await;
    let app = consul.plan().start().await;
    app.register(&json!({"instanceId": "p 1", "host": "127.0.0.1", "port": 8081, "version": "2", "environment": "production",
        "region": "eu", "metadata": {"zone": "a", "cluster": "main"}}))
        .await;
    let entry = consul.entry("p 1").await.expect("an entry");
    let service = &entry["Service"];
    let tags = json!(["version=2", "environment=production", "region=eu", "cluster=main", "zone=a"]);
    assert_eq!((&service["Tags"], &service["Address"], &service["Port"]), (&tags, &json!("127.0.0.1"), &json!(8081)));
    assert_eq!((&entry["Node"]["Node"], &entry["Node"]["Meta"]["external-probe"]), (&json!("peegeeq-instances"), &json!("false")));
    assert!(entry["Checks"].as_array().is_some_and(|checks| checks.len() == 1 && checks[0]["CheckID"] == "peegeeq:p 1"));

    // Somebody without our record changes the port by hand.
    let by_hand = json!({"Node": "peegeeq-instances", "Address": "127.0.0.1", "SkipNodeUpdate": true,
        "Service": {"ID": "p 1", "Service": "peegeeq-instance", "Address": "127.0.0.1", "Port": 9999, "Tags": tags}});
    consul.put("/v1/catalog/register", &by_hand).await;
    wait_until("the change by hand to be seen", secs(20), || async {
        let row = app.row("p 1").await;
        if row["port"] == 9999 { Ok(()) } else { Err(row.to_string()) }
    })
    .await;
    assert_eq!(app.put("/api/v1/instances/p%201", &json!({"weight": 4})).await.status, 200);
    assert_eq!(consul.entry("p 1").await.expect("an entry")["Service"]["Port"], 9999);
    assert_eq!(app.delete("/api/v1/instances/p%201").await.status, 200);
    assert_eq!(consul.entry("p 1").await, None);
}
