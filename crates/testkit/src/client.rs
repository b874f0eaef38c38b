//! Owns small HTTP clients for tests and load. Does not own waiting for states, nor assertions.

mod connection;
mod events;
mod load;
mod socket;

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::HOST;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub use connection::{Connection, Head};
pub use events::{Event, EventClient};
pub use load::{LoadClient, LoadPlan, LoadReport};
pub use socket::{Said, SocketClient};

/// Bodies of answers are read up to this many bytes.
const MOST_BODY: usize = 64 * 1_048_576;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Status of the answer.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its whole body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON; the message shows the answer.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("answer {} is not JSON ({error}): {}", self.status, self.text()),
        }
    }

    /// The body as text; what is not UTF-8 is replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum ClientError {
    /// The URL, a header or the method cannot be used.
    Invalid(String),
    /// No connection.
    Connect(std::io::Error),
    /// The conversation broke off or was not HTTP.
    Http(String),
    /// No answer in time.
    Timeout(Duration),
}

impl fmt::Display for ClientError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(what) => write!(formatter, "the request cannot be made: {what}"),
            Self::Connect(error) => write!(formatter, "no connection: {error}"),
            Self::Http(error) => write!(formatter, "the conversation failed: {error}"),
            Self::Timeout(after) => write!(formatter, "no answer within {after:?}"),
        }
    }
}

impl std::error::Error for ClientError {}

/// A client that makes one connection per request and follows nothing.
#[derive(Clone, Copy, Debug)]
pub struct HttpClient {
    timeout: Duration,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new(Duration::from_secs(10))
    }
}

impl HttpClient {
    /// A client that waits that long for a whole answer.
    #[must_use]
    pub fn new(timeout: Duration) -> Self {
        Self { timeout }
    }

    /// GET.
    ///
    /// # Errors
    ///
    /// When there is no whole answer in time. A status such as 500 is an answer.
    pub async fn get(&self, url: &str) -> Result<Reply, ClientError> {
        self.request(Method::GET, url, &[], Bytes::new()).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn post_json(&self, url: &str, body: &serde_json::Value) -> Result<Reply, ClientError> {
        let headers = [("content-type", "application/json")];
        self.request(Method::POST, url, &headers, body.to_string()).await
    }

    /// Any request. A `host` header is added unless given.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub async fn request(&self, method: Method, url: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Result<Reply, ClientError> {
        let (authority, request) = prepare(method, url, headers, body.into())?;
        let exchange = async {
            let mut sender = open(&authority).await?;
            let answer = sender.send_request(request).await.map_err(http_error)?;
            read(answer).await
        };
        tokio::time::timeout(self.timeout, exchange).await.unwrap_or(Err(ClientError::Timeout(self.timeout)))
    }
}

/// The authority to connect to, and the request in origin form.
fn prepare(method: Method, url: &str, headers: &[(&str, &str)], body: Bytes) -> Result<(String, Request<Full<Bytes>>), ClientError> {
    let uri: Uri = url.parse().map_err(|error| ClientError::Invalid(format!("{url}: {error}")))?;
    let Some(authority) = uri.authority() else {
        return Err(ClientError::Invalid(format!("{url}: no host")));
    };
    let authority = authority.as_str().to_owned();
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut builder = Request::builder().method(method).uri(target);
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(HOST.as_str())) {
        builder = builder.header(HOST, &authority);
    }
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let request = builder.body(Full::new(body)).map_err(|error| ClientError::Invalid(error.to_string()))?;
    Ok((authority, request))
}

async fn open(authority: &str) -> Result<http1::SendRequest<Full<Bytes>>, ClientError> {
    let address = if authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok()) {
        authority.to_owned()
    } else {
        format!("{authority}:80")
    };
    let stream = TcpStream::connect(address).await.map_err(ClientError::Connect)?;
    // Without it small requests may wait for an acknowledgement; the answers are the same.
    let _ = stream.set_nodelay(true);
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(http_error)?;
    tokio::spawn(connection);
    Ok(sender)
}

async fn read(answer: Response<Incoming>) -> Result<Reply, ClientError> {
    let (parts, body) = answer.into_parts();
    let whole = Limited::new(body, MOST_BODY).collect().await;
    let body = whole.map_err(|error| ClientError::Http(error.to_string()))?.to_bytes();
    Ok(Reply { status: parts.status, headers: parts.headers, body })
}

fn http_error(error: hyper::Error) -> ClientError {
    ClientError::Http(error.to_string())
}

/// Sends bytes as they are and returns whatever comes back until the other side closes or `timeout` passes.
///
/// # Errors
///
/// When there is no connection or sending fails. A reset after some bytes came back returns these bytes.
pub async fn raw(addr: SocketAddr, bytes: &[u8], timeout: Duration) -> std::io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(addr).await?;
    stream.write_all(bytes).await?;
    let mut answer = Vec::new();
    let reading = async {
        while answer.len() < MOST_BODY {
            match stream.read_buf(&mut answer).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
    };
    // Time that runs out is a normal end here: the caller judges by what came back.
    let _ = tokio::time::timeout(timeout, reading).await;
    Ok(answer)
}
