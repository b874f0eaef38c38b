//! What a gateway routes: setups, messages, groups, webhooks, events.

use http::Method;
use peegeeq_testkit::{HttpClient, Mode, Reply, Script, secs};
use serde_json::{Value, json as value};

use super::{alpha, get, json};

async fn send(method: Method, url: String, headers: &[(&str, &str)], body: Value) -> Reply {
    HttpClient::new(secs(5)).request(method, &url, headers, body.to_string()).await.unwrap()
}

async fn post(url: String, body: Value) -> Reply {
    send(Method::POST, url, &[], body).await
}

#[tokio::test]
async fn every_message_acted_on_is_counted_with_its_headers() {
    let instance = alpha().await;
    let url = format!("{}/api/v1/queues/alpha/orders/messages", instance.base_url());
    let headers = [("idempotency-key", "k1"), ("traceparent", "00-1-2-01")];
    let sent = send(Method::POST, url.clone(), &headers, value!({"payload": {"a": 1}})).await;
    assert_eq!((sent.status.as_u16(), &sent.json()["messageId"]), (200, &value!("1")));
    let batch = post(format!("{url}/batch"), value!({"messages": [{"payload": 1}, {}, {"payload": 2}]})).await;
    assert_eq!((batch.status.as_u16(), &batch.json()["failedMessages"]), (207, &value!(1)));
    assert_eq!(post(url.clone(), value!({})).await.status, 400);
    assert_eq!(post(url.replace("orders", "ghost"), value!({"payload": 1})).await.status, 404);
    let accepted = instance.accepted();
    assert_eq!((accepted.len(), instance.accepted_count()), (3, 3));
    assert_eq!(accepted[0].idempotency_key.as_deref(), Some("k1"));
    assert_eq!((accepted[0].traceparent.as_deref(), accepted[1].idempotency_key.as_deref()), (Some("00-1-2-01"), None));
    let list = json(format!("{url}?count=2")).await;
    assert_eq!((&list["messageCount"], &list["messages"][0]["payload"]), (&value!(2), &value!("2")));
    assert_eq!(json(url.replace("/messages", "/stats")).await["pendingMessages"], 45);
}

#[tokio::test]
async fn an_answer_can_be_lost_after_or_before_the_deed() {
    let instance = alpha().await;
    let path = "/api/v1/queues/alpha/orders/messages";
    let url = format!("{}{path}", instance.base_url());
    let (client, body) = (HttpClient::new(secs(5)), value!({"payload": 1}));
    instance.set_path_mode_for(path, 1, Script::acted_but_silent());
    client.post_json(&url, &body).await.unwrap_err();
    assert_eq!(instance.accepted_count(), 1);
    instance.set_path_mode_for(path, 1, Script::dropped());
    client.post_json(&url, &body).await.unwrap_err();
    assert_eq!(instance.accepted_count(), 1);
    assert_eq!(instance.last_request(path).unwrap().body, r#"{"payload":1}"#);
    assert_eq!(post(url, value!({"payload": 1})).await.status, 200);
}

#[tokio::test]
async fn setups_are_created_used_and_lost() {
    let mut instance = peegeeq_testkit::Options::default().forget_setups_on_restart().start().await.unwrap();
    let base = instance.base_url();
    let setups = format!("{base}/api/v1/setups");
    let body = value!({
        "setupId": "s1", "databaseConfig": {"host": "db", "port": 5433, "databaseName": "d"},
        "queues": [{"queueName": "q"}], "eventStores": [{"eventStoreName": "e"}],
    });
    let created = post(setups.clone(), body.clone()).await;
    assert_eq!((created.status.as_u16(), &created.json()["queueCount"]), (201, &value!(1)));
    assert_eq!(post(format!("{base}/api/v1/database-setup/create"), body).await.status, 409);
    assert_eq!(post(setups.clone(), value!({})).await.json()["error"], "Invalid request: setupId is required");
    let details = json(format!("{setups}/s1")).await;
    assert_eq!((&details["host"], &details["port"], &details["databaseName"]), (&value!("db"), &value!(5433), &value!("d")));
    assert_eq!(post(format!("{setups}/s1/queues"), value!({"queueName": "r"})).await.status, 201);
    let management = format!("{base}/api/v1/management/queues");
    assert_eq!(post(management.clone(), value!({"name": "m", "setup": "s1"})).await.status, 201);
    assert_eq!(post(management, value!({"name": "m", "setup": "ghost"})).await.status, 404);
    assert_eq!(json(format!("{setups}/s1/queues")).await["count"], 3);

    instance.restart_on_same_port().await.unwrap();
    assert_eq!(json(setups.clone()).await["count"], 0);
    let connect = format!("{base}/api/v1/database-setup/connect");
    assert_eq!(post(connect, value!({"setupId": "s1"})).await.json()["queueCount"], 3);
    assert_eq!(send(Method::DELETE, format!("{setups}/s1"), &[], Value::Null).await.status, 204);
    assert_eq!(get(format!("{setups}/s1")).await.status, 404);
}

#[tokio::test]
async fn groups_and_webhooks_live_in_one_memory() {
    let mut instance = alpha().await;
    let base = instance.base_url();
    let groups = format!("{base}/api/v1/queues/alpha/orders/consumer-groups");
    assert_eq!(post(groups.clone(), value!({"groupName": "g"})).await.status, 201);
    assert_eq!(post(groups.clone(), value!({"groupName": "g"})).await.status, 409);
    let joined = post(format!("{groups}/g/members"), value!({"memberName": "w"})).await;
    assert_eq!(joined.status, 201);
    let member = joined.json()["consumerId"].as_str().unwrap().to_owned();
    assert_eq!(json(format!("{groups}/g")).await["consumerIds"], value!([member]));
    assert_eq!(send(Method::DELETE, format!("{groups}/g/members/{member}"), &[], Value::Null).await.status, 204);
    let hooks = format!("{base}/api/v1/setups/alpha/queues/orders/webhook-subscriptions");
    let hook = post(hooks, value!({"webhookUrl": "http://127.0.0.1:1/"})).await;
    let id = hook.json()["subscriptionId"].as_str().unwrap().to_owned();
    assert_eq!((hook.status.as_u16(), id.len()), (201, 36));
    let of_hook = format!("{base}/api/v1/webhook-subscriptions/{id}");
    assert_eq!(json(of_hook.clone()).await["queueName"], "orders");
    let subscriptions = format!("{base}/api/v1/setups/alpha/subscriptions/orders");
    assert_eq!(post(subscriptions.clone(), value!({"groupName": "s"})).await.status, 201);
    assert_eq!(post(format!("{subscriptions}/s/pause"), Value::Null).await.json()["state"], "PAUSED");
    assert_eq!(json(subscriptions).await.as_array().unwrap().len(), 1);

    instance.restart_on_same_port().await.unwrap();
    assert_eq!(json(groups.clone()).await["groupCount"], 0);
    assert_eq!(get(of_hook).await.status, 404);
}

#[tokio::test]
async fn events_are_stored_and_read() {
    let instance = alpha().await;
    let events = format!("{}/api/v1/eventstores/alpha/order-events/events", instance.base_url());
    let stored = post(events.clone(), value!({"eventType": "OrderCreated", "eventData": {"n": 1}, "aggregateId": "A"})).await;
    assert_eq!(stored.status, 201);
    let list = json(events.clone()).await;
    assert_eq!((&list["eventCount"], &list["totalCount"]), (&value!(1), &value!(15)));
    assert_eq!(list["events"][0]["eventId"], stored.json()["eventId"]);
    assert_eq!(json(format!("{events}/{}", stored.json()["eventId"].as_str().unwrap())).await["event"]["aggregateId"], "A");
    assert_eq!(get(format!("{events}/ghost")).await.status, 404);
}

#[tokio::test]
async fn a_head_can_be_seen_and_a_body_have_any_size() {
    let instance = alpha().await;
    instance.set_path_mode("/api/v1/queues/alpha/orders/stats", Mode::Echo);
    instance.set_path_mode("/api/v1/queues/alpha/orders/messages", Mode::Bytes(3_000_000));
    let base = format!("{}/api/v1/queues/alpha/orders", instance.base_url());
    let seen = send(Method::GET, format!("{base}/stats?x=%20"), &[("x-one", "1")], Value::Null).await.json();
    assert_eq!((&seen["target"], &seen["body"]), (&value!("/api/v1/queues/alpha/orders/stats?x=%20"), &value!("null")));
    assert!(seen["headers"].as_array().unwrap().contains(&value!(["x-one", "1"])));
    let large = get(format!("{base}/messages")).await;
    assert_eq!((large.body.len(), large.header("content-length")), (3_000_000, "3000000"));
}
