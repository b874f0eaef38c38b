//! One request on its way: what is sent, and to whom it was sent already.
//!
//! Owns sending it to one instance: a place there, a connection, the exchange. Does not own whether it is sent again.

use std::sync::Arc;

use http::{Method, StatusCode};
use peegeeq_domain::routing::accrual::FailureKind;
use peegeeq_domain::routing::ask::Class;
use peegeeq_domain::routing::retry::Phase;
use peegeeq_domain::time::Moment;

use super::exchange::{Limit, Sent, exchange};
use super::headers::{RequestDress, RequestHead};
use super::link::Link;
use super::request_body::{Progress, RequestBody};
use super::upstream::{InFlight, Outcome, Upstream};
use super::wire::AnswerHead;
use super::{Shared, Worker, headers};
use crate::clock;
use crate::net::Deadline;
use crate::observations::Phases;

/// A request on its way.
pub(super) struct Job<'a> {
    pub(super) shared: &'a Shared,
    pub(super) worker: &'a Worker,
    /// The head as the client sent it.
    pub(super) head: RequestHead<'a>,
    /// The body that is sent next; none after one that cannot be sent twice was sent.
    pub(super) body: Option<RequestBody>,
    /// It may be sent again after it was perhaps acted on.
    pub(super) may_repeat: bool,
    /// What the instance is told beside what the client says.
    pub(super) dress: RequestDress,
    pub(super) upload: Option<Arc<Progress>>,
    pub(super) limit: Limit,
    pub(super) class: &'a Class<'a>,
    pub(super) is_safe: bool,
    pub(super) websocket: bool,
    /// It was sent before: it has less time left.
    pub(super) is_again: bool,
}

/// An answer, and what it came over.
pub(super) struct Answered {
    pub(super) head: AnswerHead,
    pub(super) link: Box<Link>,
    pub(super) in_flight: InFlight,
    /// When the head of the answer was there.
    pub(super) at: Moment,
}

/// An attempt without an answer.
pub(super) struct Failed {
    pub(super) phase: Phase,
    pub(super) sentence: String,
}

impl Failed {
    fn not_sent(sentence: impl Into<String>) -> Self {
        Self { phase: Phase::NotSent, sentence: sentence.into() }
    }

    /// What it says against the instance.
    fn kind(&self) -> FailureKind {
        match self.phase {
            Phase::NotSent | Phase::GaveBack => FailureKind::Connect,
            Phase::TimedOut => FailureKind::Timeout,
            Phase::Lost | Phase::Nonsense | Phase::Answered | Phase::HandedOn => FailureKind::Reset,
        }
    }
}

impl Job<'_> {
    /// Sends the request to an instance, over a kept connection if there is one.
    pub(super) async fn attempt(&mut self, upstream: &Arc<Upstream>, is_probe: bool) -> Result<Answered, Failed> {
        let mut in_flight = match upstream.enter(self.worker.index) {
            Some(in_flight) => in_flight,
            None => Box::pin(self.queue(upstream)).await?,
        };
        in_flight.set_probe(is_probe);
        let began = clock::instant();
        let answered = self.over_some_link(upstream).await;
        let ended = clock::instant();
        let (took, at) = (ended.saturating_duration_since(began), clock::moment(ended));
        in_flight.set_probe(false);
        let failure = match &answered {
            Ok((head, _)) => FailureKind::of_status(head.status.as_u16(), self.class),
            Err(failed) => Some(failed.kind()),
        };
        if upstream.record.ended(failure, is_probe, took, at) {
            self.tell_standing(upstream, failure.is_some());
        }
        match answered {
            Ok((head, link)) => {
                upstream.meters().time_to_head.record(took);
                Ok(Answered { head, link, in_flight, at })
            }
            Err(failed) => {
                in_flight.end(if failed.phase == Phase::NotSent { Outcome::NotSent } else { Outcome::NoAnswer });
                Err(failed)
            }
        }
    }

    /// An instance is to be left alone for a while, or no longer.
    fn tell_standing(&self, upstream: &Upstream, fails: bool) {
        let instance = upstream.id.as_str();
        if fails {
            metrics::counter!("peegeeq_routed_ejections_total", "instance" => instance.to_owned()).increment(1);
            tracing::warn!(instance, "requests to {instance} fail in a row: if others remain, it is left alone for a while");
        } else {
            tracing::info!(instance, "instance {instance} is sent requests again");
        }
        self.shared.orders.send(super::looks::Order::Standing);
    }

    async fn queue(&self, upstream: &Arc<Upstream>) -> Result<InFlight, Failed> {
        let wait = self.shared.settings.queue_timeout.min(self.left());
        let queued = upstream.queue(self.worker.index, Deadline::within(wait)).await;
        queued.ok_or_else(|| {
            upstream.count(self.worker.index, Outcome::NotSent);
            let max = self.shared.settings.concurrency;
            Failed::not_sent(format!("it is busy with {max} requests, and none ended within {}ms", wait.as_millis()))
        })
    }

    fn left(&self) -> std::time::Duration {
        self.limit.deadline.since(clock::now())
    }

    /// Kept connections that turn out to be closed are passed over, as long as they give the request back.
    async fn over_some_link(&mut self, upstream: &Arc<Upstream>) -> Result<(AnswerHead, Box<Link>), Failed> {
        loop {
            let kept = upstream.take(self.worker.index, !self.is_safe);
            let is_kept = kept.is_some();
            let mut link = match kept {
                Some(link) => link,
                None => Box::pin(self.dial(upstream)).await?,
            };
            self.load(&mut link, upstream)?;
            match exchange(&mut link, &self.limit, self.upload.as_ref()).await {
                Sent::Answered(head) if head.status == StatusCode::SWITCHING_PROTOCOLS && !self.websocket => {
                    let sentence = "it switched protocols without being asked".to_owned();
                    return Err(Failed { phase: Phase::Nonsense, sentence });
                }
                Sent::Answered(head) => return Ok((head, link)),
                Sent::GaveBack(body) => {
                    self.body = Some(body);
                    if !is_kept {
                        return Err(Failed::not_sent("it closed a new connection before anything was sent"));
                    }
                }
                // It rested too long: the instance closed it while the request was on its way.
                Sent::Failed(Phase::Lost, _) if is_kept && self.may_repeat && link.is_untouched() => {}
                Sent::Failed(phase, sentence) => return Err(Failed { phase, sentence }),
            }
        }
    }

    async fn dial(&self, upstream: &Upstream) -> Result<Box<Link>, Failed> {
        let stream = self.shared.dialer.dial(&upstream.endpoint, Deadline::within(self.left()), &mut Phases::default()).await;
        let stream = stream.map_err(|failure| Failed::not_sent(failure.sentence))?;
        Ok(Link::open(stream, self.shared.settings.head_max))
    }

    /// Begins the request on a connection to this instance.
    fn load(&mut self, link: &mut Link, upstream: &Upstream) -> Result<(), Failed> {
        let lost = || Failed { phase: Phase::Lost, sentence: "the request cannot be sent twice".to_owned() };
        let body = match &self.body {
            Some(RequestBody::Empty) if self.may_repeat => RequestBody::Empty,
            Some(RequestBody::Whole(bytes)) if self.may_repeat => RequestBody::Whole(bytes.clone()),
            _ => self.body.take().ok_or_else(lost)?,
        };
        if self.is_again {
            self.dress.timeout = self.left();
        }
        self.is_again = true;
        let length = body.length();
        let headless = *self.head.method == Method::HEAD;
        link.begin(body, headless, |out| {
            headers::write_head(out, &self.head, &upstream.authority, length, &self.shared.dress, &self.dress)
        });
        Ok(())
    }
}
