//! What the manager is compared with: hyper and nothing else, returning one prepared answer.
//!
//! Owns the child process, laid out as the manager is: one current-thread runtime a core, each with a listening socket of
//! its own on the common port. It reads the request's head and looks at nothing in it.

use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderMap, HeaderName, HeaderValue, Response};
use http_body_util::Full;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use peegeeq_testkit::{HttpClient, Reply};
use tokio::net::{TcpListener, TcpSocket};

use super::manager::{Folder, free_address};

/// A running peer. Dropping it kills it.
#[derive(Debug)]
pub(super) struct Peer {
    child: Child,
    address: SocketAddr,
}

impl Peer {
    /// Starts a peer that gives exactly the answer `like`, and checks that it does.
    pub(super) async fn start(folder: &Folder, like: &Reply) -> Result<Self, String> {
        let address = free_address()?;
        let file = folder.path().join(format!("answer-{}", address.port()));
        fs::write(&file, written(like)).map_err(|error| format!("{}: {error}", file.display()))?;
        let own = std::env::current_exe().map_err(|error| format!("own program: {error}"))?;
        let child = Command::new(own)
            .args(["bench", "child", "peer", &address.to_string()])
            .arg(&file)
            .stdin(Stdio::null())
            .spawn()
            .map_err(|error| format!("peer: {error}"))?;
        let peer = Self { child, address };
        let answer = peer.first_answer().await?;
        let headers = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove(DATE);
            headers
        };
        if headers(&answer) != headers(like) || answer.body != like.body {
            return Err(format!("the peer answers otherwise: {:?} instead of {:?}", answer.headers, like.headers));
        }
        Ok(peer)
    }

    async fn first_answer(&self) -> Result<Reply, String> {
        let mut last = String::new();
        for _ in 0..200 {
            match HttpClient::default().get(&self.url()).await {
                Ok(reply) => return Ok(reply),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("the peer does not answer: {last}"))
    }

    /// Where it answers.
    pub(super) fn url(&self) -> String {
        format!("http://{}/", self.address)
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The headers, one a line, an empty line, the body. hyper adds the date and the length by itself, as for the manager.
fn written(reply: &Reply) -> Vec<u8> {
    let mut text = Vec::new();
    for (name, value) in reply.headers.iter().filter(|(name, _)| *name != DATE && *name != CONTENT_LENGTH) {
        text.extend_from_slice(name.as_str().as_bytes());
        text.push(b':');
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    text.push(b'\n');
    text.extend_from_slice(&reply.body);
    text
}

fn read(file: &Path) -> Option<(HeaderMap, Bytes)> {
    let text = fs::read(file).ok()?;
    let (mut rest, mut headers) = (&text[..], HeaderMap::new());
    loop {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        let (line, after) = (&rest[..end], &rest[end + 1..]);
        rest = after;
        if line.is_empty() {
            return Some((headers, Bytes::copy_from_slice(rest)));
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        headers.append(name, HeaderValue::from_bytes(&line[colon + 1..]).ok()?);
    }
}

/// The child: answers on `address` until it is killed.
pub(super) fn serve(address: &str, file: &Path) -> Result<(), String> {
    let address: SocketAddr = address.parse().map_err(|error| format!("{address}: {error}"))?;
    let (headers, body) = read(file).ok_or_else(|| format!("{} is not an answer", file.display()))?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| worker(address, &headers, &body));
        }
    });
    Err("the peer stopped by itself".to_owned())
}

fn worker(address: SocketAddr, headers: &HeaderMap, body: &Bytes) {
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().map(|runtime| {
        runtime.block_on(async {
            let listener = listen(address)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let (headers, body) = (headers.clone(), body.clone());
                let service = service_fn(move |_| {
                    let mut response = Response::new(Full::new(body.clone()));
                    *response.headers_mut() = headers.clone();
                    async move { Ok::<_, Infallible>(response) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            #[expect(unreachable_code, reason = "gives the block its type")]
            Ok::<(), std::io::Error>(())
        })
    });
    eprintln!("xtask: a worker of the peer ended: {outcome:?}");
}

/// A listening socket that shares its port with those of other workers.
pub(super) fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}
