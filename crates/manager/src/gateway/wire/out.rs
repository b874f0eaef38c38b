//! A request on its way out.
//!
//! Owns the order of its bytes: the head, then the body as it comes, in chunks if its length was not told. Head and first
//! data go in one write where they can.

use std::io::{self, IoSlice, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::AsyncWrite;

use crate::gateway::request_body::RequestBody;

/// What is to be written. Kept from request to request, because the room of its head is used again.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Out {
    /// The head of the request, later of a chunk, from `written` on.
    head: Vec<u8>,
    head_at: usize,
    data: Bytes,
    tail: &'static [u8],
    body: Option<RequestBody>,
    /// How much of a streamed body is still to come, if its length was told.
    owed: Option<u64>,
    chunked: bool,
    /// Something of the request was sent.
    begun: bool,
    /// Everything was, as far as is known.
    done: bool,
}

/// Why a request cannot be written.
#[derive(Debug)]
pub(in crate::gateway) enum OutFault {
    /// The connection.
    Lost(io::Error),
    /// The client broke off its body, or it is not as long as was told.
    Body,
}

impl Out {
    /// Begins a request with this body; `write_head` writes its head. `chunked`: the head says that the body comes in chunks.
    pub(in crate::gateway) fn begin(&mut self, body: RequestBody, chunked: bool, write_head: impl FnOnce(&mut Vec<u8>)) {
        self.head.clear();
        write_head(&mut self.head);
        self.owed = body.length().filter(|_| !chunked);
        let (data, body) = match body {
            RequestBody::Empty => (Bytes::new(), None),
            RequestBody::Whole(bytes) => (bytes, None),
            streamed @ RequestBody::Streamed(_) => (Bytes::new(), Some(streamed)),
        };
        (self.head_at, self.data, self.tail, self.body, self.chunked) = (0, data, b"", body, chunked);
        (self.begun, self.done) = (false, false);
    }

    /// Whether nothing of the request was sent.
    pub(in crate::gateway) fn is_unsent(&self) -> bool {
        !self.begun
    }

    /// Whether the whole request was sent.
    pub(in crate::gateway) fn is_done(&self) -> bool {
        self.done
    }

    /// The body of a request of which nothing was sent.
    pub(in crate::gateway) fn give_back(&mut self) -> RequestBody {
        let data = std::mem::take(&mut self.data);
        self.body.take().unwrap_or(if data.is_empty() { RequestBody::Empty } else { RequestBody::Whole(data) })
    }

    /// Writes on. Ready when all is written.
    pub(in crate::gateway) fn poll<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<Result<(), OutFault>> {
        if self.done {
            return Poll::Ready(Ok(()));
        }
        loop {
            let waits = self.fill(cx)?;
            if self.is_empty() {
                ready!(Pin::new(&mut *stream).poll_flush(cx)).map_err(OutFault::Lost)?;
                if waits {
                    return Poll::Pending;
                }
                self.done = true;
                return Poll::Ready(Ok(()));
            }
            while !self.is_empty() {
                ready!(self.write(stream, cx)).map_err(OutFault::Lost)?;
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.head_at == self.head.len() && self.data.is_empty() && self.tail.is_empty()
    }

    /// Takes the next data of the body, if there is room for it. `true`: it is waited for.
    fn fill(&mut self, cx: &mut Context<'_>) -> Result<bool, OutFault> {
        while self.data.is_empty() && self.tail.is_empty() {
            let Some(body) = &mut self.body else { return Ok(false) };
            match body.poll_data(cx) {
                Poll::Pending => return Ok(true),
                Poll::Ready(Some(data)) => self.put(data.map_err(|_| OutFault::Body)?)?,
                // The next request would be taken for the rest.
                Poll::Ready(None) if self.owed.is_some_and(|owed| owed > 0) => return Err(OutFault::Body),
                Poll::Ready(None) => {
                    self.body = None;
                    if self.chunked {
                        self.tail = b"0\r\n\r\n";
                    }
                }
            }
        }
        Ok(false)
    }

    fn put(&mut self, data: Bytes) -> Result<(), OutFault> {
        if let Some(owed) = &mut self.owed {
            *owed = owed.checked_sub(data.len() as u64).ok_or(OutFault::Body)?;
        }
        if self.chunked && !data.is_empty() {
            if self.head_at == self.head.len() {
                self.head.clear();
                self.head_at = 0;
            }
            // Writing to a vector cannot fail.
            let _ = write!(self.head, "{:x}\r\n", data.len());
            self.tail = b"\r\n";
        }
        self.data = data;
        Ok(())
    }

    fn write<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let head = &self.head[self.head_at..];
        let written = if self.data.is_empty() && self.tail.is_empty() {
            ready!(Pin::new(stream).poll_write(cx, head))?
        } else {
            let slices = [IoSlice::new(head), IoSlice::new(&self.data), IoSlice::new(self.tail)];
            ready!(Pin::new(stream).poll_write_vectored(cx, &slices))?
        };
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.begun = true;
        self.advance(written);
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, written: usize) {
        let of_head = written.min(self.head.len() - self.head_at);
        self.head_at += of_head;
        let of_data = (written - of_head).min(self.data.len());
        self.data.advance(of_data);
        self.tail = &self.tail[(written - of_head - of_data).min(self.tail.len())..];
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn a_request_is_done_when_its_last_byte_was_written() {
        let (mut here, mut there) = tokio::io::duplex(8);
        let (mut out, mut cx) = (Out::default(), Context::from_waker(Waker::noop()));
        out.begin(RequestBody::Whole(Bytes::from_static(b"the whole body")), false, |head| head.extend_from_slice(b"head: "));
        assert!(out.is_unsent() && !out.is_done());
        let mut came = Vec::new();
        while out.poll(&mut here, &mut cx).is_pending() {
            assert!(!out.is_unsent() && !out.is_done(), "it waits for room");
            let mut some = [0; 3];
            let read = there.read(&mut some).await.expect("open");
            came.extend_from_slice(&some[..read]);
        }
        assert!(out.is_done());
        drop(here);
        there.read_to_end(&mut came).await.expect("open");
        assert_eq!(came, b"head: the whole body");
    }

    #[tokio::test]
    async fn what_was_not_sent_is_given_back() {
        let (mut here, there) = tokio::io::duplex(8);
        drop(there);
        let (mut out, mut cx) = (Out::default(), Context::from_waker(Waker::noop()));
        out.begin(RequestBody::Whole(Bytes::from_static(b"body")), false, |head| head.extend_from_slice(b"head"));
        assert!(matches!(out.poll(&mut here, &mut cx), Poll::Ready(Err(OutFault::Lost(_)))));
        assert!(out.is_unsent());
        assert!(matches!(out.give_back(), RequestBody::Whole(bytes) if bytes == "body"));
    }

    #[test]
    fn a_body_is_as_long_as_was_told() {
        let mut out = Out::default();
        out.begin(RequestBody::Whole(Bytes::from_static(b"abc")), false, |_| {});
        assert!(out.put(Bytes::from_static(b"ab")).is_ok());
        assert!(matches!(out.put(Bytes::from_static(b"cd")), Err(OutFault::Body)), "the rest would be the next request");
    }
}
