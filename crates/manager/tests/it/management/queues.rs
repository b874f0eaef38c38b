//! The parameters with which the management UI asks for queues.

use peegeeq_testkit::{Dialect, World};
use serde_json::{Value, json};

use super::strict::check;
use crate::edge::tokens::with_tokens;
use crate::support::{Cluster, Plan};

async fn cluster() -> Cluster {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::with_queues("one", 30), World::sample("alpha")]).await;
    cluster.complete("/api/v1/management/queues").await;
    cluster
}

fn names(answer: &Value) -> Vec<String> {
    answer["queues"].as_array().expect("rows").iter().filter_map(|row| Some(row["queueName"].as_str()?.to_owned())).collect()
}

#[tokio::test]
async fn filters_pages_and_order_are_honoured() {
    let cluster = cluster().await;
    let ask = async |query: &str| {
        let answer = cluster.app.get(&format!("/api/v1/management/queues?{query}")).await.json();
        assert_eq!(check(&answer), Ok(()), "{query}");
        answer
    };
    let alpha = ask("setupId=alpha").await;
    assert_eq!((&alpha["queueCount"], &alpha["total"]), (&json!(2), &json!(2)), "{alpha}");
    assert_eq!(names(&ask("setupId=alpha&search=ORD").await), ["orders"]);
    assert_eq!(ask("status=paused,error").await["queueCount"], 0);
    assert_eq!(ask("status=active,idle&type=native,outbox,bitemporal").await["queueCount"], 32);
    let page = ask("page=4&pageSize=10").await;
    assert_eq!((&page["queueCount"], &page["page"], &page["pageSize"], names(&page).len()), (&json!(32), &json!(4), &json!(10), 2));
    let most = ask("setupId=alpha&sortBy=messageCount&sortOrder=desc").await;
    assert_eq!(names(&most)[0], "orders", "{most}");
    let least = ask("setupId=alpha&sortBy=messageCount&sortOrder=asc").await;
    assert_eq!(names(&least)[1], "orders");
    assert_eq!(ask("nonsense=1&sortBy=colour&page=").await["queueCount"], 32, "what means nothing is ignored, as instances do");
}

#[tokio::test]
async fn a_wrong_page_is_refused_with_a_number_as_time() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, Vec::new()).await;
    let reply = cluster.app.get("/api/v1/management/queues?page=0").await;
    assert_eq!(reply.status, 400);
    assert!(reply.json()["timestamp"].is_u64(), "{}", reply.text());
}

#[tokio::test]
async fn whoever_refuses_tells_the_time_as_a_number() {
    let app = with_tokens(Plan::new()).start().await;
    for path in ["/api/v1/management/queues", "/api/v1/setups", "/sse/metrics", "/ws/monitoring"] {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 401, "{path}");
        assert!(reply.json()["timestamp"].is_u64(), "{path}: {}", reply.text());
    }
    assert!(app.get("/api/v1/instances").await.json()["timestamp"].is_string(), "the manager's own paths keep ISO 8601");
}
