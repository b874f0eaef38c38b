//! Owns a client for server-sent events. Does not own the connection it reads from.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::BytesMut;

use super::connection::{Connection, Head};

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its name; empty when it has none.
    pub name: String,
    /// Its id; empty when it has none.
    pub id: String,
    /// Its data, lines joined.
    pub data: String,
}

impl Event {
    /// The data as JSON; null when it is none.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.data).unwrap_or_default()
    }
}

/// A client that reads one stream of events.
#[derive(Debug)]
pub struct EventClient {
    connection: Connection,
    head: Head,
    text: BytesMut,
    ended: bool,
}

impl EventClient {
    /// Asks for a stream and reads the head of the answer, whatever its status. Each reading waits as long as `bound`.
    ///
    /// # Errors
    ///
    /// When there is no head.
    pub async fn open(addr: SocketAddr, target: &str, headers: &[(&str, &str)], bound: Duration) -> io::Result<Self> {
        let mut connection = Connection::open(addr, bound).await?;
        let mut request = format!("GET {target} HTTP/1.1\r\nhost: {addr}\r\naccept: text/event-stream\r\n");
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        connection.send(request + "\r\n").await?;
        let head = connection.head().await?;
        Ok(Self { connection, head, text: BytesMut::new(), ended: false })
    }

    /// The head of the answer.
    #[must_use]
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The next event; `None` when the stream has ended as it should.
    ///
    /// # Errors
    ///
    /// When the stream breaks off or the bound passes.
    pub async fn next(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let block = self.text.split_to(end + 2);
                if let Some(event) = parse(&String::from_utf8_lossy(&block)) {
                    return Ok(Some(event));
                }
                continue;
            }
            if self.ended {
                return Ok(None);
            }
            self.read().await?;
        }
    }

    /// The next event of a name; others are passed over.
    ///
    /// # Errors
    ///
    /// As [`Self::next`], and when the stream ends before.
    pub async fn next_named(&mut self, name: &str) -> io::Result<Event> {
        loop {
            match self.next().await? {
                Some(event) if event.name == name => return Ok(event),
                Some(_) => {}
                None => return Err(io::ErrorKind::UnexpectedEof.into()),
            }
        }
    }

    async fn read(&mut self) -> io::Result<()> {
        let piece = if self.head.header("transfer-encoding").eq_ignore_ascii_case("chunked") {
            let chunk = self.connection.chunk().await?;
            self.ended = chunk.is_empty();
            chunk
        } else {
            self.ended = true;
            match self.head.header("content-length").parse() {
                Ok(length) => self.connection.exactly(length).await?,
                Err(_) => self.connection.to_the_end().await?,
            }
        };
        self.text.extend_from_slice(&piece);
        Ok(())
    }

    /// The connection, to half-close or reset it.
    #[must_use]
    pub fn into_connection(self) -> Connection {
        self.connection
    }
}

/// An event of its lines; `None` of a comment alone.
fn parse(block: &str) -> Option<Event> {
    let mut event = Event::default();
    let mut data = Vec::new();
    for line in block.lines() {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut event.name),
            "id" => value.clone_into(&mut event.id),
            "data" => data.push(value),
            _ => {}
        }
    }
    event.data = data.join("\n");
    (!event.data.is_empty()).then_some(event)
}
