//! Two subscribers: one reads an event stream, one speaks just enough WebSocket.
//!
//! Owns reading with a bound. A manager that says nothing for twenty seconds fails the test.

use std::net::SocketAddr;

use peegeeq_testkit::secs;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One event of a stream.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) kind: String,
    pub(super) data: Value,
}

/// A connection and what was read from it.
struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    async fn open(address: SocketAddr, request: &str) -> Self {
        let mut stream = TcpStream::connect(address).await.expect("a connection");
        stream.write_all(request.as_bytes()).await.expect("a request is sent");
        Self { stream, read: Vec::new() }
    }

    /// Reads more. `false`: the connection ended.
    async fn more(&mut self) -> bool {
        let read = tokio::time::timeout(secs(20), self.stream.read_buf(&mut self.read)).await;
        let read = read.unwrap_or_else(|_| panic!("nothing for 20 s; so far: {}", String::from_utf8_lossy(&self.read)));
        read.is_ok_and(|bytes| bytes > 0)
    }

    /// Takes what stands before a mark, without the mark. `None`: the connection ended first.
    async fn until(&mut self, mark: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(place) = self.read.windows(mark.len()).position(|window| window == mark) {
                let taken = self.read.drain(..place + mark.len()).take(place).collect();
                return Some(taken);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    async fn exactly(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.read.len() < count {
            if !self.more().await {
                return None;
            }
        }
        Some(self.read.drain(..count).collect())
    }
}

/// A subscriber of the event stream.
pub(super) struct Stream {
    wire: Wire,
    text: String,
    pub(super) status: u16,
}

impl Stream {
    pub(super) async fn open(address: SocketAddr, query: &str, last: Option<&str>) -> Self {
        let last = last.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        let request = format!("GET /api/v1/updates{query} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n");
        let mut wire = Wire::open(address, &request).await;
        let head = String::from_utf8(wire.until(b"\r\n\r\n").await.expect("a head")).expect("text");
        let status = head[9..12].parse().expect("a status");
        assert!(status != 200 || head.to_lowercase().contains("content-type: text/event-stream"), "{head}");
        Self { wire, text: String::new(), status }
    }

    /// The next event; `None`: the stream ended as it should, with its last chunk.
    pub(super) async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let event = read_event(block);
                self.text = rest.to_owned();
                if let Some(event) = event {
                    return Some(event);
                }
                continue;
            }
            let size = self.wire.until(b"\r\n").await.expect("the stream ends with its last chunk");
            let size = usize::from_str_radix(&String::from_utf8(size).expect("text"), 16).expect("the size of a chunk");
            let chunk = self.wire.exactly(size + 2).await.expect("a whole chunk");
            if size == 0 {
                return None;
            }
            self.text.push_str(std::str::from_utf8(&chunk[..size]).expect("text"));
        }
    }

    /// Reads on until an event fits.
    pub(super) async fn find(&mut self, fits: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next().await.expect("the stream goes on");
            if fits(&event) {
                return event;
            }
        }
    }
}

fn read_event(block: &str) -> Option<Event> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = serde_json::from_str(field("data")?).expect("JSON");
    Some(Event { id: field("id")?.to_owned(), kind: field("event")?.to_owned(), data })
}

/// A subscriber with a WebSocket.
pub(super) struct Socket {
    wire: Wire,
    pub(super) status: u16,
}

/// What comes over a WebSocket.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Frame {
    Json(Value),
    Close(u16),
    End,
}

impl Socket {
    pub(super) async fn open(address: SocketAddr, query: &str, more: &str) -> Self {
        let request = format!(
            "GET /ws/updates{query} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
        );
        let mut wire = Wire::open(address, &request).await;
        let head = String::from_utf8(wire.until(b"\r\n\r\n").await.expect("a head")).expect("text");
        Self { wire, status: head[9..12].parse().expect("a status") }
    }

    /// Sends a text, masked as a client must.
    pub(super) async fn say(&mut self, text: &str) {
        let mask = [1, 2, 3, 4];
        let mut frame = vec![0x81, 0x80 | 126];
        frame.extend(u16::try_from(text.len()).expect("a short text").to_be_bytes());
        frame.extend(mask);
        frame.extend(text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.wire.stream.write_all(&frame).await.expect("a message is sent");
    }

    pub(super) async fn next(&mut self) -> Frame {
        let Some(head) = self.wire.exactly(2).await else { return Frame::End };
        let length = match head[1] {
            126 => u64::from(u16::from_be_bytes(self.wire.exactly(2).await.expect("a length").try_into().expect("two bytes"))),
            127 => u64::from_be_bytes(self.wire.exactly(8).await.expect("a length").try_into().expect("eight bytes")),
            short => u64::from(short),
        };
        let body = self.wire.exactly(usize::try_from(length).expect("a length")).await.expect("a whole frame");
        match head[0] & 0x0f {
            1 => Frame::Json(serde_json::from_slice(&body).expect("JSON")),
            8 => Frame::Close(u16::from_be_bytes([body[0], body[1]])),
            other => panic!("a frame of kind {other}"),
        }
    }

    /// Reads on until a message fits.
    pub(super) async fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            match self.next().await {
                Frame::Json(message) if fits(&message) => return message,
                Frame::Json(_) => {}
                other => panic!("the socket ended with {other:?}"),
            }
        }
    }
}
