//! A Consul that permits nothing without a token.

use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};

use crate::support::TestApp;
use crate::support::consul::Consul;

/// What the documentation says a manager needs.
const RULES: &str = r#"
service "peegeeq-instance" { policy = "write" }
node "peegeeq-instances" { policy = "write" }
node_prefix "" { policy = "read" }
key_prefix "peegeeq/" { policy = "write" }
"#;

async fn token(consul: &Consul, name: &str, rules: &str) -> (String, String) {
    consul.put("/v1/acl/policy", &json!({"Name": name, "Rules": rules})).await;
    let token = consul.put("/v1/acl/token", &json!({"Policies": [{"Name": name}]})).await;
    let field = |field: &str| token[field].as_str().expect("a token").to_owned();
    (field("SecretID"), field("AccessorID"))
}

async fn wait_for(app: &TestApp, what: &str, is_it: impl Fn(&Value) -> bool) {
    wait_until(what, secs(30), || async {
        let health = app.get("/health").await.json();
        if is_it(&health) { Ok(()) } else { Err(health.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_of_a_token_are_enough_missing_and_revoked() {
    let consul = Consul::with_acl(true).await;
    let (secret, accessor) = token(&consul, "manager", RULES).await;
    let app = consul.plan().with(&format!("-Dconsul.token.value={secret}")).with("-Dcache.refresh.interval=1000").start().await;
    app.register(&json!({"instanceId": "a", "host": "127.0.0.1", "port": 8081})).await;
    assert_eq!(consul.entries().await.len(), 1);

    let (reader, _) = token(&consul, "reader", r#"service_prefix "" { policy = "read" } node_prefix "" { policy = "read" }"#).await;
    let poor = consul.plan().with(&format!("-Dconsul.token.value={reader}")).start().await;
    let refused = poor.post("/api/v1/instances/register", &json!({"instanceId": "b", "host": "127.0.0.1", "port": 8082})).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (503, &json!("consul_denied")), "{}", refused.text());
    assert!(refused.text().contains("service:write on consul.service.name"), "{}", refused.text());

    let stranger = consul.plan().with("-Dconsul.token.value=00000000-0000-0000-0000-00000000dead").start().await;
    wait_for(&stranger, "the sentence about an unknown token", |health| health.to_string().contains("unknown to Consul")).await;

    // The token is revoked while the manager runs.
    let (status, _) = consul.ask("DELETE", &format!("/v1/acl/token/{accessor}"), "").await.expect("an answer");
    assert_eq!(status, 200);
    wait_for(&app, "the manager to notice", |health| health["consul"] == "disconnected").await;
    assert_eq!(app.get("/api/v1/instances").await.json()["count"], 1, "the last picture is served");
}
