//! One HTTP/1.1 connection to an instance, driven by the task of the request that uses it.
//!
//! Owns reading and writing on the connection, and how many bytes came since the request was sent. Nothing happens on it
//! except while it is polled: no task, no channel, no wake across threads. Does not own which connection is used, nor when
//! to give up.

use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use peegeeq_domain::time::Moment;
use tokio::time::Sleep;
use tokio_util::io::poll_read_buf;

use super::request_body::{Progress, RequestBody};
use super::wire::{AnswerBody, AnswerHead, Nonsense, Out, OutFault, read_head};
use crate::clock;
use crate::net::Stream;

/// Bytes beyond the largest head that may come before the head is whole: 1xx heads, and the beginning of the body.
const BESIDE_HEAD: usize = 64 << 10;

/// Room for reading; while much comes it grows.
const READ_MIN: usize = 8 << 10;
const READ_MAX: usize = 64 << 10;

/// An open connection and the protocol upon it.
pub(super) struct Link {
    stream: Stream,
    read: BytesMut,
    /// Room for the next reading.
    room: usize,
    out: Out,
    /// What is still to come of the answer.
    body: AnswerBody,
    /// Writing failed. What was answered before is read all the same.
    unwritable: Option<io::Error>,
    /// The present request is `HEAD`.
    headless: bool,
    /// Bytes since the request was begun.
    received: usize,
    /// Bytes up to which the head is known not to be whole.
    searched: usize,
    head_max: usize,
    alarm: Option<Alarm>,
    /// The other side said that this answer is its last.
    pub(super) last: bool,
}

/// A clock that rings, and for when it was set.
struct Alarm {
    set: Moment,
    sleep: Pin<Box<Sleep>>,
}

/// Why there is no answer, or not all of it.
#[derive(Debug)]
pub(super) enum LinkFault {
    /// The connection broke.
    Lost(io::Error),
    /// The other side closed it too early.
    Closed,
    /// What came is not HTTP/1.1.
    Nonsense(&'static str),
    /// The client broke off its request.
    Client,
}

impl Link {
    /// Begins HTTP/1.1 on a connection. Sends nothing yet.
    pub(super) fn open(stream: Stream, head_max: usize) -> Box<Self> {
        Box::new(Self {
            stream,
            read: BytesMut::new(),
            room: READ_MIN,
            out: Out::default(),
            body: AnswerBody::Ended,
            unwritable: None,
            headless: false,
            received: 0,
            searched: 0,
            head_max: head_max.max(READ_MIN),
            alarm: None,
            last: false,
        })
    }

    /// Whether another request can be sent: the other side has not closed the connection, nor sent anything unasked.
    pub(super) fn is_open(&mut self) -> bool {
        self.read.is_empty() && self.unwritable.is_none() && self.fill(&mut Context::from_waker(Waker::noop())).is_pending()
    }

    /// Whether request and answer came to their ends, and the other side lets another request follow. An answer may be whole
    /// before its request is: what is left of that must not be taken for the next.
    pub(super) fn is_at_rest(&self) -> bool {
        !self.last && self.out.is_done() && self.unwritable.is_none() && self.body.is_ended() && self.read.is_empty()
    }

    /// Begins a request. `headless`: its answer has no body whatever it says.
    pub(super) fn begin(&mut self, body: RequestBody, headless: bool, write_head: impl FnOnce(&mut Vec<u8>)) {
        let chunked = body.length().is_none();
        self.out.begin(body, chunked, write_head);
        (self.headless, self.received, self.searched) = (headless, 0, 0);
    }

    /// The body of a request of which nothing was sent.
    pub(super) fn give_back(&mut self) -> Option<RequestBody> {
        self.out.is_unsent().then(|| self.out.give_back())
    }

    /// Whether nothing came since the request was begun.
    pub(super) fn is_untouched(&self) -> bool {
        self.received == 0
    }

    /// Sends, and waits for the head of the answer.
    pub(super) fn poll_answer(&mut self, upload: Option<&Progress>, cx: &mut Context<'_>) -> Poll<Result<AnswerHead, LinkFault>> {
        loop {
            self.write(cx)?;
            match self.head()? {
                Some(head) if head.status.is_informational() && head.status != StatusCode::SWITCHING_PROTOCOLS => {
                    if let Some(upload) = upload.filter(|_| head.status == StatusCode::CONTINUE) {
                        upload.want();
                    }
                }
                Some(mut head) => {
                    self.body = std::mem::replace(&mut head.body, AnswerBody::Ended);
                    self.last = head.last;
                    return Poll::Ready(Ok(head));
                }
                None => ready!(self.more(cx))?,
            }
        }
    }

    /// The next data of the answer; none at its end.
    pub(super) fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, LinkFault>>> {
        loop {
            if let Err(fault) = self.write(cx) {
                return Poll::Ready(Some(Err(fault)));
            }
            match self.body.next(&mut self.read) {
                Ok(Some(data)) => return Poll::Ready(Some(Ok(data))),
                Ok(None) if self.body.is_ended() => return Poll::Ready(None),
                Ok(None) => {}
                Err(Nonsense(why)) => return Poll::Ready(Some(Err(LinkFault::Nonsense(why)))),
            }
            if let AnswerBody::Length(left) = self.body {
                self.room = self.room.max(usize::try_from(left).map_or(READ_MAX, |left| left.min(READ_MAX)));
            }
            let Poll::Ready(came) = self.fill(cx) else {
                if self.read.is_empty() && self.left().is_none() {
                    // Nobody knows when a stream goes on: until then it needs no room.
                    self.read = BytesMut::new();
                }
                return Poll::Pending;
            };
            match came {
                Ok(0) if self.body.close() => return Poll::Ready(None),
                Ok(0) => return Poll::Ready(Some(Err(LinkFault::Closed))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(LinkFault::Lost(error)))),
            }
        }
    }

    /// Ready when `end` is over, or somewhat earlier: who asks looks at the clock then.
    pub(super) fn poll_alarm(&mut self, end: Moment, cx: &mut Context<'_>) -> Poll<()> {
        let alarm = self.alarm.get_or_insert_with(|| Alarm { set: end, sleep: Box::pin(tokio::time::sleep_until(clock::at(end))) });
        // It may have been set for an earlier request: it rings too early then, once. Setting it for each would cost more.
        if end < alarm.set || (end > alarm.set && alarm.sleep.is_elapsed()) {
            alarm.set = end;
            alarm.sleep.as_mut().reset(clock::at(end));
        }
        alarm.sleep.as_mut().poll(cx)
    }

    /// Whether nothing more of the answer will come.
    pub(super) fn is_ended(&self) -> bool {
        self.body.is_ended()
    }

    /// How many bytes of the answer are still to come, if that is known.
    pub(super) fn left(&self) -> Option<u64> {
        match self.body {
            AnswerBody::Ended => Some(0),
            AnswerBody::Length(left) => Some(left),
            AnswerBody::Chunked(_) | AnswerBody::UntilClose => None,
        }
    }

    /// The bare connection after it was switched to another protocol, and what came on it already.
    pub(super) fn into_stream(self: Box<Self>) -> (Stream, Bytes) {
        (self.stream, self.read.freeze())
    }

    /// Writes what can be written.
    fn write(&mut self, cx: &mut Context<'_>) -> Result<(), LinkFault> {
        if self.unwritable.is_some() {
            return Ok(());
        }
        match self.out.poll(&mut self.stream, cx) {
            Poll::Pending | Poll::Ready(Ok(())) => Ok(()),
            Poll::Ready(Err(OutFault::Body)) => Err(LinkFault::Client),
            Poll::Ready(Err(OutFault::Lost(error))) if self.out.is_unsent() => Err(LinkFault::Lost(error)),
            Poll::Ready(Err(OutFault::Lost(error))) => {
                // Perhaps the other side answered before it closed.
                self.unwritable = Some(error);
                Ok(())
            }
        }
    }

    /// The head, if it is whole.
    fn head(&mut self) -> Result<Option<AnswerHead>, LinkFault> {
        if !self.may_be_whole() {
            return Ok(None);
        }
        let before = self.read.len();
        let head = read_head(&mut self.read, self.headless).map_err(|Nonsense(why)| LinkFault::Nonsense(why))?;
        if head.is_none() {
            self.searched = before;
        } else if before - self.read.len() > self.head_max {
            return Err(LinkFault::Nonsense("its head is too large"));
        } else {
            self.searched = 0;
        }
        Ok(head)
    }

    /// Whether a look at what was read can find a whole head. A head that comes byte by byte is not read anew for each.
    fn may_be_whole(&self) -> bool {
        if self.searched == 0 {
            return !self.read.is_empty();
        }
        let new = self.read.get(self.searched.saturating_sub(3)..).unwrap_or_default();
        new.windows(2).any(|pair| pair == b"\n\n") || new.windows(3).any(|three| three == b"\n\r\n")
    }

    /// Reads on while the head is not whole.
    fn more(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), LinkFault>> {
        if self.read.len() > self.head_max {
            return Poll::Ready(Err(LinkFault::Nonsense("its head is too large")));
        }
        if self.received > self.head_max + BESIDE_HEAD {
            return Poll::Ready(Err(LinkFault::Nonsense("it sent too many 1xx heads before its answer")));
        }
        let lost = |unwritable: &mut Option<io::Error>, fault| unwritable.take().map_or(fault, LinkFault::Lost);
        match ready!(self.fill(cx)) {
            Ok(0) => Poll::Ready(Err(lost(&mut self.unwritable, LinkFault::Closed))),
            Ok(_) => Poll::Ready(Ok(())),
            Err(error) => Poll::Ready(Err(lost(&mut self.unwritable, LinkFault::Lost(error)))),
        }
    }

    /// Reads once: how many bytes came, 0 at the end.
    fn fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.read.capacity() - self.read.len() < self.room {
            self.read.reserve(self.room);
        }
        let came = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.read))?;
        self.received = self.received.saturating_add(came);
        self.room = if came >= self.room { (self.room * 2).min(READ_MAX) } else { READ_MIN };
        Poll::Ready(Ok(came))
    }
}

#[cfg(test)]
mod hostile;

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpSocket, TcpStream};

    use super::*;

    /// A link with little room on its way, and the instance at its other end.
    pub(super) async fn joined() -> (Box<Link>, TcpStream) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_send_buffer_size(4096).expect("small");
        let (stream, accepted) = tokio::join!(socket.connect(listener.local_addr().expect("bound")), listener.accept());
        (Link::open(Stream::Plain(stream.expect("connected")), 1 << 16), accepted.expect("accepted").0)
    }

    async fn answered(link: &mut Link, body: RequestBody, instance: &mut TcpStream, answer: &str) -> StatusCode {
        link.begin(body, false, |head| head.extend_from_slice(b"POST / HTTP/1.1\r\n\r\n"));
        instance.write_all(answer.as_bytes()).await.expect("open");
        poll_fn(|cx| link.poll_answer(None, cx)).await.expect("an answer").status
    }

    #[tokio::test]
    async fn a_connection_rests_only_after_request_and_answer() {
        const ANSWER: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        let (mut link, mut instance) = joined().await;
        assert_eq!(answered(&mut link, RequestBody::Empty, &mut instance, ANSWER).await, StatusCode::OK);
        assert!(link.is_at_rest());
        let large = RequestBody::Whole(vec![b'x'; 64 << 20].into());
        assert_eq!(answered(&mut link, large, &mut instance, ANSWER).await, StatusCode::OK);
        assert!(!link.is_at_rest(), "most of the request was not sent yet");
        let (mut link, mut instance) = joined().await;
        let behind = format!("{ANSWER}HTTP/1.1");
        answered(&mut link, RequestBody::Empty, &mut instance, &behind).await;
        assert!(!link.is_at_rest(), "something lies behind the answer");
    }

    #[tokio::test]
    async fn an_answer_that_comes_byte_by_byte_is_an_answer() {
        let (mut link, mut instance) = joined().await;
        link.begin(RequestBody::Empty, false, |head| head.extend_from_slice(b"GET / HTTP/1.1\r\n\r\n"));
        let trickling = async {
            for byte in TRICKLE {
                instance.write_all(&[*byte]).await.expect("open");
                tokio::task::yield_now().await;
            }
            let mut request = [0; 18];
            instance.read_exact(&mut request).await.expect("a request");
            request
        };
        let reading = async {
            let head = poll_fn(|cx| link.poll_answer(None, cx)).await.expect("an answer");
            assert_eq!((head.status, head.headers.len()), (StatusCode::OK, 0));
            let mut body = Vec::new();
            while let Some(data) = poll_fn(|cx| link.poll_data(cx)).await {
                body.extend_from_slice(&data.expect("data"));
            }
            body
        };
        let (request, body) = tokio::join!(trickling, reading);
        assert_eq!((body.as_slice(), request.as_slice()), (&b"hi"[..], &b"GET / HTTP/1.1\r\n\r\n"[..]));
        assert!(link.is_at_rest() && link.is_open());
    }

    const TRICKLE: &[u8] =
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
}
