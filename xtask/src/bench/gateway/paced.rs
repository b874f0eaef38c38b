//! Load at a fixed rate, which `wrk` cannot do: every request has its moment, and its latency counts from that moment, so that
//! a slow answer does not hide those behind it.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A connection that asks the same again and again.
struct Asking {
    stream: TcpStream,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl Asking {
    async fn open(address: SocketAddr, target: &str) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| format!("{address}: {error}"))?;
        let request = format!("GET {target} HTTP/1.1\r\nhost: {address}\r\n\r\n").into_bytes();
        Ok(Self { stream, request, buffer: Vec::with_capacity(80_000) })
    }

    /// Asks once, and reads the whole answer, which must be a 200 with a length.
    async fn ask(&mut self) -> Result<(), String> {
        self.stream.write_all(&self.request).await.map_err(|error| error.to_string())?;
        self.buffer.clear();
        let mut whole = None;
        while whole.is_none_or(|whole| self.buffer.len() < whole) {
            if self.stream.read_buf(&mut self.buffer).await.map_err(|error| error.to_string())? == 0 {
                return Err("the connection ended".to_owned());
            }
            if whole.is_none() {
                whole = length(&self.buffer)?;
            }
        }
        Ok(())
    }
}

/// The length of head and body, once the head is there.
fn length(bytes: &[u8]) -> Result<Option<usize>, String> {
    let Some(head) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes[..head]).to_ascii_lowercase();
    if !text.starts_with("http/1.1 200") {
        return Err(format!("the answer is {}", text.lines().next().unwrap_or_default()));
    }
    let body = text.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    body.map(|body| Some(head + 4 + body)).ok_or_else(|| format!("an answer without a length: {text}"))
}

/// Latencies in milliseconds, shortest first, of `rate` requests a second for so long, over `connections`.
pub(super) async fn at_rate(address: SocketAddr, target: &str, rate: f64, connections: u32, lasting: Duration) -> Result<Vec<f64>, String> {
    let mut workers = JoinSet::new();
    let (every, started) = (Duration::from_secs_f64(f64::from(connections) / rate), Instant::now() + Duration::from_millis(100));
    for number in 0..connections {
        let mut asking = Asking::open(address, target).await?;
        let first = started + every.mul_f64(f64::from(number) / f64::from(connections));
        workers.spawn(async move {
            let (mut latencies, mut due) = (Vec::new(), first);
            while due < started + lasting {
                tokio::time::sleep_until(due.into()).await;
                // A timer is late by up to a millisecond, which is not the proxy's doing: then the request begins late.
                let began = if due.elapsed() < Duration::from_millis(2) { Instant::now() } else { due };
                asking.ask().await?;
                latencies.push(began.elapsed().as_secs_f64() * 1e3);
                due += every;
            }
            Ok::<_, String>(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(ended) = workers.join_next().await {
        latencies.extend(ended.map_err(|error| error.to_string())??);
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

/// Latencies in microseconds, shortest first, of requests one after the other on one connection.
pub(super) async fn one_by_one(address: SocketAddr, target: &str, requests: usize) -> Result<Vec<f64>, String> {
    let mut asking = Asking::open(address, target).await?;
    let mut latencies = Vec::with_capacity(requests);
    for _ in 0..requests {
        let began = Instant::now();
        asking.ask().await?;
        latencies.push(began.elapsed().as_secs_f64() * 1e6);
    }
    latencies.sort_by(f64::total_cmp);
    Ok(latencies)
}

/// The value that this share stays below; zero of nothing.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get((last as f64 * share).round() as usize).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_and_other_answers_refused() {
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n"), Ok(None));
        assert_eq!(length(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), Ok(Some(41)));
        length(b"HTTP/1.1 503 No\r\nContent-Length: 3\r\n\r\nab").expect_err("not a 200");
        length(b"HTTP/1.1 200 OK\r\n\r\n").expect_err("no length");
    }
}
