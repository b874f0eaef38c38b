//! The manager's streams of events, fed by all instances.

use http_body_util::BodyExt;
use hyper_util::rt::TokioIo;
use peegeeq_testkit::{Dialect, World, millis, secs, wait_until};
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::sockets::create_queue;
use crate::support::{Cluster, Plan, TestApp};

/// A stream of events as a browser reads it.
struct Events {
    body: hyper::body::Incoming,
    text: String,
}

impl Events {
    async fn open(app: &TestApp, path: &str) -> Self {
        let stream = TcpStream::connect(app.address()).await.expect("a connection");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a handshake");
        tokio::spawn(connection);
        let request = http::Request::get(path).header("host", app.address().to_string()).body(String::new()).expect("a request");
        let answer = sender.send_request(request).await.expect("an answer");
        assert!(answer.status() == 200 && answer.headers()["content-type"] == "text/event-stream", "{answer:?}");
        Self { body: answer.into_body(), text: String::new() }
    }

    /// The next event: its name, or an empty one, and its data. `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
                let read = (field("event:"), serde_json::from_str(&field("data:")).expect("JSON"));
                self.text = rest.to_owned();
                return Some(read);
            }
            let frame = self.body.frame().await?.ok()?;
            self.text.push_str(std::str::from_utf8(frame.data_ref()?).expect("text"));
        }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&str, &Value) -> bool) -> Value {
        let find = async {
            loop {
                let (name, data) = self.next().await.unwrap_or_else(|| panic!("the stream ended before {what}"));
                if holds(&name, &data) {
                    return data;
                }
            }
        };
        tokio::time::timeout(secs(30), find).await.unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }
}

async fn cluster() -> Cluster {
    let cluster = Cluster::of_two(Dialect::Current).await;
    cluster.complete("/api/v1/management/overview").await;
    cluster.instances.iter().for_each(|instance| instance.set_stream_pace(millis(100)));
    cluster
}

#[tokio::test]
async fn metrics_come_with_a_name_and_without() {
    let cluster = cluster().await;
    for path in ["/sse/metrics?interval=1", "/api/v1/sse/metrics?interval=1"] {
        let mut events = Events::open(&cluster.app, path).await;
        let (name, connected) = events.next().await.expect("an event");
        assert_eq!((name.as_str(), &connected["type"]), ("connected", &json!("connected")));
        for name in ["metrics", ""] {
            let data = events.until("metrics", |event, _| event == name).await;
            assert_eq!((&data["cpuCores"], &data["totalMessages"], &data["complete"]), (&json!(4), &json!(80), &json!(true)), "{data}");
            assert!(data["timestamp"].is_u64() && data["memoryUsed"].is_u64());
        }
        for instance in ["peegeeq-a", "peegeeq-b"] {
            let data = events.until(instance, |event, data| event == "instance-metrics" && data["sourceInstanceId"] == instance).await;
            assert_eq!(data["cpuCores"], 2, "{data}");
        }
    }
}

#[tokio::test]
async fn changes_of_a_setup_come_from_every_instance_that_has_it() {
    let worlds = vec![World::sample("alpha"), World::sample("alpha"), World::second_sample("beta")];
    let cluster = Cluster::start(Plan::new(), Dialect::Current, worlds).await;
    cluster.complete("/api/v1/management/overview").await;
    let mut events = Events::open(&cluster.app, "/api/v1/sse/queues/alpha").await;
    let streams = |number: usize| cluster.instances[number].streams();
    wait_until("both to be listened to", secs(20), || async {
        let open = (streams(0), streams(1), streams(2));
        if open == (1, 1, 0) { Ok(()) } else { Err(format!("{open:?}")) }
    })
    .await;
    for (number, id) in [(0, "peegeeq-a"), (1, "peegeeq-b")] {
        create_queue(&cluster, number, "alpha", &format!("fresh-{number}")).await;
        let data = events.until(id, |event, data| event == "queue-changed" && data["sourceInstanceId"] == id).await;
        assert_eq!((&data["setupId"], &data["queueName"]), (&json!("alpha"), &json!(format!("fresh-{number}"))), "{data}");
    }
}

#[tokio::test]
async fn a_setup_that_nobody_has_is_not_found() {
    let cluster = cluster().await;
    wait_until("the setups to be seen", secs(20), || async {
        let reply = cluster.app.get("/api/v1/federation/overview").await.json();
        if reply["coverage"]["setupsKnown"] == 2 { Ok(()) } else { Err(reply["coverage"].to_string()) }
    })
    .await;
    let reply = cluster.app.get("/api/v1/sse/queues/ghost").await;
    assert_eq!(reply.status, 404);
    assert!(reply.json()["timestamp"].is_u64(), "{}", reply.text());
}

#[tokio::test]
async fn how_far_a_client_may_fall_behind_is_a_setting() {
    let plan = Plan::new().with("-Dstreams.frames.max=1");
    let cluster = Cluster::start(plan, Dialect::Current, vec![World::sample("alpha")]).await;
    cluster.complete("/api/v1/management/overview").await;
    let mut events = Events::open(&cluster.app, "/api/v1/sse/queues/alpha").await;
    wait_until("it to be listened to", secs(20), || async {
        let open = cluster.instances[0].streams();
        if open == 1 { Ok(()) } else { Err(open) }
    })
    .await;
    // Changes that come in one piece are more than are kept.
    let bursts = async {
        for number in 0.. {
            let names: Vec<String> = (0..50).map(|part| format!("q-{number}-{part}")).collect();
            futures_util::future::join_all(names.iter().map(|name| create_queue(&cluster, 0, "alpha", name))).await;
        }
    };
    let gap = tokio::select! {
        gap = events.until("a gap", |event, _| event == "gap") => gap,
        () = bursts => panic!("bursts have no end"),
    };
    assert!(gap["missed"].as_u64().is_some_and(|missed| missed > 0), "{gap}");
    let lost = cluster.app.get("/metrics").await.text();
    assert!(lost.lines().any(|line| line.starts_with("peegeeq_fan_in_frames_lost_total")), "{lost}");
}

#[tokio::test]
async fn a_manager_that_stops_ends_its_streams() {
    let cluster = cluster().await;
    let mut events = Events::open(&cluster.app, "/sse/metrics").await;
    events.next().await.expect("connected");
    let stopping = tokio::spawn(cluster.app.stop());
    let end = events.until("the end", |event, _| event == "end").await;
    assert!(end["reason"].is_string());
    assert!(events.next().await.is_none(), "nothing comes behind the end");
    assert_eq!(stopping.await.expect("stopped"), peegeeq_service_manager::app::Stopped::Cleanly);
}
