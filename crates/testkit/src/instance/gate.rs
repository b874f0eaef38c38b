//! Owns what hyper may read of a connection: the head of a request, and the rest only when the request is to be answered by
//! hyper. So a script finds the body untouched. Does not own the decision.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::line::{Line, Phase};
use super::wire::Wire;

/// Heads above this size are not waited for.
const MOST_HEAD: usize = 1_048_576;

/// A connection behind its gate.
pub(crate) struct Gate {
    pub(crate) wire: Wire,
    line: Arc<Line>,
}

impl Gate {
    pub(crate) fn new(wire: Wire, line: Arc<Line>) -> Self {
        line.set_phase(Phase::Head);
        Self { wire, line }
    }

    /// How many of the bytes at hand belong to the head; `None` when its end is not there yet.
    fn head(&self) -> Option<usize> {
        let before = &self.wire.before;
        let end = before.windows(4).position(|window| window == b"\r\n\r\n").map(|start| start + 4);
        end.or_else(|| (before.len() > MOST_HEAD).then_some(before.len()))
    }

    fn give(&mut self, bytes: usize, buffer: &mut ReadBuf<'_>) {
        let length = bytes.min(buffer.remaining());
        buffer.put_slice(&self.wire.before.split_to(length));
        if length == bytes {
            self.line.set_phase(Phase::Closed);
        }
    }

    fn poll_head(&mut self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if let Some(bytes) = self.head() {
                self.give(bytes, buffer);
                return Poll::Ready(Ok(()));
            }
            let mut space = [0; 16_384];
            let mut more = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.wire.stream).poll_read(context, &mut more))?;
            if more.filled().is_empty() {
                let length = self.wire.before.len().min(buffer.remaining());
                buffer.put_slice(&self.wire.before.split_to(length));
                return Poll::Ready(Ok(()));
            }
            self.wire.before.extend_from_slice(more.filled());
        }
    }
}

impl AsyncRead for Gate {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.line.reader.register(context.waker());
        match self.line.phase() {
            Phase::Open => Pin::new(&mut self.wire).poll_read(context, buffer),
            Phase::Closed => Poll::Pending,
            Phase::Head => self.poll_head(context, buffer),
        }
    }
}

impl AsyncWrite for Gate {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.wire.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire.stream).poll_shutdown(context)
    }
}
