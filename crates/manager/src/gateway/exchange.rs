//! One request over one connection, up to the head of its answer.
//!
//! Owns the time limit and what a failure says about whether anything was sent. Does not own which connection it is, nor
//! what is done after a failure.

use std::future::{Future as _, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use peegeeq_domain::routing::retry::Phase;
use peegeeq_domain::time::Moment;
use tokio::time::Sleep;

use super::link::Link;
use super::request_body::{Progress, RequestBody};
use crate::clock;

/// The time that a request has, over all its attempts.
pub(super) struct Limit {
    /// The head of an answer must be there then, unless the body is still being sent.
    pub(super) deadline: Moment,
    /// How long that was.
    pub(super) allowed: Duration,
    /// The longest time in which a body that is being sent may stand still.
    pub(super) idle: Duration,
}

/// What became of a request.
pub(super) enum Sent {
    /// The head of an answer is there.
    Answered(Response<Incoming>),
    /// Nothing was sent: here it is again.
    GaveBack(Request<RequestBody>),
    /// It may have arrived.
    Failed(Phase, String),
}

/// Sends a request and waits for the head of its answer. `alarm` is set to the deadline.
pub(super) async fn exchange(
    link: &mut Link,
    request: Request<RequestBody>,
    limit: &Limit,
    upload: Option<&Arc<Progress>>,
    mut alarm: Pin<&mut Sleep>,
) -> Sent {
    link.begin();
    let mut sending = pin!(link.sender.try_send_request(request));
    poll_fn(|cx| {
        // The answer comes from the connection, which is driven here: nobody else needs to be woken.
        let mut nobody = Context::from_waker(Waker::noop());
        link.drive(cx);
        // Asked first: a flood that was read in one go has the answer at its end.
        if link.is_flooded() {
            return Poll::Ready(Sent::Failed(Phase::Nonsense, "it sent too many 1xx heads before its answer".to_owned()));
        }
        match sending.as_mut().poll(&mut nobody) {
            Poll::Ready(Ok(answer)) => return Poll::Ready(Sent::Answered(answer)),
            Poll::Ready(Err(mut error)) => return Poll::Ready(error.take_message().map_or_else(|| failed(error.error()), Sent::GaveBack)),
            Poll::Pending => {}
        }
        limit.poll(upload, alarm.as_mut(), cx).map(|sentence| Sent::Failed(Phase::TimedOut, sentence))
    })
    .await
}

impl Limit {
    /// Ready when the time is over, with the words for it.
    fn poll(&self, upload: Option<&Arc<Progress>>, mut alarm: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<String> {
        while alarm.as_mut().poll(cx).is_ready() {
            let now = clock::now();
            let end = self.end(upload, now);
            if now >= end {
                return Poll::Ready(match upload {
                    Some(upload) if !upload.is_sent() => format!("the request's body stood still for {}ms", self.idle.as_millis()),
                    _ => format!("no answer after {}ms", self.allowed.as_millis()),
                });
            }
            alarm.as_mut().reset(clock::at(end));
        }
        Poll::Pending
    }

    /// When the time is over: a body that is being sent has its own.
    fn end(&self, upload: Option<&Arc<Progress>>, now: Moment) -> Moment {
        let Some(upload) = upload else { return self.deadline };
        let more = if upload.is_sent() { self.allowed } else { self.idle };
        self.deadline.max(now + more.saturating_sub(upload.still_for(now)))
    }
}

fn failed(error: &hyper::Error) -> Sent {
    let cause = std::error::Error::source(error);
    let io = cause.and_then(|cause| cause.downcast_ref::<io::Error>());
    if error.is_user() {
        return Sent::Failed(Phase::Lost, "the client broke off its request".to_owned());
    }
    if error.is_parse() && io.is_none() {
        return Sent::Failed(Phase::Nonsense, format!("its answer is not valid HTTP/1.1: {error}"));
    }
    match io {
        Some(io) => Sent::Failed(Phase::Lost, format!("the connection was lost: {io}")),
        None if error.is_incomplete_message() => Sent::Failed(Phase::Lost, "it closed the connection before its answer".to_owned()),
        None => Sent::Failed(Phase::Lost, format!("the connection was lost: {error}")),
    }
}
