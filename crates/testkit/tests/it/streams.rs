//! Streams of events and WebSockets.

use peegeeq_testkit::{EventClient, FakeInstance, HttpClient, Said, SocketClient, millis, secs, wait_until};
use serde_json::{Value, json as value};

use super::alpha;

async fn listen(instance: &FakeInstance, target: &str) -> EventClient {
    EventClient::open(instance.addr(), target, &[], secs(5)).await.unwrap()
}

async fn socket(instance: &FakeInstance, target: &str) -> SocketClient {
    SocketClient::open(instance.addr(), target, &[], secs(5)).await.unwrap()
}

async fn post(instance: &FakeInstance, path: &str, body: Value) -> Value {
    HttpClient::default().post_json(&format!("{}{path}", instance.base_url()), &body).await.unwrap().json()
}

async fn streams_are(instance: &FakeInstance, count: usize) {
    wait_until("so many streams are open", secs(5), || async {
        if instance.streams() == count { Ok(()) } else { Err(instance.streams()) }
    })
    .await;
}

#[tokio::test]
async fn a_queue_streams_its_messages_and_statistics() {
    let instance = alpha().await;
    instance.set_stream_pace(millis(20));
    let mut messages = listen(&instance, "/api/v1/queues/alpha/orders/messages/stream").await;
    assert_eq!(messages.head().header("content-type"), "text/event-stream");
    messages.next_named("subscribed").await.unwrap();
    post(&instance, "/api/v1/queues/alpha/orders/messages", value!({"payload": "hello"})).await;
    assert_eq!(messages.next_named("message").await.unwrap().json()["payload"], "hello");
    messages.next_named("heartbeat").await.unwrap();
    let mut stats = listen(&instance, "/api/v1/queues/alpha/orders/stats/stream").await;
    assert_eq!(stats.next_named("stats").await.unwrap().json()["pendingMessages"], 43);
    assert_eq!(listen(&instance, "/api/v1/queues/alpha/ghost/stats/stream").await.head().status, 404);
    streams_are(&instance, 2).await;
    drop(messages);
    stats.into_connection().reset();
    streams_are(&instance, 0).await;
    assert_eq!(instance.departures().len(), 2);
}

#[tokio::test]
async fn changes_of_queues_are_told_where_they_were_made_only() {
    let (one, other) = (alpha().await, alpha().await);
    other.set_stream_pace(millis(20));
    let mut here = listen(&one, "/api/v1/sse/queues/alpha").await;
    let mut there = listen(&other, "/api/v1/sse/queues/alpha").await;
    post(&one, "/api/v1/setups/alpha/queues", value!({"queueName": "new"})).await;
    let told = here.next_named("queue-changed").await.unwrap().json();
    assert_eq!((&told["event"], &told["queueName"]), (&value!("QUEUE_CREATED"), &value!("new")));
    assert_eq!(there.next().await.unwrap().unwrap().name, "connected");
    assert_eq!(there.next().await.unwrap().unwrap().name, "heartbeat");
}

#[tokio::test]
async fn a_client_has_ten_metrics_streams_at_most() {
    let instance = alpha().await;
    instance.set_stream_pace(millis(20));
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(listen(&instance, "/api/v1/sse/metrics").await);
    }
    assert_eq!(listen(&instance, "/sse/metrics").await.head().status, 429);
    let metrics = open[0].next_named("metrics").await.unwrap();
    assert_eq!(metrics.id, "1");
    assert!(metrics.json()["uptime"].is_number());
    open.pop();
    streams_are(&instance, 9).await;
    assert_eq!(listen(&instance, "/sse/metrics").await.head().status, 200);
}

#[tokio::test]
async fn an_event_store_goes_on_after_the_last_event_seen() {
    let instance = alpha().await;
    let path = "/api/v1/eventstores/alpha/order-events/events";
    let stream = format!("{path}/stream");
    let mut events = listen(&instance, &stream).await;
    let mut ids = Vec::new();
    for number in 0..3 {
        post(&instance, path, value!({"eventType": "T", "eventData": number})).await;
        ids.push(events.next_named("event").await.unwrap().id);
    }
    let again = EventClient::open(instance.addr(), &stream, &[("last-event-id", &ids[0])], secs(5)).await;
    let mut again = again.unwrap();
    assert_eq!(again.next_named("event").await.unwrap().id, ids[1]);
    assert_eq!(again.next_named("event").await.unwrap().json()["eventData"], 2);
}

#[tokio::test]
async fn health_is_one_event_or_one_frame() {
    let instance = alpha().await;
    let mut events = listen(&instance, "/api/v1/sse/health").await;
    assert_eq!(events.next().await.unwrap().unwrap().json()["type"], "sse");
    assert_eq!(events.next().await.unwrap(), None);
    let mut frames = socket(&instance, "/ws/health").await;
    assert!(matches!(frames.next().await.unwrap(), Said::Text(text) if text.contains("websocket")));
    assert!(matches!(frames.next().await.unwrap(), Said::Closed(_)));
}

#[tokio::test]
async fn monitoring_answers_and_tells() {
    let instance = alpha().await;
    let mut monitoring = socket(&instance, "/ws/monitoring").await;
    assert!(monitoring.next_of("welcome").await.unwrap()["connectionId"].is_string());
    monitoring.say(&value!({"type": "ping", "id": 7})).await.unwrap();
    assert_eq!(monitoring.next_of("pong").await.unwrap()["id"], 7);
    instance.set_stream_pace(millis(20));
    monitoring.say(&value!({"type": "configure", "interval": 1})).await.unwrap();
    monitoring.next_of("configured").await.unwrap();
    assert_eq!(monitoring.next_of("system_stats").await.unwrap()["data"]["totalPendingMessages"], 42);
    post(&instance, "/api/v1/management/queues", value!({"name": "new", "setup": "alpha"})).await;
    assert_eq!(monitoring.next_of("management_event").await.unwrap()["data"]["eventName"], "queue.creation.completed");
    monitoring.say(&value!({"type": "what"})).await.unwrap();
    monitoring.next_of("error").await.unwrap();
    streams_are(&instance, 1).await;
    monitoring.reset();
    streams_are(&instance, 0).await;
}

#[tokio::test]
async fn a_socket_of_a_queue_gives_its_messages() {
    let instance = alpha().await;
    let mut queue = socket(&instance, "/ws/queues/alpha/orders").await;
    queue.next_of("subscribed").await.unwrap();
    post(&instance, "/api/v1/queues/alpha/orders/messages", value!({"payload": {"n": 1}})).await;
    assert_eq!(queue.next_of("data").await.unwrap()["payload"], value!({"n": 1}));
    let mut ghost = socket(&instance, "/ws/queues/alpha/ghost").await;
    assert_eq!(ghost.next().await.unwrap(), Said::Closed(4_000));
    let plain = super::get(format!("{}/ws/monitoring", instance.base_url())).await;
    assert_eq!(plain.status, 400);
    queue.half_close().await.unwrap();
    streams_are(&instance, 0).await;
}
