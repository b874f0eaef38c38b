//! One probe: a new connection, one question, and what its answer means.
//!
//! Owns which answers count as well. Does not own when probes are sent, nor what follows from them.

use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::{ExpectedStatus, Registration};

use super::words::{says_well, words};
use crate::certificates::Facts;
use crate::clock;
use crate::net::{Answer, Caller, Deadline, Dialer, Failure, Get, HOP_HEADER, Link};
use crate::observations::{Checkup, CheckupFailure, Phases};

/// The largest body that is kept as health data, in bytes.
const HEALTH_DATA_MAX: usize = 8 * 1024;

/// The `service` by which a manager answers its own health path.
const MANAGER_SERVICE: &str = "peegeeq-service-manager";

/// Sends probes.
#[derive(Clone, Debug)]
pub(super) struct Prober {
    pub(super) dialer: Arc<Dialer>,
    pub(super) caller: Caller,
    pub(super) timeout: Duration,
    pub(super) response_max: usize,
}

impl Prober {
    /// Asks the instance once whether it is well. Always over a new connection: a kept one would answer long after the
    /// listener is gone.
    pub(super) async fn probe(&self, target: &Registration) -> Checkup {
        let began = clock::instant();
        let mut phases = Phases::default();
        let mut certificate = None;
        let answer = self.ask(target, &mut phases, &mut certificate).await;
        phases.total = began.elapsed();
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let judged = answer.and_then(|answer| judge(target.expected_status, &answer));
        let (health_data, failure) = match judged {
            Ok(health_data) => (health_data, None),
            Err((failure, health_data)) => (health_data, Some(failure)),
        };
        Checkup { at: clock::wall(), moment: clock::now(), failure, status, phases, health_data, certificate, consecutive_failures: 0 }
    }

    async fn ask(&self, target: &Registration, phases: &mut Phases, certificate: &mut Option<Arc<Facts>>) -> Result<Answer, Unwell> {
        let deadline = Deadline::within(self.timeout);
        let authority = target.endpoint.authority();
        let path = target.health_path.as_str();
        let get = Get { authority: &authority, path, body_max: self.response_max, last: true };
        let stream = self.dialer.dial(&target.endpoint, deadline, phases).await?;
        // What cannot be read was not trusted either, so that there is nothing to say about it.
        *certificate = stream.certificate().and_then(|shown| Facts::of(shown).ok()).map(Arc::new);
        let mut link = Link::open(stream).await?;
        Ok(link.get(&self.caller, get, deadline, phases).await?)
    }
}

/// Why it is not well, and the health data that came all the same.
type Unwell = (CheckupFailure, Option<Arc<str>>);

impl From<Failure> for Unwell {
    fn from(Failure { kind, sentence }: Failure) -> Self {
        (CheckupFailure { kind, sentence }, None)
    }
}

/// What an answer means: well with its health data, or not.
pub(super) fn judge(expected: ExpectedStatus, answer: &Answer) -> Result<Option<Arc<str>>, Unwell> {
    let words = words(&answer.body);
    let data = words.as_ref().filter(|_| answer.body.len() <= HEALTH_DATA_MAX).and_then(|_| std::str::from_utf8(&answer.body).ok());
    let data = data.map(Arc::from);
    let unwell = |kind, sentence: String| Err((CheckupFailure { kind, sentence }, data.clone()));
    if answer.headers.contains_key(HOP_HEADER) || words.as_ref().and_then(|words| words.service.as_deref()) == Some(MANAGER_SERVICE) {
        return unwell(FailureKind::Identity, "this is a PeeGeeQ Service Manager, not an instance".into());
    }
    if !expected.accepts(answer.status) {
        return unwell(FailureKind::Status, wrong_status(expected, answer.status));
    }
    match words.as_ref().and_then(|words| words.status.as_deref()) {
        Some(status) if !says_well(status) => {
            let status: String = status.chars().take(40).collect();
            unwell(FailureKind::Body, format!("health answer says status {status:?}"))
        }
        _ => Ok(data),
    }
}

fn wrong_status(expected: ExpectedStatus, status: u16) -> String {
    let wanted = expected.number().map_or_else(|| "2xx".to_owned(), |status| status.to_string());
    let redirect = if (300..400).contains(&status) { "; redirects are not followed" } else { "" };
    format!("HTTP status {status} instead of {wanted}{redirect}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, headers: http::HeaderMap::new(), body: body.to_owned().into(), cut: false }
    }

    #[test]
    fn what_answers_mean() {
        let any = ExpectedStatus::default();
        let table = [
            (200, r#"{"status":"UP","service":"peegeeq-rest-api"}"#, None),
            (204, "", None),
            (200, "<html>fine</html>", None),
            (200, r#"{"status":"healthy"}"#, None),
            (200, r#"{"status":"Ok"}"#, None),
            (200, r#"{"status":"pass"}"#, None),
            (200, r#"{"status":true}"#, None),
            (200, r#"["UP"]"#, None),
            (200, "{}", None),
            (200, r#"{"status":"DOWN"}"#, Some(FailureKind::Body)),
            (200, r#"{"status":"UP","status":"DOWN"}"#, Some(FailureKind::Body)),
            (200, r#"{"status":""}"#, Some(FailureKind::Body)),
            (500, r#"{"status":"UP"}"#, Some(FailureKind::Status)),
            (302, "", Some(FailureKind::Status)),
            (404, "", Some(FailureKind::Status)),
            (200, r#"{"status":"UP","service":"peegeeq-service-manager"}"#, Some(FailureKind::Identity)),
            (503, r#"{"service":"peegeeq-service-manager"}"#, Some(FailureKind::Identity)),
        ];
        for (status, body, expected) in table {
            let found = judge(any, &answer(status, body)).err().map(|(failure, _)| failure.kind);
            assert_eq!(found, expected, "{status} {body}");
        }
        let exactly = ExpectedStatus::exactly(418).unwrap();
        assert!(judge(exactly, &answer(418, "")).is_ok());
        assert!(judge(exactly, &answer(200, "")).is_err());
    }

    #[test]
    fn an_answer_that_passed_a_manager_is_not_an_instances() {
        let mut answer = answer(200, r#"{"status":"UP"}"#);
        answer.headers.insert(HOP_HEADER, http::HeaderValue::from_static("m1"));
        assert_eq!(judge(ExpectedStatus::default(), &answer).unwrap_err().0.kind, FailureKind::Identity);
    }

    #[test]
    fn health_data_is_small_json_or_nothing() {
        let data = |body: &str| judge(ExpectedStatus::default(), &answer(200, body)).unwrap();
        assert_eq!(data(r#"{"queues":5}"#).as_deref(), Some(r#"{"queues":5}"#));
        assert_eq!(data("fine"), None);
        assert_eq!(data(&format!("\"{}\"", "x".repeat(HEALTH_DATA_MAX))), None);
        let (_, kept) = judge(ExpectedStatus::default(), &answer(503, r#"{"status":"DOWN"}"#)).unwrap_err();
        assert!(kept.is_some(), "what an unwell instance says about itself is kept too");
    }
}
