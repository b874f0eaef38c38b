//! Registrations over HTTP, from many connections at once, as cheap for the machine as they can be asked.
//!
//! Owns plain sockets and a reading of answers that knows just enough: the status and the length. Remembers which ids
//! were acknowledged.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// What is registered: an id and the JSON of its registration, by number.
pub(super) type Drafts = Arc<dyn Fn(usize) -> (String, String) + Send + Sync>;

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Registered {
    /// Ids that were answered 201.
    pub(super) acknowledged: Vec<String>,
    /// Answers that were something else, with their status.
    pub(super) refused: Vec<(String, u16)>,
    /// From the first request to the last answer.
    pub(super) elapsed: Duration,
}

impl Registered {
    /// Acknowledged registrations a second.
    pub(super) fn rate(&self) -> f64 {
        self.acknowledged.len() as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }
}

/// Registers the drafts with these numbers over `connections` connections, each waiting for its answer before it goes on.
pub(super) async fn register(
    manager: SocketAddr,
    drafts: &Drafts,
    numbers: std::ops::Range<usize>,
    connections: usize,
) -> Result<Registered, String> {
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for first in numbers.start..(numbers.start + connections).min(numbers.end) {
        workers.spawn(work(manager, drafts.clone(), (first..numbers.end).step_by(connections)));
    }
    let mut all = Registered::default();
    while let Some(ended) = workers.join_next().await {
        let part = ended.map_err(|error| error.to_string())?.map_err(|error| format!("registering: {error}"))?;
        all.acknowledged.extend(part.acknowledged);
        all.refused.extend(part.refused);
    }
    all.elapsed = began.elapsed();
    Ok(all)
}

async fn work(manager: SocketAddr, drafts: Drafts, numbers: impl Iterator<Item = usize>) -> io::Result<Registered> {
    let mut stream = TcpStream::connect(manager).await?;
    stream.set_nodelay(true)?;
    let mut part = Registered::default();
    let mut buffer = Vec::new();
    for number in numbers {
        let (id, body) = drafts(number);
        let length = body.len();
        let request = format!(
            "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await?;
        match answer(&mut stream, &mut buffer).await? {
            201 => part.acknowledged.push(id),
            status => part.refused.push((id, status)),
        }
    }
    Ok(part)
}

/// Reads one answer to its end and returns its status.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<u16> {
    buffer.clear();
    loop {
        if let Some((status, whole)) = head(buffer)
            && buffer.len() >= whole
        {
            return Ok(status);
        }
        if stream.read_buf(buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Status and length of the whole answer, once its head is there.
fn head(buffer: &[u8]) -> Option<(u16, usize)> {
    let end = buffer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let text = std::str::from_utf8(&buffer[..end]).ok()?;
    let status = text.get(9..12)?.parse().ok()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "))?.parse::<usize>().ok()?;
    Some((status, end + 4 + length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        assert_eq!(head(b"HTTP/1.1 201 Created\r\ncontent-length: 3\r\n\r\nabc"), Some((201, 46)));
        assert_eq!(head(b"HTTP/1.1 201 Created\r\n"), None);
    }
}
