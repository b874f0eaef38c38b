//! Owns scripts: what happens on the wire instead of an ordinary answer, step by step.
//! Does not own carrying them out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::mode::Mode;

/// One thing that happens on a connection after the head of a request has been read.
#[derive(Clone, Debug)]
pub enum Step {
    /// Reads the whole body of the request.
    ReadBody,
    /// Reads that many bytes of what follows the head, no more.
    ReadSome(usize),
    /// Does what the request asks for, so that it is among the accepted; sends nothing.
    Act,
    /// Sends the normal answer, acting first if nothing has been done yet.
    Answer,
    /// Sends the first bytes of the body of the normal answer under the whole head.
    AnswerHalf,
    /// Sends the body of the normal answer under this head, which ends with an empty line.
    AnswerUnder(Bytes),
    /// Sends the normal answer one byte at a time with a pause before each.
    AnswerTrickle(Duration),
    /// Sends these bytes.
    Send(Bytes),
    /// Sends these bytes again and again until the client is gone.
    Repeat(Bytes),
    /// Waits.
    Pause(Duration),
    /// Waits until the client has closed its side, and notes when that was.
    AwaitGone,
    /// Closes the sending side and goes on.
    HalfClose,
    /// Ends the connection with a reset.
    Reset,
    /// Takes the next request on the same connection.
    Next,
}

/// Steps in their order. After the last one the connection is closed, unless it was [`Step::Next`].
#[derive(Clone, Debug, Default)]
pub struct Script(Vec<Step>);

impl From<Script> for Mode {
    fn from(script: Script) -> Self {
        Self::Script(Arc::new(script))
    }
}

impl Script {
    /// A script without steps: the connection is closed as soon as the head of a request is read.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one step more.
    #[must_use]
    pub fn then(mut self, step: Step) -> Self {
        self.0.push(step);
        self
    }

    /// The same with these bytes to send.
    #[must_use]
    pub fn send(self, bytes: impl Into<Bytes>) -> Self {
        self.then(Step::Send(bytes.into()))
    }

    pub(crate) fn steps(&self) -> &[Step] {
        &self.0
    }

    fn taken() -> Self {
        Self::new().then(Step::ReadBody).then(Step::Act)
    }

    /// The request is read and acted on; the connection ends without an answer.
    #[must_use]
    pub fn acted_but_silent() -> Self {
        Self::taken()
    }

    /// The request is read and not acted on; the connection ends without an answer.
    #[must_use]
    pub fn dropped() -> Self {
        Self::new().then(Step::ReadBody)
    }

    /// The head of an answer, and nothing of the body it announces.
    #[must_use]
    pub fn close_after_head() -> Self {
        Self::taken().send("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n")
    }

    /// The normal answer up to the middle of its body.
    #[must_use]
    pub fn close_mid_body() -> Self {
        Self::taken().then(Step::AnswerHalf)
    }

    /// The connection ends after that many bytes of the request's body.
    #[must_use]
    pub fn close_mid_request_body(bytes: usize) -> Self {
        Self::new().then(Step::ReadSome(bytes))
    }

    /// The normal answer under a length that is not its own. With a length that is too short the surplus stands on the
    /// connection before the next answer; with one that is too long the connection ends too soon.
    #[must_use]
    pub fn wrong_length(announced: usize) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {announced}\r\n\r\n");
        Self::taken().then(Step::AnswerUnder(head.into()))
    }

    /// A chunked body whose second chunk has no size.
    #[must_use]
    pub fn chunked_garbage() -> Self {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        Self::taken().send(head).send("2\r\n{}\r\n").send("nonsense\r\n\r\n").then(Step::AwaitGone)
    }

    /// The normal answer without a length: the end of the connection is its end.
    #[must_use]
    pub fn close_delimited() -> Self {
        Self::taken().then(Step::AnswerUnder("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n".into()))
    }

    /// The normal answer as a server of HTTP/1.0 gives it.
    #[must_use]
    pub fn http_1_0() -> Self {
        Self::taken().then(Step::AnswerUnder("HTTP/1.0 200 OK\r\ncontent-type: application/json\r\n\r\n".into()))
    }

    /// A 103 with a hint before the normal answer; the connection is kept.
    #[must_use]
    pub fn early_hints() -> Self {
        let hints = "HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
        Self::taken().send(hints).then(Step::Answer).then(Step::Next)
    }

    /// A 100 before the body is read, asked for or not; then the normal answer.
    #[must_use]
    pub fn says_continue() -> Self {
        let go = "HTTP/1.1 100 Continue\r\n\r\n";
        Self::new().send(go).then(Step::ReadBody).then(Step::Answer).then(Step::Next)
    }

    /// Never says 100: waits for the body, then gives the normal answer.
    #[must_use]
    pub fn ignores_continue() -> Self {
        Self::taken().then(Step::Answer).then(Step::Next)
    }

    /// A 417 instead of reading the body, and the end.
    #[must_use]
    pub fn refuses_continue() -> Self {
        Self::new().send("HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    }

    /// An answer of this status before any of the body is read; what comes after is read and thrown away until the
    /// client is gone.
    #[must_use]
    pub fn early_answer(status: u16) -> Self {
        let body = r#"{"error":"early"}"#;
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Early\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}");
        Self::new().send(head).then(Step::AwaitGone)
    }

    /// The normal answer under one header of that many bytes.
    #[must_use]
    pub fn huge_head(bytes: usize) -> Self {
        let head = format!("HTTP/1.1 200 OK\r\nx-huge: {}\r\n\r\n", "x".repeat(bytes));
        Self::taken().then(Step::AnswerUnder(head.into()))
    }

    /// The normal answer, head and body, one byte at a time; the connection is kept.
    #[must_use]
    pub fn trickle(every: Duration) -> Self {
        Self::taken().then(Step::AnswerTrickle(every)).then(Step::Next)
    }

    /// A chunked body that never ends, as fast as the reader takes it.
    #[must_use]
    pub fn endless() -> Self {
        let chunk = format!("1000\r\n{}\r\n", "x".repeat(4_096));
        let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
        Self::taken().send(head).then(Step::Repeat(chunk.into()))
    }

    /// The normal answer, after which the connection ends although nothing said that it would.
    #[must_use]
    pub fn answer_then_close() -> Self {
        Self::taken().then(Step::Answer)
    }

    /// Reads the request, says nothing, and notes when the client gives up.
    #[must_use]
    pub fn never_answers() -> Self {
        Self::new().then(Step::ReadBody).then(Step::AwaitGone)
    }
}
