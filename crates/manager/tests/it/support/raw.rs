//! Bytes as they are: what no HTTP client would send.
//!
//! Owns sending them and reading what comes back, with a bound. A connection that neither answers nor ends fails the test.

use std::net::SocketAddr;

use peegeeq_testkit::secs;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What came back for some bytes.
#[derive(Debug)]
pub(crate) struct RawAnswer {
    /// Status of the first answer; none when the connection was closed without one.
    pub(crate) status: Option<u16>,
    /// All that was read.
    pub(crate) text: String,
    /// Whether the connection ended.
    pub(crate) closed: bool,
}

impl RawAnswer {
    /// The body of the first answer.
    pub(crate) fn body(&self) -> &str {
        self.text.split_once("\r\n\r\n").map_or("", |(_, body)| body)
    }

    /// A 4xx or 5xx with our JSON envelope.
    pub(crate) fn is_envelope(&self) -> bool {
        let body: Result<serde_json::Value, _> = serde_json::from_str(self.body());
        body.is_ok_and(|body| body["error"].is_string() && body["status"].as_u64() == self.status.map(u64::from))
    }
}

/// Sends bytes and reads until a whole answer is there or the connection ends.
pub(crate) async fn send(address: SocketAddr, bytes: &[u8]) -> RawAnswer {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    // The manager may refuse and close before it has read everything.
    let _ = stream.write_all(bytes).await;
    answer(&mut stream).await
}

/// Reads until a whole answer is there or the connection ends.
pub(crate) async fn answer(stream: &mut TcpStream) -> RawAnswer {
    let mut read = Vec::new();
    let reading = async {
        while !is_whole(&read) {
            match stream.read_buf(&mut read).await {
                Ok(0) | Err(_) => return true,
                Ok(_) => {}
            }
        }
        false
    };
    let closed = tokio::time::timeout(secs(20), reading).await;
    let text = String::from_utf8_lossy(&read).into_owned();
    let closed = closed.unwrap_or_else(|_| panic!("neither an answer nor an end within 20 s; so far: {text}"));
    let status = text.strip_prefix("HTTP/1.").and_then(|rest| rest.get(2..5)?.parse().ok());
    RawAnswer { status, text, closed }
}

fn is_whole(read: &[u8]) -> bool {
    let text = String::from_utf8_lossy(read);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => body.len() >= length,
        None => !head.to_ascii_lowercase().contains("transfer-encoding"),
    }
}
