//! The body of an instance's answer on its way to the client.
//!
//! Owns passing it on as it comes (the connection is read only when the client takes more), the limits of a stream, and what
//! becomes of the connection: kept if the body ended well, dropped at once if the client went away. A body that breaks off
//! breaks off the client's connection too: it is never taken for a whole one.

use std::fmt;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use peegeeq_domain::time::Moment;
use tokio::time::Sleep;

use super::link::{Link, LinkFault};
use super::parting::OneStream;
use super::upstream::{InFlight, Outcome};
use crate::clock;
use crate::server::BodyError;

/// The limits of a stream.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// The longest time in which nothing may come.
    pub(super) idle: Duration,
    /// The latest moment of its end.
    pub(super) until: Moment,
}

/// The body of an answer.
pub struct RoutedBody(Option<Flow>);

/// A body under way.
struct Flow {
    link: Box<Link>,
    in_flight: InFlight,
    patience: Patience,
    watch: Option<Box<Watch>>,
    broken: Option<String>,
    stream: Option<Box<OneStream>>,
}

/// Made when a body makes its client wait for the first time: most never do.
struct Watch {
    moved: Moment,
    sleep: Pin<Box<Sleep>>,
}

/// Why a body broke off.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct BrokenOff(String);

impl fmt::Debug for RoutedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RoutedBody").field(&self.0.as_ref().map(|flow| &flow.in_flight)).finish()
    }
}

impl RoutedBody {
    /// No body.
    pub(super) fn empty() -> Self {
        Self(None)
    }

    /// A body that comes over `link`. A `stream` may end early and well.
    pub(super) fn new(link: Box<Link>, in_flight: InFlight, patience: Patience, stream: Option<Box<OneStream>>) -> Self {
        let flow = Flow { link, in_flight, patience, watch: None, broken: None, stream };
        if flow.link.is_ended() {
            flow.end();
            return Self(None);
        }
        Self(Some(flow))
    }
}

impl Body for RoutedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(flow) = &mut self.0 else { return Poll::Ready(None) };
        let step = std::task::ready!(flow.poll(cx));
        let Some(flow) = self.0.take() else { return Poll::Ready(None) };
        Poll::Ready(match step {
            Step::Data(data) if flow.link.is_ended() => {
                flow.end();
                Some(Ok(Frame::data(data)))
            }
            Step::Data(data) => {
                self.0 = Some(flow);
                Some(Ok(Frame::data(data)))
            }
            Step::End => {
                flow.end();
                None
            }
            Step::Stopped => {
                flow.in_flight.end(Outcome::Answered);
                None
            }
            Step::Broken(why) => Some(Err(flow.broken(why).into())),
        })
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        match self.0.as_ref().map_or(Some(0), |flow| flow.link.left()) {
            Some(left) => SizeHint::with_exact(left),
            None => SizeHint::default(),
        }
    }
}

/// What polling a body brings.
enum Step {
    Data(Bytes),
    End,
    Stopped,
    Broken(String),
}

impl Flow {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if let Some(why) = self.broken.take() {
            return Poll::Ready(Step::Broken(why));
        }
        match self.link.poll_data(cx) {
            Poll::Ready(None) => Poll::Ready(Step::End),
            Poll::Ready(Some(Err(fault))) => {
                // What came before is sent first: the server drops what it has not flushed when a body fails.
                self.broken = Some(fault.of_body());
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Poll::Ready(Some(Ok(data))) => {
                if let Some(watch) = &mut self.watch {
                    watch.moved = clock::now();
                }
                Poll::Ready(Step::Data(data))
            }
            Poll::Pending => self.wait(cx),
        }
    }

    /// Nothing has come: looks whether it may go on like this.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if self.stream.as_mut().is_some_and(|stream| stream.poll(cx).is_ready()) {
            return Poll::Ready(Step::Stopped);
        }
        let patience = self.patience;
        let watch = self.watch.get_or_insert_with(|| {
            let now = clock::now();
            Box::new(Watch { moved: now, sleep: Box::pin(tokio::time::sleep_until(clock::at(patience.end(now)))) })
        });
        while watch.sleep.as_mut().poll(cx).is_ready() {
            let now = clock::now();
            let end = patience.end(watch.moved);
            if now >= patience.until {
                return Poll::Ready(Step::Broken("it took longer than routing.stream.max.duration".to_owned()));
            }
            if now >= end {
                return Poll::Ready(Step::Broken(format!("nothing came for {}ms", patience.idle.as_millis())));
            }
            watch.sleep.as_mut().reset(clock::at(end));
        }
        Poll::Pending
    }

    /// The body came to its end: the connection can be used again, unless the request is still being sent on it.
    fn end(self) {
        if self.link.is_at_rest() {
            self.in_flight.keep(self.link);
        }
        self.in_flight.end(Outcome::Answered);
    }

    fn broken(self, why: String) -> BrokenOff {
        let instance = self.in_flight.upstream().id.as_str().to_owned();
        tracing::warn!(instance, "the answer of {instance} broke off, and with it the client's connection: {why}");
        self.in_flight.end(Outcome::BrokenOff);
        BrokenOff(format!("the answer of instance {instance} broke off: {why}"))
    }
}

impl LinkFault {
    /// What it says of a body that was under way.
    fn of_body(self) -> String {
        match self {
            Self::Lost(error) => format!("the connection was lost: {error}"),
            Self::Closed => "it closed the connection before the end".to_owned(),
            Self::Nonsense(why) => format!("it is not valid HTTP/1.1: {why}"),
            Self::Client => "the client broke off its request".to_owned(),
        }
    }
}

impl Patience {
    /// When it ends, if nothing comes after `moved`.
    fn end(self, moved: Moment) -> Moment {
        (moved + self.idle).min(self.until)
    }
}
