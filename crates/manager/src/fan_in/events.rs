//! The stream of server-sent events of an instance.

use std::future::Future;
use std::pin::pin;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, HOST};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::frame::FRAME_BYTES_MAX;
use super::upstream::{OPEN_TIMEOUT, SILENCE_MAX, Talk, Way};

/// The most bytes of the head of the answer.
const HEAD_MAX: usize = 32 * 1024;

/// Listens until the other side ends it; the error is why it broke off.
pub(super) async fn listen(way: &Way, path: &str, talk: &mut Talk<'_>) -> Result<(), String> {
    let stream = way.dial(talk.entry).await.map_err(|failure| failure.sentence)?;
    let mut protocol = http1::Builder::new();
    protocol.max_buf_size(HEAD_MAX);
    let opened = protocol.handshake::<_, Empty<Bytes>>(TokioIo::new(stream)).await;
    let (mut sender, connection) = opened.map_err(|error| error.to_string())?;
    let (hop, id) = way.caller.hop();
    let request = Request::get(path)
        .header(HOST, talk.entry.instance.registration.endpoint.authority())
        .header(ACCEPT, "text/event-stream")
        .header(CACHE_CONTROL, "no-cache")
        .header(hop, id)
        .body(Empty::new())
        .map_err(|error| error.to_string())?;
    let conversation = async {
        let answer = timeout(OPEN_TIMEOUT, sender.send_request(request)).await;
        let answer = answer.map_err(|_| "no answer".to_owned())?.map_err(|error| error.to_string())?;
        match answer.status() {
            StatusCode::OK => read(answer.into_body(), talk).await,
            status => Err(format!("the instance answered with status {}", status.as_u16())),
        }
    };
    beside(connection, conversation).await
}

/// Runs `work`, and the connection that carries it, in one task.
async fn beside<T>(connection: impl Future, work: impl Future<Output = T>) -> T {
    let (connection, mut work) = (pin!(connection), pin!(work));
    tokio::select! {
        biased;
        done = &mut work => done,
        // What was received before the end is still to be read.
        _ = connection => work.await,
    }
}

async fn read(mut body: Incoming, talk: &mut Talk<'_>) -> Result<(), String> {
    let mut reader = Reader::default();
    loop {
        let frame = timeout(SILENCE_MAX, body.frame()).await.map_err(|_| "it fell silent".to_owned())?;
        let Some(frame) = frame else { return Ok(()) };
        let Ok(data) = frame.map_err(|error| error.to_string())?.into_data() else { continue };
        talk.heard();
        reader.take(&data, |name, data| {
            if let Some(frame) = talk.origin.event(name, data) {
                talk.hub.say(frame);
            }
        })?;
    }
}

/// Puts events together from pieces of a stream.
#[derive(Debug, Default)]
struct Reader {
    line: Vec<u8>,
    name: String,
    data: String,
}

impl Reader {
    /// Takes the next piece, and hands out the events that are whole. An event that is too long is an error.
    fn take(&mut self, piece: &[u8], mut event: impl FnMut(&str, &str)) -> Result<(), String> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if self.line.len() + self.data.len() > FRAME_BYTES_MAX {
                return Err(format!("an event is longer than {FRAME_BYTES_MAX} bytes"));
            }
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                self.whole_line(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']), &mut event);
            }
        }
        Ok(())
    }

    fn whole_line(&mut self, line: &str, event: &mut impl FnMut(&str, &str)) {
        if line.is_empty() {
            if !self.data.is_empty() {
                event(&self.name, self.data.trim_end_matches('\n'));
            }
            self.name.clear();
            self.data.clear();
            return;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => {
                self.data.push_str(value);
                self.data.push('\n');
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&str]) -> Vec<(String, String)> {
        let (mut reader, mut found) = (Reader::default(), Vec::new());
        for piece in pieces {
            reader.take(piece.as_bytes(), |name, data| found.push((name.to_owned(), data.to_owned()))).expect("short");
        }
        found
    }

    #[test]
    fn events_are_put_together_from_pieces() {
        let whole = "event: metrics\nid: 1\ndata: {\"a\":\ndata: 1}\n\n: a comment\n\ndata:x\r\n\r\nevent: empty\n\n";
        let expected = [("metrics".to_owned(), "{\"a\":\n1}".to_owned()), (String::new(), "x".to_owned())];
        assert_eq!(events(&[whole]), expected);
        let bytes: Vec<String> = whole.chars().map(String::from).collect();
        assert_eq!(events(&bytes.iter().map(String::as_str).collect::<Vec<_>>()), expected);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut reader = Reader::default();
        let piece = vec![b'x'; FRAME_BYTES_MAX / 2 + 1];
        assert!(reader.take(&piece, |_, _| {}).is_ok());
        assert!(reader.take(&piece, |_, _| {}).is_err());
        let mut reader = Reader::default();
        let line = format!("data: {}\n", "x".repeat(1000));
        let refused = (0..1000).find(|_| reader.take(line.as_bytes(), |_, _| {}).is_err());
        assert!(refused.is_some(), "many lines are as bad as a long one");
    }
}
