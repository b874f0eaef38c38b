//! The client: who is called, as whom, how long.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, ETAG, HOST, HeaderValue, IF_NONE_MATCH, RETRY_AFTER, USER_AGENT};
use http_body_util::Full;
use serde::de::DeserializeOwned;

use crate::error::{ApiError, Error};
use crate::server::Server;
use crate::tls::Tls;
use crate::transport::{Transport, Whole};
use crate::{Request, retry};

const TIMEOUT: Duration = Duration::from_secs(10);
const RETRIES: u32 = 2;
const BODY_MAX: usize = 64 << 20;

/// How a client is made.
#[derive(Clone, Debug)]
pub struct Builder {
    server: String,
    token: Option<String>,
    ca_file: Option<PathBuf>,
    timeout: Duration,
    retries: u32,
    body_max: usize,
    agent: String,
}

impl Builder {
    /// Shows this bearer token with every call.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// Trusts the authorities in this PEM file too, beside those of the system.
    #[must_use]
    pub fn ca_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.ca_file = Some(file.into());
        self
    }

    /// The longest a call may take, repetitions included. Default 10 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// How often a call that changes nothing is sent again. Default 2; 0 switches it off.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The most bytes of an answer that are read. Default 64 MiB.
    #[must_use]
    pub fn body_max(mut self, bytes: usize) -> Self {
        self.body_max = bytes;
        self
    }

    /// What stands in `User-Agent`.
    #[must_use]
    pub fn user_agent(mut self, agent: impl Into<String>) -> Self {
        self.agent = agent.into();
        self
    }

    /// Makes the client. Connects to nothing yet.
    ///
    /// # Errors
    /// [`Error::Usage`] when the address, the token, or the file of authorities cannot be used.
    pub fn build(self) -> Result<Client, Error> {
        let server = Server::parse(&self.server)?;
        let authorization = self.token.as_deref().map(bearer).transpose()?;
        let agent = HeaderValue::try_from(self.agent).map_err(|_| Error::Usage("the user agent is no header value".to_owned()))?;
        let transport = Transport::new(server, Tls::new(self.ca_file.as_ref())?);
        let inner = Inner { transport, authorization, agent, timeout: self.timeout, retries: self.retries, body_max: self.body_max };
        Ok(Client { inner: Arc::new(inner) })
    }
}

fn bearer(token: &str) -> Result<HeaderValue, Error> {
    let unusable = || Error::Usage("the token is empty or has characters that no header carries".to_owned());
    let token = token.trim();
    if token.is_empty() {
        return Err(unusable());
    }
    let mut value = HeaderValue::try_from(format!("Bearer {token}")).map_err(|_| unusable())?;
    value.set_sensitive(true);
    Ok(value)
}

struct Inner {
    transport: Transport,
    authorization: Option<HeaderValue>,
    agent: HeaderValue,
    timeout: Duration,
    retries: u32,
    body_max: usize,
}

/// Calls one manager. Cheap to clone; clones share their connections.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("server", &self.server()).finish_non_exhaustive()
    }
}

/// An answer as it was sent.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status code, 200 to 299, or another one that the request expects.
    pub status: u16,
    /// Marks the state that the answer shows, for [`Request::unless`].
    pub etag: Option<String>,
    /// The body.
    pub body: Bytes,
}

impl Client {
    /// A client of the manager at `server`: `http://host:port`, `https://host`, or `host:port`.
    pub fn builder(server: impl Into<String>) -> Builder {
        Builder {
            server: server.into(),
            token: None,
            ca_file: None,
            timeout: TIMEOUT,
            retries: RETRIES,
            body_max: BODY_MAX,
            agent: concat!("peegeeq-service-manager-client/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }

    /// A client without a token and with the defaults.
    ///
    /// # Errors
    /// [`Error::Usage`] when that is no address.
    pub fn new(server: impl Into<String>) -> Result<Self, Error> {
        Self::builder(server).build()
    }

    /// The manager's address.
    pub fn server(&self) -> String {
        self.inner.transport.server().shown()
    }

    /// Sends a request and reads the answer.
    ///
    /// # Errors
    /// Every [`Error`] except usage.
    pub async fn call<T: DeserializeOwned>(&self, request: Request<T>) -> Result<T, Error> {
        let path = request.path().to_owned();
        self.read(&path, &self.ask(request).await?.body)
    }

    /// Reads a body that [`Client::ask`] gave.
    ///
    /// # Errors
    /// [`Error::Unreadable`].
    pub fn read<T: DeserializeOwned>(&self, path: &str, body: &[u8]) -> Result<T, Error> {
        serde_json::from_slice(body).map_err(|error| Error::Unreadable {
            server: self.server(),
            path: path.to_owned(),
            reason: error.to_string(),
        })
    }

    /// Sends a request and gives the answer as it was sent.
    ///
    /// # Errors
    /// As [`Client::call`], but a body that cannot be read is not looked at.
    pub async fn ask<T>(&self, request: Request<T>) -> Result<Answer, Error> {
        let timeout = self.inner.timeout;
        let late = || Error::Timeout { server: self.server(), millis: timeout.as_millis() };
        tokio::time::timeout(timeout, self.repeated(&request)).await.map_err(|_| late())?
    }

    async fn repeated<T>(&self, request: &Request<T>) -> Result<Answer, Error> {
        let retries = if request.is_safe() { self.inner.retries } else { 0 };
        let mut number = 0;
        loop {
            let outcome = self.once(request).await;
            let wait = match &outcome {
                Err(Error::Unreachable { .. }) => Some(retry::wait(number)),
                Err(Error::Api(error)) => {
                    http::StatusCode::from_u16(error.status).ok().and_then(|status| retry::asked_for(status, error.retry_after))
                }
                _ => None,
            };
            match wait {
                Some(wait) if number < retries => tokio::time::sleep(wait).await,
                _ => return outcome,
            }
            number += 1;
        }
    }

    async fn once<T>(&self, request: &Request<T>) -> Result<Answer, Error> {
        let sent = self.prepared(request)?;
        let answer = self.inner.transport.exchange(sent, self.inner.body_max).await;
        let answer = answer.map_err(|broken| Error::Unreachable { server: self.server(), reason: broken.reason, sent: broken.sent })?;
        judged(answer, request.expected())
    }

    fn prepared<T>(&self, request: &Request<T>) -> Result<http::Request<Full<Bytes>>, Error> {
        let server = self.inner.transport.server();
        let mut builder = http::Request::builder()
            .method(request.method().clone())
            .uri(format!("{}{}", server.prefix, request.path()))
            .header(HOST, &server.authority)
            .header(USER_AGENT, self.inner.agent.clone())
            .header(ACCEPT, "application/json, text/plain;q=0.9");
        if let Some(value) = &self.inner.authorization {
            builder = builder.header(AUTHORIZATION, value.clone());
        }
        if let Some(etag) = request.etag() {
            builder = builder.header(IF_NONE_MATCH, etag);
        }
        if request.body().is_some() {
            builder = builder.header(CONTENT_TYPE, "application/json");
        }
        let body = request.body().cloned().unwrap_or_default();
        builder.body(Full::new(body)).map_err(|error| Error::Usage(format!("that cannot be sent: {error}")))
    }
}

fn judged(answer: Whole, expected: &[u16]) -> Result<Answer, Error> {
    let status = answer.status();
    let text = |name| answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    if status.is_success() || expected.contains(&status.as_u16()) {
        return Ok(Answer { status: status.as_u16(), etag: text(ETAG), body: answer.into_body() });
    }
    let retry_after = text(RETRY_AFTER).and_then(|value| value.parse().ok());
    Err(ApiError::new(status, retry_after, answer.into_body()).into())
}
