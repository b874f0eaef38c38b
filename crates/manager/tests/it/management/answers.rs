//! The six answers about the cluster: whose rows, counted how, and what is said of the missing.

use peegeeq_testkit::{Dialect, FakeInstance, World, secs, wait_until};
use serde_json::{Value, json};

use crate::support::{Cluster, Plan, TestApp};

const LISTS: [(&str, &str, &str); 3] = [
    ("/api/v1/management/queues", "queues", "queueCount"),
    ("/api/v1/management/consumer-groups", "consumerGroups", "groupCount"),
    ("/api/v1/management/event-stores", "eventStores", "eventStoreCount"),
];

/// What the instance itself says.
async fn own(instance: &FakeInstance, path: &str) -> Value {
    let http = peegeeq_testkit::HttpClient::default();
    let url = format!("http://{}:{}{path}", instance.host(), instance.port());
    http.request(http::Method::GET, &url, &[], "").await.expect("an answer").json()
}

/// Waits until the databases of all setups were seen, which shows in this field.
async fn seen(cluster: &Cluster, field: &str) {
    wait_until(field, secs(30), || async {
        let answer = cluster.fresh("/api/v1/management/queues").await;
        if answer[field][0].is_object() { Ok(()) } else { Err(answer.to_string()) }
    })
    .await;
}

#[tokio::test]
async fn rows_are_an_instances_own_with_their_source() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    for (path, key, count) in LISTS {
        let answer = cluster.complete(path).await;
        let rows = answer[key].as_array().expect("rows");
        assert_eq!(answer[count].as_u64(), Some(rows.len() as u64));
        let mut seen = 0;
        for instance in &cluster.instances {
            for sent in own(instance, path).await[key].as_array().expect("rows") {
                let same =
                    |row: &&Value| row["name"] == sent["name"] && row["setup"] == sent["setup"] && row["queueName"] == sent["queueName"];
                let row = rows.iter().find(same).unwrap_or_else(|| panic!("{sent} is missing"));
                for (field, value) in sent.as_object().expect("a row") {
                    // Instances write the time of the request into these.
                    if !matches!(field.as_str(), "updatedAt" | "lastEvent") {
                        assert_eq!(&row[field], value, "{field} of {row}");
                    }
                }
                assert_eq!((&row["sourceInstanceId"], &row["sourcePort"]), (&json!(instance.name()), &json!(instance.port())));
                assert_eq!((&row["sourceEnvironment"], &row["sourceRegion"]), (&json!("production"), &json!("us-east-1")));
                assert!(row["sourceHost"].is_string() && row.get("reported").is_none(), "{row}");
                seen += 1;
            }
        }
        assert_eq!(seen, rows.len(), "{path}");
    }
}

#[tokio::test]
async fn the_overview_has_every_setup_with_its_rows() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    let answer = cluster.complete("/api/v1/management/overview").await;
    let ids: Vec<_> = answer["setups"].as_array().expect("setups").iter().map(|setup| &setup["setupId"]).collect();
    assert_eq!(ids, [&json!("alpha"), &json!("beta")]);
    let alpha = &answer["setups"][0];
    let own = own(&cluster.instances[0], "/api/v1/management/overview").await;
    for key in ["status", "totalQueues", "totalConsumerGroups", "totalEventStores", "totalMessages"] {
        assert_eq!(alpha[key], own["setups"][0][key], "{key}");
    }
    for key in ["queues", "consumerGroups", "eventStores"] {
        assert_eq!(alpha[key].as_array().map(Vec::len), own["setups"][0][key].as_array().map(Vec::len), "{key}");
        assert_eq!(alpha[key][0]["sourceInstanceId"], "peegeeq-a", "{key}");
    }
    let stats = &answer["systemStats"];
    assert_eq!((&stats["totalSetups"], &stats["totalQueues"], &stats["totalMessages"]), (&json!(2), &json!(4), &json!(80)), "{stats}");
    assert!(stats["uptime"].as_str().is_some_and(|text| text.ends_with('m') && text.contains("d ")), "{stats}");
    let recent = answer["recentActivity"].as_array().expect("events");
    let times: Vec<_> = recent.iter().map(|event| event["timestamp"].as_str().expect("a time")).collect();
    assert!(recent.len() <= 20 && !recent.is_empty() && times.is_sorted_by(|a, b| a >= b), "{times:?}");
    assert!(recent.iter().all(|event| event["sourceInstanceId"].is_string()));
}

#[tokio::test]
async fn older_dialects_show_their_setups_too() {
    for dialect in [Dialect::Mid2025, Dialect::Guide] {
        let cluster = Cluster::of_two(dialect).await;
        // Which setups there are is known from looks at them, not from this answer.
        wait_until(&format!("the setups of {dialect:?}"), secs(30), || async {
            let answer = cluster.fresh("/api/v1/management/overview").await;
            let ids: Vec<_> = answer["setups"].as_array().expect("setups").iter().map(|setup| &setup["setupId"]).collect();
            if ids == [&json!("alpha"), &json!("beta")] { Ok(()) } else { Err(answer.to_string()) }
        })
        .await;
        assert_eq!(cluster.fresh("/api/v1/setups").await["setupIds"], json!(["alpha", "beta"]));
    }
}

#[tokio::test]
async fn what_two_instances_share_is_shown_once() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("alpha"), World::sample("alpha")]).await;
    seen(&cluster, "sharedSetups").await;
    for (path, key, count) in LISTS {
        let answer = cluster.complete(path).await;
        let alone = own(&cluster.instances[0], path).await;
        assert_eq!((&answer[count], answer[key].as_array().map(Vec::len)), (&alone[count], alone[key].as_array().map(Vec::len)), "{path}");
        assert_eq!(answer["sharedSetups"][0]["members"].as_array().map(Vec::len), Some(2), "{path}");
    }
    let overview = cluster.complete("/api/v1/management/overview").await;
    assert_eq!((overview["setups"].as_array().map(Vec::len), &overview["systemStats"]["totalMessages"]), (Some(1), &json!(42)));
    let events: Vec<_> = overview["recentActivity"].as_array().expect("events").iter().map(|event| event["id"].to_string()).collect();
    assert_eq!(events.iter().collect::<std::collections::HashSet<_>>().len(), events.len(), "an event is told once");
    let metrics = cluster.complete("/api/v1/management/metrics").await;
    assert_eq!(metrics["totalMessages"], 42, "{metrics}");
    assert_eq!(cluster.complete("/api/v1/setups").await["setupIds"], json!(["alpha"]));
}

#[tokio::test]
async fn one_id_on_two_databases_is_two_setups_and_a_conflict() {
    let mut other = World::sample("alpha");
    other.setups[0].database.name = "elsewhere".to_owned();
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("alpha"), other]).await;
    seen(&cluster, "conflicts").await;
    let answer = cluster.complete("/api/v1/management/queues").await;
    let from: Vec<_> = answer["queues"].as_array().expect("rows").iter().map(|row| row["sourceInstanceId"].as_str()).collect();
    assert_eq!(from, [Some("peegeeq-a"), Some("peegeeq-b"), Some("peegeeq-a"), Some("peegeeq-b")], "{answer}");
    let conflict = &answer["conflicts"][0];
    assert_eq!((&conflict["setupId"], conflict["candidates"].as_array().map(Vec::len)), (&json!("alpha"), Some(2)), "{answer}");
    assert_eq!(cluster.fresh("/api/v1/setups").await["count"], 1);
}

#[tokio::test]
async fn metrics_are_flat_sums() {
    let cluster = Cluster::of_two(Dialect::Current).await;
    // An instance leaves two of its figures out when it is asked for the first time.
    cluster.complete("/api/v1/management/metrics").await;
    let answer = cluster.fresh("/api/v1/management/metrics").await;
    for key in ["cpuCores", "memoryMax"] {
        let mut sum = 0;
        for instance in &cluster.instances {
            sum += own(instance, "/api/v1/management/metrics").await[key].as_u64().expect("a number");
        }
        assert_eq!(answer[key].as_u64(), Some(sum), "{key}");
    }
    for key in ["timestamp", "uptime", "memoryUsed", "memoryTotal", "threadsActive", "totalMessages", "activeConnections"] {
        assert!(answer[key].is_u64(), "{key}: {answer}");
    }
    assert_eq!((&answer["totalMessages"], &answer["unavailable"]), (&json!(80), &json!([])));
}

#[tokio::test]
async fn without_instances_it_answers_as_an_instance_without_setups() {
    let app = TestApp::start().await;
    let paths = LISTS.iter().map(|(path, ..)| *path);
    for path in paths.chain(["/api/v1/management/overview", "/api/v1/management/metrics", "/api/v1/setups"]) {
        let reply = app.get(path).await;
        assert_eq!(reply.status, 200, "{path}");
        let answer = reply.json();
        assert!(answer["timestamp"].is_u64(), "{path}: {answer}");
    }
    for (path, key, count) in LISTS {
        let answer = app.get(path).await.json();
        assert_eq!((&answer[key], &answer[count]), (&json!([]), &json!(0)), "{path}");
    }
    let overview = app.get("/api/v1/management/overview").await.json();
    assert_eq!((&overview["setups"], &overview["systemStats"]["uptime"]), (&json!([]), &json!("0d 0h 0m")));
    assert_eq!(app.get("/api/v1/setups").await.json()["setupIds"], json!([]));
}

#[tokio::test]
async fn an_instance_that_died_is_missing_and_said_to_be() {
    let mut cluster = Cluster::of_two(Dialect::Current).await;
    cluster.complete("/api/v1/management/queues").await;
    cluster.instances.pop().expect("two").stop().await;
    let answer = cluster.fresh("/api/v1/management/queues").await;
    assert_eq!((&answer["complete"], &answer["queueCount"]), (&json!(false), &json!(2)), "{answer}");
    assert_eq!(answer["failedInstances"][0]["instanceId"], "peegeeq-b");
}

#[tokio::test]
async fn the_java_client_finds_its_fields() {
    let cluster = Cluster::of_two(Dialect::Mid2025).await;
    let answer = cluster.complete("/api/v1/management/queues").await;
    for row in answer["queues"].as_array().expect("rows") {
        assert!(row["name"].is_string() && row["setupId"].is_string() && row["status"].is_string(), "{row}");
        assert!(row["messageCount"].is_u64() && row["consumerCount"].is_u64() && row["messageRate"].is_f64(), "{row}");
    }
    let stores = cluster.complete("/api/v1/management/event-stores").await;
    for row in stores["eventStores"].as_array().expect("rows") {
        assert!(row["eventCount"].is_u64() && row["correctionCount"].is_u64(), "{row}");
    }
}

#[tokio::test]
async fn a_warm_answer_asks_nobody() {
    let cluster = Cluster::start(Plan::new().with("-Dfederation.max.age=3600000"), Dialect::Current, vec![World::sample("alpha")]).await;
    let paths = LISTS.iter().map(|(path, ..)| *path).chain(["/api/v1/management/overview", "/api/v1/management/metrics", "/api/v1/setups"]);
    for path in paths {
        let mut first = cluster.complete(path).await;
        cluster.instances[0].clear_hits();
        for _ in 0..5 {
            let mut again = cluster.app.get(path).await.json();
            let (before, now) = (first["timestamp"].as_u64(), again["timestamp"].as_u64());
            assert!(before <= now && now.is_some(), "the time is that of the answer");
            for answer in [&mut first, &mut again] {
                answer["sources"][0]["ageMs"] = json!(0);
                answer["timestamp"] = json!(0);
            }
            assert_eq!(first, again, "{path}");
            first["timestamp"] = json!(now);
        }
        assert_eq!(cluster.instances[0].hits("/api/v1/management"), 0, "{path}");
    }
}
