//! One direction of a switched connection: a small buffer, and where the frames in it end.
//!
//! Owns passing bytes on no faster than they are taken, and stopping at the end of a frame. Does not own why it stops.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::Frames;

/// The most bytes that are under way in one direction.
const BUFFER: usize = 8 << 10;

/// One direction.
#[derive(Debug)]
pub(super) struct Way {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    /// Of the bytes that were written.
    frames: Frames,
    /// What came before the connection was switched.
    first: Bytes,
    unflushed: bool,
    /// The other side has ended.
    finished: bool,
    /// And this side was told.
    shut: bool,
    leaving: bool,
}

impl Default for Way {
    fn default() -> Self {
        Self::beginning_with(Bytes::new())
    }
}

impl Way {
    /// A direction on which these bytes came already.
    pub(super) fn beginning_with(first: Bytes) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { buffer, start: 0, end: 0, frames: Frames::default(), first, unflushed: false, finished: false, shut: false, leaving: false }
    }

    /// From now on it passes on only what ends the frame that is under way.
    pub(super) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Whether a frame may follow what was written.
    pub(super) fn takes_frame(&self) -> bool {
        !self.finished && self.frames.is_open()
    }

    /// Ready when the side that is read has ended and the other was told, or, when leaving, at the end of a frame.
    fn poll<R, W>(&mut self, cx: &mut Context<'_>, from: &mut R, to: &mut W) -> Poll<io::Result<()>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            if self.finished {
                if !self.shut {
                    ready!(Pin::new(to).poll_shutdown(cx))?;
                    self.shut = true;
                }
                return Poll::Ready(Ok(()));
            }
            if !self.first.is_empty() || self.start < self.end {
                ready!(self.poll_write(cx, to))?;
                continue;
            }
            if self.leaving && self.frames.missing() == 0 {
                return Poll::Ready(Ok(()));
            }
            match self.poll_read(cx, from) {
                Poll::Ready(read) => read?,
                Poll::Pending => {
                    if self.unflushed {
                        ready!(Pin::new(&mut *to).poll_flush(cx))?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    fn poll_write<W: AsyncWrite + Unpin>(&mut self, cx: &mut Context<'_>, to: &mut W) -> Poll<io::Result<()>> {
        let waiting = if self.first.is_empty() { &self.buffer[self.start..self.end] } else { &*self.first };
        let written = ready!(Pin::new(to).poll_write(cx, waiting))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        self.frames.pass(&waiting[..written]);
        self.unflushed = true;
        if self.first.is_empty() {
            self.start += written;
        } else {
            drop(self.first.split_to(written));
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read<R: AsyncRead + Unpin>(&mut self, cx: &mut Context<'_>, from: &mut R) -> Poll<io::Result<()>> {
        let room = match self.leaving {
            true => usize::try_from(self.frames.missing()).unwrap_or(usize::MAX).min(BUFFER),
            false => BUFFER,
        };
        let mut buffer = ReadBuf::new(&mut self.buffer[..room]);
        ready!(Pin::new(from).poll_read(cx, &mut buffer))?;
        (self.start, self.end) = (0, buffer.filled().len());
        self.finished = self.end == 0;
        Poll::Ready(Ok(()))
    }
}

/// Passes bytes on in both directions. Ready when both have ended, or one failed.
pub(super) fn poll_ways<C, I>(cx: &mut Context<'_>, client: &mut C, instance: &mut I, down: &mut Way, up: &mut Way) -> Poll<io::Result<()>>
where
    C: AsyncRead + AsyncWrite + Unpin,
    I: AsyncRead + AsyncWrite + Unpin,
{
    let to_client = down.poll(cx, instance, client)?;
    let to_instance = up.poll(cx, client, instance)?;
    if to_client.is_ready() && to_instance.is_ready() { Poll::Ready(Ok(())) } else { Poll::Pending }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn leaving_ends_the_frame_that_is_under_way_and_takes_no_other() {
        let (mut client, mut here) = tokio::io::duplex(1024);
        let (mut instance, mut there) = tokio::io::duplex(1024);
        let (mut down, mut up) = (Way::beginning_with(Bytes::from_static(b"\x82\x05ab")), Way::default());
        let mut got = [0; 4];
        tokio::select! {
            ended = poll_fn(|cx| poll_ways(cx, &mut here, &mut there, &mut down, &mut up)) => panic!("it goes on: {ended:?}"),
            read = client.read_exact(&mut got) => { read.expect("open"); }
        }
        assert_eq!(&got, b"\x82\x05ab");
        assert!(!down.takes_frame() && up.takes_frame(), "one is in the middle of a frame");
        down.leave();
        up.leave();
        instance.write_all(b"cde\x82\x02xy").await.expect("open");
        poll_fn(|cx| poll_ways(cx, &mut here, &mut there, &mut down, &mut up)).await.expect("the end of the frame");
        assert!(down.takes_frame());
        drop((here, there));
        let mut rest = Vec::new();
        client.read_to_end(&mut rest).await.expect("an end");
        assert_eq!(rest, b"cde");
    }

    #[tokio::test]
    async fn each_end_is_told_to_the_other_side_and_the_other_direction_goes_on() {
        let (mut client, mut here) = tokio::io::duplex(1024);
        let (mut instance, mut there) = tokio::io::duplex(1024);
        let (mut down, mut up) = (Way::default(), Way::default());
        let talking = async {
            client.write_all(b"\x81\x01x").await.expect("open");
            client.shutdown().await.expect("open");
            let mut heard = Vec::new();
            instance.read_to_end(&mut heard).await.expect("an end");
            instance.write_all(b"\x81\x01y").await.expect("the other direction is open");
            instance.shutdown().await.expect("open");
            let mut said = Vec::new();
            client.read_to_end(&mut said).await.expect("an end");
            (heard, said)
        };
        let passing = poll_fn(|cx| poll_ways(cx, &mut here, &mut there, &mut down, &mut up));
        let (passed, (heard, said)) = tokio::join!(passing, talking);
        passed.expect("a good end");
        assert_eq!((&*heard, &*said), (&b"\x81\x01x"[..], &b"\x81\x01y"[..]));
    }
}
