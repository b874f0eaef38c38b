//! The signed webhook, with a receiver on a real socket that refuses, hangs, goes away and comes back.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::hmac;
use peegeeq_testkit::{secs, wait_until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::support::{Plan, TestApp};

const SECRET: &str = "a secret of some length";

/// What the receiver does with a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Takes,
    Refuses,
    Hangs,
}

#[derive(Clone, Debug)]
struct Delivery {
    name: String,
    timestamp: String,
    signature: String,
    body: Vec<u8>,
    was_taken: bool,
}

impl Delivery {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// As a receiver would verify it.
    fn is_signed_with(&self, secret: &str) -> bool {
        let signed = [self.timestamp.as_bytes(), b".", &self.body].concat();
        let digits = self.signature.strip_prefix("v1=").unwrap_or_default();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("a digit");
        let tag: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), &signed, &tag).is_ok()
    }
}

struct Receiver {
    address: SocketAddr,
    mood: Arc<Mutex<Mood>>,
    seen: Arc<Mutex<Vec<Delivery>>>,
    task: JoinHandle<()>,
}

impl Receiver {
    async fn start(address: &str, seen: Arc<Mutex<Vec<Delivery>>>) -> Self {
        let listener = TcpListener::bind(address).await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let mood = Arc::new(Mutex::new(Mood::Takes));
        let (shared, kept) = (mood.clone(), seen.clone());
        let task = tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let Some(mut delivery) = read(&mut socket).await else { continue };
                let mood = *shared.lock().expect("no panic");
                delivery.was_taken = mood == Mood::Takes;
                kept.lock().expect("no panic").push(delivery);
                match mood {
                    Mood::Takes => drop(socket.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await),
                    Mood::Refuses => drop(socket.write_all(b"HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n").await),
                    Mood::Hangs => drop(socket.read(&mut [0]).await),
                }
            }
        });
        Self { address, mood, seen, task }
    }

    fn be(&self, mood: Mood) {
        *self.mood.lock().expect("no panic") = mood;
    }

    async fn until(&self, what: &str, wanted: impl Fn(&[Delivery]) -> bool) -> Vec<Delivery> {
        wait_until(what, secs(60), || {
            let seen = self.seen.lock().expect("no panic").clone();
            std::future::ready(if wanted(&seen) { Ok(seen) } else { Err(format!("{seen:?}")) })
        })
        .await
    }
}

async fn read(socket: &mut TcpStream) -> Option<Delivery> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let header =
            |name: &str| head.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(": ")?.to_owned())).unwrap_or_default();
        let length: usize = header("content-length").parse().ok()?;
        while bytes.len() < end + 4 + length {
            if socket.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        }
        assert!(head.starts_with("post /hook?x=y http/1.1"), "{head}");
        let (name, timestamp, signature) = (header("x-peegeeq-delivery"), header("x-peegeeq-timestamp"), header("x-peegeeq-signature"));
        return Some(Delivery { name, timestamp, signature, body: bytes[end + 4..].to_vec(), was_taken: false });
    }
}

fn plan(address: SocketAddr) -> Plan {
    let plan = Plan::new().file("secret", SECRET);
    let file = plan.folder().join("secret");
    let with = format!("-Dwebhook.secret.file={}", file.display());
    plan.with(&format!("-Dwebhook.url=http://{address}/hook?x=y")).with(&with).with("-Dwebhook.timeout=500")
}

async fn register(app: &TestApp, id: &str) {
    app.register(&json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await;
}

/// The instances whose registration was taken, in order, each time that it was.
fn taken(seen: &[Delivery]) -> Vec<String> {
    let deliveries = seen.iter().filter(|delivery| delivery.was_taken).map(Delivery::json);
    let events = deliveries.flat_map(|delivery| delivery["events"].as_array().cloned().unwrap_or_default());
    let registered = events.filter(|event| event["kind"] == "instance.registered");
    registered.map(|event| event["instanceId"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn all_arrives_in_order_through_refusals_hangs_a_new_secret_and_restarts() {
    let receiver = Receiver::start("127.0.0.1:0", Arc::default()).await;
    let plan = plan(receiver.address);
    let app = plan.start().await;
    register(&app, "a").await;
    let seen = receiver.until("the first", |seen| taken(seen) == ["a"]).await;
    let last = seen.last().expect("a delivery");
    assert!(last.is_signed_with(SECRET) && !last.is_signed_with("another secret of some length"));
    assert_eq!((&last.json()["delivery"], &last.json()["gap"]), (&json!(last.name), &Value::Null));
    assert!(last.timestamp.parse::<i64>().is_ok_and(|seconds| seconds > 1_600_000_000), "{last:?}");

    receiver.be(Mood::Refuses);
    register(&app, "b").await;
    let refused = receiver.until("two tries of the same", |seen| seen.iter().filter(|one| !one.was_taken).count() >= 2).await;
    let tries: Vec<_> = refused.iter().filter(|one| !one.was_taken).map(|one| (one.name.clone(), one.body.clone())).collect();
    assert_eq!(tries[0], tries[1], "it is the same delivery, by which a receiver knows it");
    receiver.be(Mood::Takes);
    receiver.until("it after refusals", |seen| taken(seen) == ["a", "b"]).await;

    receiver.be(Mood::Hangs);
    register(&app, "c").await;
    receiver.until("a try that hangs", |seen| seen.iter().any(|one| !one.was_taken && one.json().to_string().contains("\"c\""))).await;
    app.stop().await;
    std::fs::write(plan.folder().join("secret"), "another secret of some length\n").expect("written");
    receiver.be(Mood::Takes);
    let app = plan.start().await;
    let seen = receiver.until("what was under way at the stop", |seen| taken(seen) == ["a", "b", "c"]).await;
    assert!(seen.last().is_some_and(|last| last.is_signed_with("another secret of some length")));

    let Receiver { address, seen, task, .. } = receiver;
    task.abort();
    assert!(task.await.is_err_and(|end| end.is_cancelled()));
    register(&app, "d").await;
    app.stop().await;
    let app = plan.start().await;
    let receiver = Receiver::start(&address.to_string(), seen).await;
    receiver.until("what happened while the receiver was away", |seen| taken(seen) == ["a", "b", "c", "d"]).await;
    app.stop().await;
}

#[tokio::test]
async fn what_falls_out_of_the_queue_is_told_as_a_gap() {
    let receiver = Receiver::start("127.0.0.1:0", Arc::default()).await;
    let plan = plan(receiver.address).with("-Dwebhook.queue.max=100");
    let app = plan.start().await;
    register(&app, "a").await;
    receiver.until("the first", |seen| taken(seen) == ["a"]).await;
    receiver.be(Mood::Refuses);
    register(&app, "b").await;
    receiver.until("a refusal", |seen| seen.iter().any(|one| !one.was_taken)).await;
    for n in 0..150_u32 {
        app.put("/api/v1/instances/a", &json!({"weight": n % 2 + 2})).await;
    }
    register(&app, "c").await;
    app.stop().await;
    receiver.be(Mood::Takes);
    let app = plan.start().await;
    let seen = receiver.until("what is left", |seen| taken(seen) == ["a", "c"]).await;
    let gaps: Vec<_> = seen.iter().filter(|one| one.was_taken).map(|one| one.json()["gap"].clone()).filter(|gap| !gap.is_null()).collect();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    let number = |field: &str| gaps[0][field].as_str().and_then(|place| place.split_once(':')?.1.parse::<u64>().ok()).expect("a place");
    assert!(number("before") > number("after") + 1, "{gaps:?}");
    app.stop().await;
}

#[tokio::test]
async fn a_webhook_that_cannot_be_sent_refuses_to_start_with_a_sentence() {
    let secret = |plan: Plan| {
        let file = plan.folder().join("secret");
        plan.with(&format!("-Dwebhook.secret.file={}", file.display()))
    };
    let url = "-Dwebhook.url=http://127.0.0.1:1/";
    let plans = [
        (Plan::new().with(url), "needs webhook.secret.file"),
        (secret(Plan::new().file("secret", "short")).with(url), "at least 16 bytes"),
        (secret(Plan::new()).with(url), "cannot be read"),
        (secret(Plan::new().file("secret", SECRET)).with("-Dwebhook.url=http://u:p@a/"), "no user name"),
    ];
    for (plan, sentence) in plans {
        let error = plan.try_start().await.err().expect("refused").to_string();
        assert!(error.contains(sentence), "{error}");
    }
}
