//! Asking Consul: which address, with which token, within which limits, and what a refusal means.
//!
//! Owns every request to Consul and the words for what went wrong. Does not own when it is asked nor what answers change.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::{Endpoint, Host, Scheme};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;

use super::token::Token;
use crate::net::{Answer, Call, Client, Deadline, Get};

/// The most bytes of Consul's own words that are repeated.
const WORDS_MAX: usize = 300;

/// Where keys lie.
pub(super) const KEYS: &str = "/v1/kv/";

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-consul-token");

/// How up to date answers have to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Consistency {
    /// What the leader believes.
    #[default]
    Default,
    /// Any server may answer.
    Stale,
    /// The leader asks the others first.
    Consistent,
}

/// Where Consul is and how it is asked.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// The agents, tried in turn when one does not answer.
    pub addresses: Vec<(Host, NonZeroU16)>,
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// The token itself.
    pub token: Option<String>,
    /// A file with the token, read again when it changes.
    pub token_file: Option<PathBuf>,
    /// The datacenter, if not the agent's own.
    pub datacenter: Option<String>,
    /// How up to date answers have to be.
    pub consistency: Consistency,
    /// For one answer, but for the time that Consul was asked to wait.
    pub timeout: Duration,
    /// The most bytes of an answer.
    pub response_max: usize,
}

/// Why there is no answer that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::registry) enum Refusal {
    /// Consul is not there, or has no leader: certainly nothing was done.
    Away(String),
    /// Whether anything was done is not known.
    Unsure(String),
    /// The token may not do it.
    Denied(String),
    /// What is there is not what was expected: a transaction was not carried out.
    Conflict(String),
}

impl Refusal {
    /// The sentence for people.
    pub(in crate::registry) fn sentence(&self) -> &str {
        match self {
            Self::Away(sentence) | Self::Unsure(sentence) | Self::Denied(sentence) | Self::Conflict(sentence) => sentence,
        }
    }
}

/// Asks Consul.
#[derive(Clone)]
pub(super) struct Agent {
    client: Client,
    settings: Arc<AgentSettings>,
    token: Arc<Token>,
    /// Which of the addresses answers.
    turn: Arc<AtomicUsize>,
}

impl Agent {
    pub(super) fn new(client: Client, settings: AgentSettings) -> Self {
        let token = Arc::new(Token::new(settings.token.clone(), settings.token_file.clone()));
        Self { client, settings: Arc::new(settings), token, turn: Arc::default() }
    }

    /// `host:port` of the agent that is asked.
    pub(super) fn place(&self) -> String {
        self.endpoint().map_or_else(String::new, |endpoint| endpoint.authority())
    }

    /// How up to date answers have to be, as a part of a query.
    pub(super) fn consistency(&self) -> &'static str {
        match self.settings.consistency {
            Consistency::Default => "",
            Consistency::Stale => "&stale",
            Consistency::Consistent => "&consistent",
        }
    }

    /// Reads `path`; `query` begins with `&` if it is not empty. Consul may take `wait` before it answers.
    pub(super) async fn read(&self, path: &str, query: &str, wait: Duration) -> Result<Answer, Refusal> {
        // Consul adds up to a sixteenth to the time it was asked to wait.
        let allowed = wait + wait / 16 + self.settings.timeout;
        self.ask(Method::GET, path, query, Bytes::new(), allowed).await
    }

    /// Writes. It may reach Consul twice, so it must name the index it stands on.
    pub(super) async fn write(&self, path: &str, query: &str, body: Vec<u8>) -> Result<Answer, Refusal> {
        self.ask(Method::PUT, path, query, body.into(), self.settings.timeout).await
    }

    fn endpoint(&self) -> Option<Endpoint> {
        let addresses = &self.settings.addresses;
        let (host, port) = addresses.get(self.turn.load(Ordering::Relaxed).checked_rem(addresses.len())?)?;
        Some(Endpoint { scheme: self.settings.scheme, host: host.clone(), port: *port })
    }

    async fn ask(&self, method: Method, path: &str, query: &str, body: Bytes, allowed: Duration) -> Result<Answer, Refusal> {
        let Some(endpoint) = self.endpoint() else { return Err(Refusal::Away("no address of Consul is set".to_owned())) };
        let turn = self.turn.load(Ordering::Relaxed);
        let authority = endpoint.authority();
        let target = self.target(path, query);
        let get = Get { authority: &authority, path: &target, body_max: self.settings.response_max, last: false };
        let headers = self.headers().map_err(Refusal::Denied)?;
        let is_write = method != Method::GET;
        let call = Call { get, method, headers, body };
        let answer = self.client.repeatable(&endpoint, call, Deadline::within(allowed)).await;
        if answer.is_err() {
            // The next question goes to the next address, unless another question turned already.
            let _ = self.turn.compare_exchange(turn, turn.wrapping_add(1), Ordering::Relaxed, Ordering::Relaxed);
        }
        let answer = answer.map_err(|error| {
            // The dialer speaks of instances.
            let reason = error.sentence.replace("instance.tls.ca.file", "consul.tls.ca.file");
            let sentence = format!("Consul at {authority} does not answer: {reason}");
            let unsent = matches!(error.kind, FailureKind::Refused | FailureKind::Name | FailureKind::Tls | FailureKind::Forbidden);
            if is_write && !unsent { Refusal::Unsure(sentence) } else { Refusal::Away(sentence) }
        })?;
        // A key that is not there is told by 404.
        let known = answer.status == 200 || (answer.status == 404 && path.starts_with(KEYS));
        if known { Ok(answer) } else { Err(refusal(&authority, &answer, is_write)) }
    }

    fn target(&self, path: &str, query: &str) -> String {
        let datacenter = self.settings.datacenter.as_deref();
        let datacenter = datacenter.map(|name| format!("&dc={}", utf8_percent_encode(name, NON_ALPHANUMERIC))).unwrap_or_default();
        let parameters = format!("{datacenter}{query}");
        match parameters.strip_prefix('&') {
            Some(parameters) => format!("{path}?{parameters}"),
            None => path.to_owned(),
        }
    }

    fn headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        if let Some(token) = self.token.current()? {
            let mut value = HeaderValue::try_from(token).map_err(|_| "the token for Consul has characters that no token has".to_owned())?;
            value.set_sensitive(true);
            headers.insert(TOKEN_HEADER, value);
        }
        Ok(headers)
    }
}

/// What Consul says about a transaction that it did not carry out.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Rolled {
    #[serde(default)]
    errors: Option<Vec<RolledError>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RolledError {
    #[serde(default)]
    what: String,
}

fn refusal(authority: &str, answer: &Answer, is_write: bool) -> Refusal {
    let said = words(&answer.body);
    match answer.status {
        403 => Refusal::Denied(denial(authority, &said)),
        409 => {
            let rolled: Option<Rolled> = serde_json::from_slice(&answer.body).ok();
            let what = rolled.and_then(|rolled| rolled.errors?.into_iter().next()).map_or(said, |error| error.what);
            if what.contains("ermission denied") {
                return Refusal::Denied(denial(authority, &what));
            }
            Refusal::Conflict(what)
        }
        _ if said.contains("No cluster leader") => Refusal::Away(format!("Consul at {authority} has no leader")),
        429 | 503 => Refusal::Away(format!("Consul at {authority} has too much to do: {said}")),
        400..=499 => Refusal::Away(format!("Consul at {authority} refuses the request with {}: {said}", answer.status)),
        status if is_write => Refusal::Unsure(format!("Consul at {authority} answers {status}: {said}")),
        status => Refusal::Away(format!("Consul at {authority} answers {status}: {said}")),
    }
}

fn denial(authority: &str, said: &str) -> String {
    let unknown = said.contains("ACL not found");
    let remedy = if unknown {
        "the token is unknown to Consul: set consul.token.value or consul.token.file to one that is valid"
    } else {
        "the token needs service:write on consul.service.name, node:write on consul.node, and service:read and node:read on the rest"
    };
    format!("Consul at {authority} does not permit it ({said}); {remedy}")
}

/// Consul's own words on one line, as far as they are text.
fn words(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body.get(..WORDS_MAX).unwrap_or(body));
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    if plain.is_empty() { "no reason given".to_owned() } else { plain }
}
