//! Owns the bodies that a simulated instance sends: whole, slow, endless or broken off.
//! Does not own what is in them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep};

/// A response body.
pub(crate) enum FakeBody {
    /// All at once; `None` when sent.
    Whole(Option<Bytes>),
    /// Piece by piece.
    Paced(Box<Paced>),
    /// So many bytes of filling.
    Filling(usize),
    /// What a stream sends until it ends.
    Events(mpsc::Receiver<Bytes>),
}

/// Filling of bodies whose size alone matters.
static FILLING: [u8; 65_536] = [b'x'; 65_536];

/// What happens when the bytes of a paced body are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The body ends as it should.
    Clean,
    /// The connection is closed in the middle.
    Abort,
    /// The bytes start again.
    Repeat,
}

/// A body that is sent in pieces.
pub(crate) struct Paced {
    all: Bytes,
    rest: Bytes,
    piece: usize,
    every: Duration,
    pause: Pin<Box<Sleep>>,
    ending: Ending,
}

impl FakeBody {
    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self::Whole(Some(bytes))
    }

    pub(crate) fn paced(bytes: Bytes, piece: usize, every: Duration, ending: Ending) -> Self {
        Self::Paced(Box::new(Paced { rest: bytes.clone(), all: bytes, piece: piece.max(1), every, pause: Box::pin(sleep(every)), ending }))
    }
}

impl Paced {
    fn poll_piece(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if !self.every.is_zero() {
            ready!(self.pause.as_mut().poll(context));
            self.pause.as_mut().reset(Instant::now() + self.every);
        }
        if self.rest.is_empty() {
            match self.ending {
                Ending::Clean => return Poll::Ready(None),
                Ending::Abort => {
                    return Poll::Ready(Some(Err(io::ErrorKind::ConnectionAborted.into())));
                }
                Ending::Repeat => self.rest = self.all.clone(),
            }
        }
        let length = self.piece.min(self.rest.len());
        Poll::Ready(Some(Ok(self.rest.split_to(length))))
    }
}

impl Body for FakeBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Whole(bytes) => {
                let bytes = bytes.take().filter(|bytes| !bytes.is_empty());
                Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
            }
            Self::Paced(paced) => {
                let piece = ready!(paced.poll_piece(context));
                Poll::Ready(piece.map(|result| result.map(Frame::data)))
            }
            Self::Filling(0) => Poll::Ready(None),
            Self::Filling(rest) => {
                let piece = FILLING.get(..*rest).unwrap_or(&FILLING);
                *rest -= piece.len();
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(piece)))))
            }
            Self::Events(events) => {
                let event = ready!(events.poll_recv(context));
                Poll::Ready(event.map(|bytes| Ok(Frame::data(bytes))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(bytes) => bytes.as_ref().is_none_or(Bytes::is_empty),
            Self::Paced(paced) => paced.rest.is_empty() && paced.ending == Ending::Clean,
            Self::Filling(rest) => *rest == 0,
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64),
            Self::Filling(rest) => SizeHint::with_exact(*rest as u64),
            Self::Paced(_) | Self::Events(_) => SizeHint::default(),
        }
    }
}
