//! One exchange with the manager over a connection that is kept for the next.
//!
//! Owns connecting and at most a few resting connections. Starts no task: a connection is driven by the call that uses it, so a
//! client that nobody calls does nothing.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Mutex;
use std::task::Poll;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::server::Server;
use crate::tls::Tls;

/// Connections kept while nobody uses them.
const RESTING_MAX: usize = 4;

type Driver = Pin<Box<dyn Future<Output = Result<(), hyper::Error>> + Send>>;

/// A connection and what moves its bytes.
struct Link {
    sender: SendRequest<Full<Bytes>>,
    driver: Driver,
}

/// The way to one manager.
pub(crate) struct Transport {
    server: Server,
    tls: Tls,
    resting: Mutex<Vec<Link>>,
}

/// Why an exchange failed.
#[derive(Debug)]
pub(crate) struct Broken {
    pub(crate) reason: String,
    /// Whether the manager may have seen the request.
    pub(crate) sent: bool,
}

/// A whole answer.
pub(crate) type Whole = http::Response<Bytes>;

impl Transport {
    pub(crate) fn new(server: Server, tls: Tls) -> Self {
        Self { server, tls, resting: Mutex::new(Vec::new()) }
    }

    pub(crate) fn server(&self) -> &Server {
        &self.server
    }

    /// Sends a request and reads at most `body_max` bytes of the answer.
    pub(crate) async fn exchange(&self, request: http::Request<Full<Bytes>>, body_max: usize) -> Result<Whole, Broken> {
        let mut request = request;
        while let Some(link) = self.rested() {
            match self.over(link, request, body_max).await {
                Ok(answer) => return Ok(answer),
                // The connection had ended while it rested and gave the request back: nothing was sent.
                Err((_, Some(unsent))) => request = unsent,
                Err((broken, None)) => return Err(broken),
            }
        }
        let link = self.connect().await.map_err(|reason| Broken { reason, sent: false })?;
        self.over(link, request, body_max).await.map_err(|(broken, _)| broken)
    }

    fn rested(&self) -> Option<Link> {
        self.resting.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop()
    }

    fn rest(&self, link: Link) {
        let mut resting = self.resting.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if resting.len() < RESTING_MAX {
            resting.push(link);
        }
    }

    async fn over(
        &self,
        mut link: Link,
        request: http::Request<Full<Bytes>>,
        body_max: usize,
    ) -> Result<Whole, (Broken, Option<http::Request<Full<Bytes>>>)> {
        let Link { sender, driver } = &mut link;
        let exchange = async {
            let answer = match sender.try_send_request(request).await {
                Ok(answer) => answer,
                Err(mut error) => {
                    let unsent = error.take_message();
                    return Err((Broken { reason: plain(error.error()), sent: unsent.is_none() }, unsent));
                }
            };
            whole(answer, body_max).await.map_err(|reason| (Broken { reason, sent: true }, None))
        };
        let answer = driven(driver, exchange).await?;
        if link.sender.is_ready() {
            self.rest(link);
        }
        Ok(answer)
    }

    #[expect(clippy::disallowed_methods, reason = "this is where the client opens its one kind of connection")]
    async fn connect(&self) -> Result<Link, String> {
        let address = (self.server.host.as_str(), self.server.port);
        let tcp = TcpStream::connect(address).await.map_err(|error| error.to_string())?;
        // Without it small requests would wait for the acknowledgement of the one before.
        tcp.set_nodelay(true).map_err(|error| error.to_string())?;
        if self.server.is_https { link(self.tls.shake_hands(&self.server, tcp).await?).await } else { link(tcp).await }
    }
}

async fn link<S: AsyncRead + AsyncWrite + Send + Unpin + 'static>(stream: S) -> Result<Link, String> {
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| plain(&error))?;
    Ok(Link { sender, driver: Box::pin(connection) })
}

/// Runs `future` while the connection moves its bytes.
async fn driven<T>(driver: &mut Driver, future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut has_ended = false;
    poll_fn(|context| {
        if let Poll::Ready(value) = future.as_mut().poll(context) {
            return Poll::Ready(value);
        }
        // An ended connection tells the future; it must not be polled again.
        has_ended = has_ended || driver.as_mut().poll(context).is_ready();
        future.as_mut().poll(context)
    })
    .await
}

async fn whole(answer: http::Response<Incoming>, body_max: usize) -> Result<Whole, String> {
    let (parts, body) = answer.into_parts();
    let collected = Limited::new(body, body_max).collect().await;
    let bytes = collected.map_err(|error| format!("the answer broke off or is larger than {body_max} bytes: {error}"))?.to_bytes();
    Ok(http::Response::from_parts(parts, bytes))
}

/// The innermost cause says most: hyper's own words are about its inside.
fn plain(error: &hyper::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
