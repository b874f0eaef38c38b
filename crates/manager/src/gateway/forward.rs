//! The way of one request: read what it needs, choose, send, perhaps send again, pass the answer on.
//!
//! Owns that order. The usual request goes through it once without a lock, a copy of its body or a look at anything but the
//! picture; what is rare lies in functions of its own.

use std::net::IpAddr;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use hyper::body::{Body as _, Incoming};
use hyper::upgrade::OnUpgrade;
use peegeeq_domain::routing::ask::{Ask, Class, DirectoryChange, Effect, Need, Place, Routed, place};
use peegeeq_domain::routing::pick::{NoCandidate, Tried};
use peegeeq_domain::routing::retry::{self, Attempt, Cause, Decision, Failure, Limits, Phase, decide};
use peegeeq_domain::routing::table::Wanted;

use super::answer_body::{Patience, RoutedBody};
use super::choose::{self, Chosen, Miss, Picked};
use super::exchange::Limit;
use super::headers::{self, RequestDress, RequestHead};
use super::hedge::Hedged;
use super::job::{Answered, Failed, Job};
use super::looks::Order;
use super::parting::OneStream;
use super::picture::Picture;
use super::refusals::{self, Refused};
use super::request_body::RequestBody;
use super::upstream::Upstream;
use super::wire::AnswerHead;
use super::{Gateway, body_read, tunnel};
use crate::clock;
use crate::server::{Mark, Marks, Refusal, Tunnel};

/// What an answer is passed on with.
struct Passing<'a> {
    ask: &'a Ask<'a>,
    method: &'a Method,
    chosen: &'a Chosen,
    attempts: u32,
    /// Nobody is well, and one was tried all the same.
    resort: bool,
    /// The way to the client's connection, if it is to be switched.
    switch: Option<(OnUpgrade, Tunnel)>,
    /// Who else was asked beside the first, and which of the two answered.
    hedged: Option<(Arc<Upstream>, HeaderValue)>,
}

impl Gateway {
    /// Answers one request.
    pub(super) async fn forward(&self, request: Request<Incoming>, marks: Marks, peer: IpAddr) -> Result<Response<RoutedBody>, Refused> {
        let (mut parts, body) = request.into_parts();
        let websocket = marks.has(Mark::Upgrade) && headers::wants_websocket(&parts.method, &parts.headers);
        let switch = if websocket { upgrade(&mut parts) } else { None };
        let Parts { method, uri, headers, .. } = &parts;
        let Routed { ask, through } = routed(method, uri)?;
        let mut chosen = if marks.has(Mark::Ours) { Chosen::read(headers)? } else { Chosen::default() };
        let inner = through.as_ref().map(|through| target(through.inner, uri.query())).transpose()?;
        if let Some(through) = through {
            chosen.instance = Some(through.instance.into_owned());
        }
        let head = RequestHead { method, target: inner.as_ref().unwrap_or(uri), headers, marks };
        let mut job = self.job(head, body, &ask, peer, switch.is_some()).await?;
        let in_body = self.setup_beside_path(&ask.need, job.body.as_ref())?;
        let wanted = match &in_body {
            Some(setup) => Wanted::Setup { id: setup, queue: None },
            None => ask.need.wanted().ok_or_else(refusals::no_body_setup)?,
        };
        let picked = self.first(&wanted, &chosen, &ask).await?;
        let mut passing = Passing { ask: &ask, method, chosen: &chosen, attempts: 1, resort: picked.is_last_resort, switch, hedged: None };
        if self.shared.is_hedged(&job, &ask) {
            let hedged = Box::pin(self.hedged(&mut job, &picked, (&wanted, &chosen, &ask), |answered| passing.is_final(answered)));
            let (first, at) = passing.note_hedge(hedged.await);
            return match first {
                Ok(answered) if passing.is_final(&answered) => Ok(self.pass(answered, passing).await),
                first => Box::pin(self.again(job, first, at, &wanted, passing)).await,
            };
        }
        match job.attempt(&picked.upstream, picked.is_probe).await {
            Ok(answered) if passing.is_final(&answered) => Ok(self.pass(answered, passing).await),
            // What is rare lies in a box of its own: the usual request is not to carry its room about.
            first => Box::pin(self.again(job, first, picked.upstream, &wanted, passing)).await,
        }
    }

    /// What is known of a request before it is chosen for whom it is.
    async fn job<'a>(
        &'a self,
        head: RequestHead<'a>,
        body: Incoming,
        ask: &'a Ask<'a>,
        peer: IpAddr,
        websocket: bool,
    ) -> Result<Job<'a>, Refused> {
        let settings = &self.shared.settings;
        let usual = settings.timeout;
        let allowed = if head.marks.has(Mark::Timeout) { allowed(head.headers, usual, settings.timeout_max)? } else { usual };
        let limit = Limit { deadline: clock::now() + allowed, allowed, idle: settings.stream_idle };
        let (mut upload, mut is_read) = (None, false);
        let body = if body.is_end_stream() {
            RequestBody::Empty
        } else if self.must_be_read(ask, head.headers, &body) {
            is_read = true;
            RequestBody::Whole(Box::pin(body_read::whole(body, settings.stream_idle)).await?)
        } else {
            let (body, progress) = RequestBody::streamed(body, body_read::waits(head.headers));
            upload = Some(progress);
            body
        };
        let may_repeat = upload.is_none() && !websocket && may_go_again(head.headers, ask);
        let dress = RequestDress { told: self.worker.forwarded.told(peer, head.headers), timeout: allowed, websocket, is_read };
        Ok(Job {
            shared: &self.shared,
            worker: &self.worker,
            head,
            body: Some(body),
            may_repeat,
            dress,
            upload,
            limit,
            class: &ask.class,
            is_safe: ask.class.is_safe(),
            websocket,
            is_again: false,
        })
    }

    /// Whether a body is read before it is sent: to find the setup in it, or to be able to send it twice.
    fn must_be_read(&self, ask: &Ask<'_>, headers: &HeaderMap, body: &Incoming) -> bool {
        let twice = ask.class.heeds_key && headers.contains_key(IDEMPOTENCY_KEY) && body_read::is_small(body);
        twice || matches!(ask.need, Need::SetupInBody | Need::Owner(_))
    }

    /// The setup, where it stands in the body or is glued to the name of a store.
    fn setup_beside_path(&self, need: &Need<'_>, body: Option<&RequestBody>) -> Result<Option<String>, Refused> {
        match need {
            Need::SetupInBody => {
                let Some(RequestBody::Whole(read)) = body else { return Err(refusals::no_body_setup()) };
                body_read::setup_in(read).map(Some).ok_or_else(refusals::no_body_setup)
            }
            Need::StoreInId(id) => {
                let picture = self.shared.picture.load();
                let found = picture.table.setup_of_store(id).map(str::to_owned);
                found.map(Some).map_err(|fault| refusals::bad_request(fault.to_string()))
            }
            _ => Ok(None),
        }
    }

    /// Whom it goes to first. Nobody being known to have a setup is looked into once.
    async fn first(&self, wanted: &Wanted<'_>, chosen: &Chosen, ask: &Ask<'_>) -> Result<Picked, Refused> {
        match self.pick(wanted, chosen, ask) {
            Ok(picked) => Ok(picked),
            Err(Miss::Unknown(_)) if choose::setup_of(wanted).is_some() => {
                Box::pin(self.shared.orders.done(Order::Everybody)).await;
                self.pick(wanted, chosen, ask).map_err(|miss| miss.refusal(wanted))
            }
            Err(miss) => Err(miss.refusal(wanted)),
        }
    }

    fn pick(&self, wanted: &Wanted<'_>, chosen: &Chosen, ask: &Ask<'_>) -> Result<Picked, Miss> {
        let picture = self.shared.picture.load();
        let group = choose::group(&picture, wanted, chosen)?;
        let settings = &self.shared.settings;
        let how = choose::how(settings, &picture, group, wanted, &ask.class);
        let draw = self.worker.turns.draw(&how, ask.class.is_safe());
        self.budget(|budget| budget.request(draw.now));
        let picked = choose::one(&picture, group, &ask.need, self.owner(ask).as_deref(), &draw, &Tried::default());
        let resort = || choose::last_resort(&picture, group, &ask.class, &settings.panics, chosen, &Tried::default());
        let nobody = || Miss::Refused(refusals::nobody(choose::setup_of(wanted), group, &picture));
        picked.ok().or_else(resort).ok_or_else(nobody)
    }

    fn owner(&self, ask: &Ask<'_>) -> Option<String> {
        let Need::Owner(owner) = &ask.need else { return None };
        self.shared.owners.of(owner).map(|id| id.as_str().to_owned())
    }

    pub(super) fn budget<T>(&self, with: impl FnOnce(&mut retry::Budget) -> T) -> T {
        with(&mut self.worker.budget.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// After a first attempt that was not simply answered: others, as long as that is safe.
    async fn again(
        &self,
        mut job: Job<'_>,
        first: Result<Answered, Failed>,
        first_at: Arc<Upstream>,
        wanted: &Wanted<'_>,
        mut passing: Passing<'_>,
    ) -> Result<Response<RoutedBody>, Refused> {
        let mut picture = self.shared.picture.load_full();
        let (mut tried_at, mut told) = (Vec::from_iter(passing.hedged.as_ref().map(|(other, _)| other.clone())), Vec::new());
        let (mut attempted, mut at) = (first, first_at);
        loop {
            tried_at.push(at.clone());
            let tried = choose::tried(&picture, &tried_at);
            let retry = self.judge(&job, &attempted, &picture, &tried, wanted, &passing);
            let after = match (retry, attempted) {
                (Decision::Again { after, .. }, Ok(_answer_that_is_not_wanted)) => after,
                (Decision::Again { after, .. }, Err(failed)) => {
                    told.push((at.id.as_str().to_owned(), failed.sentence));
                    after
                }
                (_, Ok(answered)) => return Ok(self.pass(answered, passing).await),
                (decision, Err(failed)) => {
                    told.push((at.id.as_str().to_owned(), failed.sentence));
                    let failure = given_up(decision);
                    if let Some(DirectoryChange::Removes(setup)) = passing.ask.class.directory.as_ref().filter(|_| failure.outcome_unknown)
                    {
                        // The instance may have carried it out: if the setup is gone, nobody misses it.
                        Box::pin(self.shared.expect_gone(&at.id, setup)).await;
                    }
                    // Who was tried was not well beforehand: that is told with the reasons of all.
                    return Err(match choose::group(&picture, wanted, passing.chosen) {
                        Ok(group) if passing.resort && !failure.outcome_unknown => {
                            refusals::nobody(choose::setup_of(wanted), group, &picture)
                        }
                        _ => refusals::failed(failure, &told),
                    });
                }
            };
            metrics::counter!("peegeeq_routed_retries_total").increment(1);
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            // Who began to drain meanwhile gets nothing.
            picture = self.shared.picture.load_full();
            let tried = choose::tried(&picture, &tried_at);
            let next = choose::group(&picture, wanted, passing.chosen).map_err(|_| NoCandidate::Empty).and_then(|group| {
                let how = choose::how(&self.shared.settings, &picture, group, wanted, &passing.ask.class);
                choose::one(&picture, group, &passing.ask.need, None, &self.worker.turns.draw(&how, false), &tried)
            });
            let Ok(next) = next else {
                let failure = Failure { status: 503, outcome_unknown: false, cause: Cause::NobodyElse };
                return Err(refusals::failed(failure, &told));
            };
            passing.attempts += 1;
            at = next.upstream;
            attempted = job.attempt(&at, next.is_probe).await;
        }
    }

    /// Whether it is sent again.
    fn judge(
        &self,
        job: &Job<'_>,
        attempted: &Result<Answered, Failed>,
        picture: &Picture,
        tried: &Tried,
        wanted: &Wanted<'_>,
        passing: &Passing<'_>,
    ) -> Decision {
        let others = choose::group(picture, wanted, passing.chosen).map_or(0, |group| group.untried(tried));
        let now = clock::now();
        if let Ok(answered) = attempted
            && passing.is_wrong_owner(answered)
        {
            // Whoever says 404 did nothing, so that any request may go on to the next.
            let goes_on = others > 0 && job.can_send_again() && now < job.limit.deadline;
            return if goes_on { Decision::Again { after: Duration::ZERO, elsewhere: true } } else { Decision::PassOn };
        }
        let (phase, status, retry_after) = match attempted {
            Ok(answered) => (Phase::Answered, Some(answered.head.status.as_u16()), retry_after(&answered.head.headers)),
            Err(failed) => (failed.phase, None, None),
        };
        let attempt = Attempt { number: passing.attempts, phase, status, retry_after, others };
        let request = retry::Request { may_repeat: job.may_repeat, deadline: job.limit.deadline };
        if phase != Phase::Answered && !job.can_send_again() && !matches!(phase, Phase::Lost | Phase::TimedOut | Phase::Nonsense) {
            return Decision::GiveUp(Failure { status: 502, outcome_unknown: true, cause: Cause::MayHaveBeenActedOn });
        }
        let limits = Limits { max_retries: self.shared.settings.retries_max, ..Limits::default() };
        let random = self.worker.turns.random();
        self.budget(|budget| decide(&attempt, &request, &limits, budget, random, now))
    }

    /// Passes an answer on, after what it says of the instance was noted.
    async fn pass(&self, answered: Answered, passing: Passing<'_>) -> Response<RoutedBody> {
        let Answered { head, link, in_flight, at } = answered;
        let AnswerHead { status, mut headers, .. } = head;
        let upstream = in_flight.upstream();
        self.note(upstream, status, &passing).await;
        headers::name_instance(&mut headers, &upstream.name);
        if passing.attempts > 1 {
            headers.insert(headers::ATTEMPTS, HeaderValue::from(passing.attempts));
        }
        if let Some((_, who)) = passing.hedged {
            headers.insert(headers::HEDGED, who);
        }
        if passing.resort {
            headers.insert(headers::EVIDENCE, HeaderValue::from_static("last-healthy"));
        }
        let settings = &self.shared.settings;
        let body = match passing.switch {
            Some((client, tunnel)) if status == StatusCode::SWITCHING_PROTOCOLS => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                let patience = tunnel::Patience { idle: settings.stream_idle, total: settings.stream_total };
                let stream = OneStream::new(upstream.clone(), tunnel.stopping());
                tunnel.run(tunnel::join(client, link, in_flight, patience, stream));
                RoutedBody::empty()
            }
            _ => {
                let stream = || Box::new(OneStream::new(upstream.clone(), self.worker.stopping.clone()));
                let stream = headers::is_event_stream(&headers).then(stream);
                let patience = Patience { idle: settings.stream_idle, until: at + settings.stream_total };
                RoutedBody::new(link, in_flight, patience, stream)
            }
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response
    }

    /// What an answer teaches about who has what.
    async fn note(&self, upstream: &Upstream, status: StatusCode, passing: &Passing<'_>) {
        let (id, class) = (&upstream.id, &passing.ask.class);
        match (&passing.ask.need, &class.directory) {
            (_, Some(DirectoryChange::Adds)) if status.is_success() => {
                Box::pin(self.shared.orders.done(|done| Order::One(id.clone(), Some(done)))).await;
            }
            (_, Some(DirectoryChange::Removes(setup))) if status.is_success() => {
                Box::pin(self.shared.taken_away(id, setup)).await;
            }
            (Need::Owner(owner), _) if status == StatusCode::NOT_FOUND || (status.is_success() && passing.method == Method::DELETE) => {
                self.shared.owners.gone(owner);
            }
            (Need::Owner(owner), _) if status.is_success() => self.shared.owners.found(owner, id),
            // It should have had it.
            (Need::Setup { .. }, _) if status == StatusCode::NOT_FOUND => self.shared.orders.send(Order::One(id.clone(), None)),
            _ => {}
        }
    }
}

impl Job<'_> {
    fn can_send_again(&self) -> bool {
        self.body.is_some()
    }
}

/// Whether a request with these headers may be sent twice. An owner is looked for by asking one after the other.
fn may_go_again(headers: &HeaderMap, ask: &Ask<'_>) -> bool {
    // A key that concerns the client's connection alone is none.
    let has_key = || headers.contains_key(IDEMPOTENCY_KEY) && !headers::is_named(headers, &IDEMPOTENCY_KEY);
    ask.class.may_repeat(ask.class.heeds_key && has_key()) || matches!(ask.need, Need::Owner(_))
}

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

impl Passing<'_> {
    /// Notes that another was asked too, if one was.
    fn note_hedge(&mut self, hedged: Hedged) -> (Result<Answered, Failed>, Arc<Upstream>) {
        self.attempts += u32::from(hedged.other.is_some());
        self.hedged = hedged.other.zip(hedged.told);
        (hedged.outcome, hedged.at)
    }

    /// Whether an answer is passed on without a second thought.
    fn is_final(&self, answered: &Answered) -> bool {
        let status = answered.head.status;
        let unwell = matches!(status.as_u16(), 429 | 502..=504) && !self.ask.class.asks_health;
        !unwell && !self.is_wrong_owner(answered)
    }

    /// Whether the instance does not have what others may have.
    fn is_wrong_owner(&self, answered: &Answered) -> bool {
        matches!(self.ask.need, Need::Owner(_)) && answered.head.status == StatusCode::NOT_FOUND
    }
}

pub(super) fn routed<'a>(method: &'a Method, uri: &'a Uri) -> Result<Routed<'a>, Refused> {
    if *method == Method::TRACE {
        return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "TRACE is not passed on").header(header::ALLOW, ALLOWED));
    }
    match place(method.as_str(), uri.path(), uri.query()).map_err(refusals::fault)? {
        Place::Routed(routed) => Ok(routed),
        // Claimed because of an explicit choice: the chosen instance answers for itself.
        Place::Own | Place::Health(_) => {
            let effect = if method.is_safe() { Effect::Read } else { Effect::Write };
            let class = Class { effect, heeds_key: false, stream: false, asks_health: true, about_setup: false, directory: None };
            Ok(Routed { ask: Ask { need: Need::AnyInstance, class }, through: None })
        }
    }
}

const ALLOWED: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE, PATCH, OPTIONS");

/// The target as the instance reads it.
fn target(path: &str, query: Option<&str>) -> Result<Uri, Refused> {
    let target = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    let target = PathAndQuery::try_from(target).map_err(|error| refusals::bad_request(format!("the path cannot be sent on: {error}")))?;
    Ok(target.into())
}

/// How long a request may take: as the client says, within the limit.
fn allowed(headers: &HeaderMap, usual: Duration, max: Duration) -> Result<Duration, Refused> {
    let Some(value) = headers.get(headers::TIMEOUT) else { return Ok(usual) };
    let millis = value.to_str().ok().and_then(|text| text.trim().parse::<u64>().ok()).filter(|millis| *millis > 0);
    let wrong = || refusals::bad_request("X-Request-Timeout-Ms must be a whole number of milliseconds, at least 1");
    millis.map(|millis| Duration::from_millis(millis).min(max)).ok_or_else(wrong)
}

/// What switching the client's connection takes.
fn upgrade(parts: &mut Parts) -> Option<(OnUpgrade, Tunnel)> {
    let client = parts.extensions.remove::<OnUpgrade>()?;
    Some((client, parts.extensions.remove::<Tunnel>()?))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn given_up(decision: Decision) -> Failure {
    match decision {
        Decision::GiveUp(failure) => failure,
        _ => Failure { status: 502, outcome_unknown: true, cause: Cause::MayHaveBeenActedOn },
    }
}
