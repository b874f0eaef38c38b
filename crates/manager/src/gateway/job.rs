//! One request on its way: what is sent, and to whom it was sent already.
//!
//! Owns sending it to one instance: a place there, a connection, the exchange. Does not own whether it is sent again.

use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use peegeeq_domain::routing::accrual::FailureKind;
use peegeeq_domain::routing::ask::Class;
use peegeeq_domain::routing::retry::Phase;
use peegeeq_domain::time::Moment;
use tokio::time::Sleep;

use super::exchange::{Limit, Sent, exchange};
use super::headers::RequestDress;
use super::link::Link;
use super::request_body::{Progress, RequestBody};
use super::upstream::{InFlight, Outcome, Upstream};
use super::{Shared, Worker, headers};
use crate::clock;
use crate::net::Deadline;
use crate::observations::Phases;

/// A request on its way.
pub(super) struct Job<'a> {
    pub(super) shared: &'a Shared,
    pub(super) worker: &'a Worker,
    /// What is sent next; none after it was sent.
    pub(super) request: Option<Request<RequestBody>>,
    /// The same again, as the client sent it, if it may be sent twice.
    pub(super) spare: Option<(Parts, Bytes)>,
    /// What the instance is told beside what the client says.
    pub(super) dress: RequestDress,
    pub(super) upload: Option<Arc<Progress>>,
    pub(super) limit: Limit,
    pub(super) class: &'a Class<'a>,
    pub(super) is_safe: bool,
    pub(super) websocket: bool,
}

/// An answer, and what it came over.
pub(super) struct Answered {
    pub(super) response: Response<Incoming>,
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
    pub(super) async fn attempt(&mut self, upstream: &Arc<Upstream>, is_probe: bool, alarm: Pin<&mut Sleep>) -> Result<Answered, Failed> {
        let mut in_flight = match upstream.enter(self.worker.index) {
            Some(in_flight) => in_flight,
            None => Box::pin(self.queue(upstream)).await?,
        };
        in_flight.set_probe(is_probe);
        let began = clock::instant();
        let answered = self.over_some_link(upstream, alarm).await;
        let (took, at) = (began.elapsed(), clock::now());
        in_flight.set_probe(false);
        let failure = match &answered {
            Ok((response, _)) => FailureKind::of_status(response.status().as_u16(), self.class),
            Err(failed) => Some(failed.kind()),
        };
        if upstream.record.ended(failure, is_probe, took, at) {
            self.tell_standing(upstream, failure.is_some());
        }
        match answered {
            Ok((response, link)) => {
                upstream.meters().time_to_head.record(took);
                Ok(Answered { response, link, in_flight, at })
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
    async fn over_some_link(
        &mut self,
        upstream: &Arc<Upstream>,
        mut alarm: Pin<&mut Sleep>,
    ) -> Result<(Response<Incoming>, Box<Link>), Failed> {
        loop {
            let kept = upstream.take(self.worker.index, !self.is_safe);
            let is_kept = kept.is_some();
            let mut link = match kept {
                Some(link) => link,
                None => Box::pin(self.dial(upstream)).await?,
            };
            let request = self.request_for(upstream)?;
            match exchange(&mut link, request, &self.limit, self.upload.as_ref(), alarm.as_mut()).await {
                Sent::Answered(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS && !self.websocket => {
                    let sentence = "it switched protocols without being asked".to_owned();
                    return Err(Failed { phase: Phase::Nonsense, sentence });
                }
                Sent::Answered(response) => return Ok((response, link)),
                Sent::GaveBack(request) => {
                    self.request = Some(request);
                    if !is_kept {
                        return Err(Failed::not_sent("it closed a new connection before anything was sent"));
                    }
                }
                // It rested too long: the instance closed it while the request was on its way.
                Sent::Failed(Phase::Lost, _) if is_kept && self.spare.is_some() && link.is_untouched() => {}
                Sent::Failed(phase, sentence) => return Err(Failed { phase, sentence }),
            }
        }
    }

    async fn dial(&self, upstream: &Upstream) -> Result<Box<Link>, Failed> {
        let stream = self.shared.dialer.dial(&upstream.endpoint, Deadline::within(self.left()), &mut Phases::default()).await;
        let stream = stream.map_err(|failure| Failed::not_sent(failure.sentence))?;
        Link::open(stream, self.shared.settings.head_max).await.map_err(|error| Failed::not_sent(error.to_string()))
    }

    /// The request, addressed to this instance.
    fn request_for(&mut self, upstream: &Upstream) -> Result<Request<RequestBody>, Failed> {
        let mut request = match (self.request.take(), &self.spare) {
            (Some(request), _) => request,
            (None, Some((parts, body))) => {
                let mut parts = parts.clone();
                headers::dress(&mut parts.headers, &self.shared.dress, self.dress.clone());
                parts.headers.insert(headers::TIMEOUT, headers::millis(self.left()));
                Request::from_parts(parts, if body.is_empty() { RequestBody::Empty } else { RequestBody::Whole(body.clone()) })
            }
            (None, None) => return Err(Failed { phase: Phase::Lost, sentence: "the request cannot be sent twice".to_owned() }),
        };
        request.headers_mut().insert(header::HOST, upstream.authority.clone());
        Ok(request)
    }
}
