//! Live updates: many subscribers while much changes, and some that do not read.
//!
//! Owns the subscribers, the changes and how long a change takes to the last of the readers that look at the clock. The manager's
//! processor time and memory come from the kernel.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use peegeeq_testkit::HttpClient;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::Bench;
use super::figures::{Goal, Measured};
use super::machine;
use super::manager::{Folder, Manager};

const SUBSCRIBERS: usize = 1000;
/// Subscribers that read what they get and look at the clock; the others read and forget.
const OBSERVERS: usize = 50;
/// Subscribers that do not read, in the second part.
const DEAF: usize = 20;
const INSTANCES: u64 = 100;
const A_SECOND: u64 = 50;
const SECONDS: u64 = 20;
/// Changes of the second part, each with so many bytes of metadata: more than the ring and all sockets hold.
const LARGE_CHANGES: u64 = 700;
const LARGE_BYTES: usize = 15_000;
const STAMP: &str = r#""stamp":""#;

/// What the observers saw.
#[derive(Debug)]
struct Seen {
    began: Instant,
    latencies: Mutex<Vec<f64>>,
    greeted: AtomicUsize,
}

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    let manager = Manager::start(&bench.program, &folder)?;
    let client = HttpClient::new(Duration::from_secs(10));
    for number in 0..INSTANCES {
        put(&client, &manager, number, &json!({"stamp": "none"}), true).await?;
    }
    let mut measured = Measured::default();
    measured.note(format!(
        "{SUBSCRIBERS} subscribers of /api/v1/updates with its default topics, {A_SECOND} changes of metadata a second for {SECONDS} s among {INSTANCES} instances in maintenance."
    ));
    many_readers(&manager, &client, &mut measured).await?;
    deaf_ones(&manager, &client, &mut measured).await?;
    Ok(measured)
}

async fn many_readers(manager: &Manager, client: &HttpClient, measured: &mut Measured) -> Result<(), String> {
    let seen = Arc::new(Seen { began: Instant::now(), latencies: Mutex::default(), greeted: AtomicUsize::new(0) });
    let mut readers = JoinSet::new();
    for number in 0..SUBSCRIBERS {
        let stream = subscribe(manager.address(), None).await?;
        readers.spawn(read(stream, seen.clone(), number < OBSERVERS));
    }
    while seen.greeted.load(Ordering::Relaxed) < SUBSCRIBERS {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (rss, cpu, began) = (machine::rss(manager.pid())?, manager.cpu()?, Instant::now());
    let mut turn = tokio::time::interval(Duration::from_micros(1_000_000 / A_SECOND));
    for change in 0..A_SECOND * SECONDS {
        turn.tick().await;
        let stamp = seen.began.elapsed().as_micros().to_string();
        put(client, manager, change % INSTANCES, &json!({ "stamp": stamp }), false).await?;
    }
    let (took, used) = (began.elapsed(), manager.cpu()? - cpu);
    // The last ones are under way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let grown = machine::rss(manager.pid())? - rss;
    readers.shutdown().await;
    let mut latencies = seen.latencies.lock().map_err(|error| error.to_string())?.clone();
    latencies.sort_by(f64::total_cmp);
    let expected = OBSERVERS * usize::try_from(A_SECOND * SECONDS).unwrap_or(0);
    measured.must(latencies.len() == expected, || format!("{} of {expected} changes were seen", latencies.len()));
    measured.figure("changes a second", (A_SECOND * SECONDS) as f64 / took.as_secs_f64(), "1/s", Goal::None);
    measured.figure("manager's processors", used.as_secs_f64() / took.as_secs_f64(), "cores", Goal::AtMost(0.5));
    measured.figure("memory grown", grown, "MiB", Goal::AtMost(32.0));
    for (name, part, goal) in [("median", 50, Goal::None), ("p95", 95, Goal::AtMost(500.0)), ("p99", 99, Goal::None)] {
        let value = latencies.get(latencies.len() * part / 100).copied().unwrap_or(f64::NAN);
        measured.figure(format!("from the order to the subscriber, {name}"), value, "ms", goal);
    }
    Ok(())
}

/// Some that do not read while much is told must cost nothing, and are told so when they read again.
async fn deaf_ones(manager: &Manager, client: &HttpClient, measured: &mut Measured) -> Result<(), String> {
    let rss = machine::rss(manager.pid())?;
    let mut streams = Vec::new();
    for _ in 0..DEAF {
        streams.push(subscribe(manager.address(), Some(4096)).await?);
    }
    let large = "x".repeat(LARGE_BYTES);
    for change in 0..LARGE_CHANGES {
        put(client, manager, change % INSTANCES, &json!({ "large": large, "n": change.to_string() }), false).await?;
    }
    let grown = machine::rss(manager.pid())? - rss;
    let mut resynced = 0;
    for stream in &mut streams {
        let search = tokio::time::timeout(Duration::from_secs(30), finds(stream, b"event: resync"));
        resynced += usize::from(search.await.unwrap_or(false));
    }
    measured.note(format!("Then {DEAF} subscribers that do not read during {LARGE_CHANGES} changes of {LARGE_BYTES} bytes."));
    measured.figure("memory grown by those that do not read", grown, "MiB", Goal::AtMost(64.0));
    measured.must(resynced == DEAF, || format!("{resynced} of {DEAF} were told that they missed something"));
    Ok(())
}

async fn subscribe(address: SocketAddr, buffer: Option<u32>) -> Result<TcpStream, String> {
    let socket = TcpSocket::new_v4().map_err(|error| error.to_string())?;
    if let Some(bytes) = buffer {
        socket.set_recv_buffer_size(bytes).map_err(|error| error.to_string())?;
    }
    let mut stream = socket.connect(address).await.map_err(|error| format!("a subscriber cannot connect: {error}"))?;
    let asked = stream.write_all(b"GET /api/v1/updates HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    asked.map_err(|error| error.to_string())?;
    Ok(stream)
}

/// Reads until it is stopped. Who observes notes how old each change is when its row comes.
async fn read(mut stream: TcpStream, seen: Arc<Seen>, observes: bool) {
    let (mut bytes, mut greeted) = (Vec::with_capacity(64 * 1024), false);
    while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {
        if !greeted && find(&bytes, b"event: snapshot").is_some() {
            greeted = true;
            seen.greeted.fetch_add(1, Ordering::Relaxed);
        }
        while observes && let Some(end) = find(&bytes, b"\n\n") {
            note(&String::from_utf8_lossy(&bytes[..end]), &seen);
            bytes.drain(..end + 2);
        }
        if !observes && greeted {
            bytes.clear();
        }
    }
}

fn note(event: &str, seen: &Seen) {
    let stamp = event.split_once(STAMP).and_then(|(_, rest)| rest.split('"').next()?.parse::<u64>().ok());
    let Some(stamp) = stamp.filter(|_| event.contains("event: change")) else { return };
    let now = u64::try_from(seen.began.elapsed().as_micros()).unwrap_or(u64::MAX);
    if let Ok(mut latencies) = seen.latencies.lock() {
        latencies.push(now.saturating_sub(stamp) as f64 / 1000.0);
    }
}

/// Reads on until something was found.
async fn finds(stream: &mut TcpStream, wanted: &[u8]) -> bool {
    let mut bytes = Vec::with_capacity(64 * 1024);
    while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {
        if find(&bytes, wanted).is_some() {
            return true;
        }
        bytes.drain(..bytes.len().saturating_sub(wanted.len()));
    }
    false
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

async fn put(client: &HttpClient, manager: &Manager, number: u64, metadata: &serde_json::Value, is_new: bool) -> Result<(), String> {
    let id = format!("instance-{number:03}");
    let (method, path, body) = if is_new {
        let body = json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance", "metadata": metadata});
        (http::Method::POST, "/api/v1/instances/register".to_owned(), body)
    } else {
        (http::Method::PUT, format!("/api/v1/instances/{id}"), json!({ "metadata": metadata }))
    };
    let headers = [("content-type", "application/json")];
    let reply = client.request(method, &manager.url(&path), &headers, body.to_string()).await.map_err(|error| error.to_string())?;
    if reply.status.is_success() { Ok(()) } else { Err(format!("{path}: {} {}", reply.status, reply.text())) }
}
