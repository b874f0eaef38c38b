//! Owns a connection that hyper has given back: its bytes, the body of the request that stands on it, and carrying out a
//! script. Does not own which request ends in a script.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::request::Parts;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;

use super::answers::Answer;
use super::script::{Script, Step};
use super::shared::{Shared, render};
use crate::net;

/// Bodies of requests are read up to this many bytes.
const MOST_BODY: usize = 64 * 1_048_576;

/// A connection with bytes that were read too early.
pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    pub(crate) before: BytesMut,
}

/// What becomes of a connection after a script.
pub(crate) enum After {
    /// The next request may come.
    Next(Wire),
    /// It is closed.
    Closed,
}

/// A script under way.
struct Performance<'a> {
    shared: &'a Arc<Shared>,
    parts: &'a Parts,
    wire: Wire,
    body: Bytes,
    answer: Option<Answer>,
    began: Instant,
}

/// Carries a script out for the request whose head is `parts`.
pub(crate) async fn perform(shared: &Arc<Shared>, script: &Script, parts: &Parts, wire: Wire) -> After {
    let mut performance = Performance { shared, parts, wire, body: Bytes::new(), answer: None, began: Instant::now() };
    for step in script.steps() {
        match step {
            Step::Next => return After::Next(performance.wire),
            Step::Reset => {
                net::reset(performance.wire.stream);
                return After::Closed;
            }
            // A client that is gone makes the rest of a script impossible, and that is what was noted.
            step if performance.step(step).await.is_err() => {
                performance.gone();
                return After::Closed;
            }
            _ => {}
        }
    }
    After::Closed
}

impl Performance<'_> {
    async fn step(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::ReadBody => self.read_body().await,
            Step::ReadSome(bytes) => self.wire.fill(*bytes).await,
            Step::Act => {
                self.act();
                Ok(())
            }
            Step::Answer => {
                let (head, body) = self.answer();
                self.send(&[head, body].concat()).await
            }
            Step::AnswerHalf => {
                let (head, body) = self.answer();
                self.send(&[head, body.slice(..body.len() / 2)].concat()).await
            }
            Step::AnswerUnder(head) => {
                let (_, body) = self.answer();
                self.send(&[head.clone(), body].concat()).await
            }
            Step::AnswerTrickle(every) => self.trickle(*every).await,
            Step::Send(bytes) => self.send(bytes).await,
            Step::Repeat(bytes) => loop {
                self.send(bytes).await?;
            },
            Step::Pause(pause) => {
                tokio::time::sleep(*pause).await;
                Ok(())
            }
            Step::HalfClose => self.wire.stream.shutdown().await,
            Step::AwaitGone => self.await_gone().await,
            Step::Reset | Step::Next => Ok(()),
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.stream.write_all(bytes).await
    }

    async fn trickle(&mut self, every: Duration) -> io::Result<()> {
        let (head, body) = self.answer();
        for byte in [head, body].concat() {
            tokio::time::sleep(every).await;
            self.send(&[byte]).await?;
        }
        Ok(())
    }

    async fn read_body(&mut self) -> io::Result<()> {
        self.body = self.wire.request_body(self.parts).await?;
        self.shared.ledger.body(self.parts.uri.path(), &self.body);
        Ok(())
    }

    fn act(&mut self) {
        let answer = self.shared.normal_answer(self.parts, &self.body);
        self.shared.ledger.answered(self.parts.uri.path(), &self.parts.method, answer.status, self.began.elapsed());
        self.answer = Some(answer);
    }

    fn answer(&mut self) -> (Bytes, Bytes) {
        if self.answer.is_none() {
            self.act();
        }
        self.answer.as_ref().map(render).unwrap_or_default()
    }

    async fn await_gone(&mut self) -> io::Result<()> {
        let mut thrown_away = [0_u8; 16_384];
        while self.wire.stream.read(&mut thrown_away).await? > 0 {}
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn gone(&self) {
        self.shared.ledger.departed(self.parts.uri.path(), self.began);
    }
}

impl Wire {
    /// Reads until so many bytes are there.
    async fn fill(&mut self, bytes: usize) -> io::Result<()> {
        while self.before.len() < bytes {
            if self.before.len() > MOST_BODY || self.stream.read_buf(&mut self.before).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    async fn request_body(&mut self, parts: &Parts) -> io::Result<Bytes> {
        if parts.headers.contains_key(TRANSFER_ENCODING) {
            return self.chunks().await;
        }
        let length = parts.headers.get(CONTENT_LENGTH).and_then(|text| text.to_str().ok()?.parse().ok()).unwrap_or(0);
        self.fill(length).await?;
        Ok(self.before.split_to(length).freeze())
    }

    async fn chunks(&mut self) -> io::Result<Bytes> {
        let mut body = BytesMut::new();
        loop {
            let line = self.line().await?;
            let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
            let digits = std::str::from_utf8(digits).unwrap_or_default().trim();
            let size = usize::from_str_radix(digits, 16).map_err(io::Error::other)?;
            if size == 0 {
                while !self.line().await?.is_empty() {}
                return Ok(body.freeze());
            }
            self.fill(size + 2).await?;
            body.extend_from_slice(&self.before.split_to(size));
            self.before.advance(2);
        }
    }

    async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(end) = self.before.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.before.split_to(end).freeze();
                self.before.advance(2);
                return Ok(line);
            }
            self.fill(self.before.len() + 1).await?;
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.before.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.before.len().min(buffer.remaining());
        buffer.put_slice(&self.before.split_to(length));
        Poll::Ready(Ok(()))
    }
}
