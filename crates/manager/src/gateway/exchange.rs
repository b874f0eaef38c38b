//! One request over one connection, up to the head of its answer.
//!
//! Owns the time limit and what a failure says about whether anything was sent. Does not own which connection it is, nor
//! what is done after a failure.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use peegeeq_domain::routing::retry::Phase;
use peegeeq_domain::time::Moment;

use super::link::{Link, LinkFault};
use super::request_body::{Progress, RequestBody};
use super::wire::AnswerHead;
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
    Answered(AnswerHead),
    /// Nothing was sent: here is its body again.
    GaveBack(RequestBody),
    /// It may have arrived.
    Failed(Phase, String),
}

/// Sends the request that `link` began with and waits for the head of its answer.
pub(super) async fn exchange(link: &mut Link, limit: &Limit, upload: Option<&Arc<Progress>>) -> Sent {
    poll_fn(|cx| match link.poll_answer(upload.map(|upload| &**upload), cx) {
        Poll::Ready(Ok(head)) => Poll::Ready(Sent::Answered(head)),
        Poll::Ready(Err(fault)) => Poll::Ready(match (&fault, link.give_back()) {
            (LinkFault::Lost(_) | LinkFault::Closed, Some(body)) => Sent::GaveBack(body),
            _ => failed(&fault),
        }),
        Poll::Pending => limit.poll(link, upload, cx).map(|sentence| Sent::Failed(Phase::TimedOut, sentence)),
    })
    .await
}

impl Limit {
    /// Ready when the time is over, with the words for it.
    fn poll(&self, link: &mut Link, upload: Option<&Arc<Progress>>, cx: &mut Context<'_>) -> Poll<String> {
        let mut end = self.deadline;
        while link.poll_alarm(end, cx).is_ready() {
            let now = clock::now();
            end = self.end(upload, now);
            if now >= end {
                return Poll::Ready(match upload {
                    Some(upload) if !upload.is_sent() => format!("the request's body stood still for {}ms", self.idle.as_millis()),
                    _ => format!("no answer after {}ms", self.allowed.as_millis()),
                });
            }
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

fn failed(fault: &LinkFault) -> Sent {
    match fault {
        LinkFault::Client => Sent::Failed(Phase::Lost, "the client broke off its request".to_owned()),
        LinkFault::Nonsense(why) => Sent::Failed(Phase::Nonsense, format!("its answer is not valid HTTP/1.1: {why}")),
        LinkFault::Closed => Sent::Failed(Phase::Lost, "it closed the connection before its answer".to_owned()),
        LinkFault::Lost(error) => Sent::Failed(Phase::Lost, format!("the connection was lost: {error}")),
    }
}
