//! An instance made of bytes: what it answers on the routed paths is up to the test, to the last byte.
//!
//! Owns what the manager must see of it to route to it at all: health, and a setup called `s1`. Does not own what is expected.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::TestApp;

/// One routed request as it came, and the connection it came on.
pub(crate) struct Coming {
    /// The request line and the headers, up to the blank line.
    pub(crate) head: String,
    /// What came behind the head already.
    pub(crate) rest: Vec<u8>,
    pub(crate) stream: TcpStream,
    /// Counts the connections of this instance.
    pub(crate) connection: usize,
}

impl Coming {
    /// Sends bytes as they are.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // Who went away reads nothing.
        let _ = self.stream.write_all(bytes.as_ref()).await;
    }

    /// Sends a whole answer.
    pub(crate) async fn reply(&mut self, status: &str, body: &str) {
        self.send(format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Reads until there are so many bytes behind the head.
    pub(crate) async fn read(&mut self, length: usize) -> &[u8] {
        while self.rest.len() < length && self.stream.read_buf(&mut self.rest).await.is_ok_and(|read| read > 0) {}
        &self.rest
    }

    /// Waits until the other side is gone.
    pub(crate) async fn gone(&mut self) {
        while matches!(self.stream.read_buf(&mut self.rest).await, Ok(1..)) {}
    }

    /// A header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(':').filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()))
    }
}

type Handler = dyn Fn(Coming) -> BoxFuture<'static, Option<Coming>> + Send + Sync;

/// The instance. Its connections end with the test's runtime.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    /// Routed requests that came.
    pub(crate) requests: Arc<AtomicUsize>,
    /// Connections that were opened.
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Upstream {
    /// Starts one that answers routed requests with `handler`, which returns the connection if it is kept.
    pub(crate) async fn start<F>(handler: impl Fn(Coming) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<Coming>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let upstream = Self { address: listener.local_addr().expect("bound"), requests: Arc::default(), connections: Arc::default() };
        let handler: Arc<Handler> = Arc::new(move |coming| Box::pin(handler(coming)));
        let (requests, connections) = (upstream.requests.clone(), upstream.connections.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let connection = connections.fetch_add(1, Ordering::SeqCst);
                let coming = Coming { head: String::new(), rest: Vec::new(), stream, connection };
                tokio::spawn(serve(coming, handler.clone(), requests.clone()));
            }
        });
        upstream
    }

    /// Registers it and waits until the manager can route to it.
    pub(crate) async fn join(&self, app: &TestApp, id: &str) {
        app.register(&self.registration(id)).await;
        app.wait_for_status(id, "healthy").await;
        app.wait_for_setup(id).await;
    }

    pub(crate) fn registration(&self, id: &str) -> Value {
        json!({"instanceId": id, "host": self.address.ip().to_string(), "port": self.address.port()})
    }
}

async fn serve(mut coming: Coming, handler: Arc<Handler>, requests: Arc<AtomicUsize>) {
    loop {
        let end = loop {
            if let Some(end) = coming.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                break end;
            }
            if !coming.stream.read_buf(&mut coming.rest).await.is_ok_and(|read| read > 0) {
                return;
            }
        };
        let rest = coming.rest.split_off(end + 4);
        coming.head = String::from_utf8_lossy(&coming.rest).into_owned();
        coming.rest = rest;
        let path = coming.head.split(' ').nth(1).unwrap_or_default().to_owned();
        match own_answer(&path) {
            Some(answer) => coming.reply("200 OK", &answer.to_string()).await,
            None => {
                requests.fetch_add(1, Ordering::SeqCst);
                match handler(coming).await {
                    Some(kept) => coming = kept,
                    None => return,
                }
            }
        }
    }
}

fn own_answer(path: &str) -> Option<Value> {
    Some(match path {
        "/health" => json!({"status": "UP"}),
        "/api/v1/setups" => json!({"count": 1, "setupIds": ["s1"]}),
        "/api/v1/setups/s1/health" => json!({"healthy": true, "status": "UP", "components": {}}),
        "/api/v1/setups/s1" => json!({
            "setupId": "s1", "status": "ACTIVE", "host": "db", "port": 5432, "databaseName": "d", "schema": "s",
            "queueFactories": ["q"], "eventStores": []
        }),
        _ => return None,
    })
}
