//! The least a proxy can be: hyper on both sides, one current-thread runtime a core with a listening socket and a pool of
//! its own, upstreams in turn, and nothing else.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::bench::peer::listen;

type Sender = client::SendRequest<Incoming>;

/// Connections of one worker.
struct Pool {
    upstreams: Vec<SocketAddr>,
    idle: Vec<RefCell<Vec<Sender>>>,
    turn: Cell<usize>,
}

/// An answer on its way back, with the connection it comes on.
struct Back {
    body: Incoming,
    pool: Rc<Pool>,
    upstream: usize,
    sender: Option<Sender>,
}

impl Drop for Back {
    fn drop(&mut self) {
        if let Some(sender) = self.sender.take().filter(|sender| !sender.is_closed()) {
            self.pool.idle[self.upstream].borrow_mut().push(sender);
        }
    }
}

impl Body for Back {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Pool {
    async fn sender(&self, upstream: usize) -> io::Result<Sender> {
        loop {
            let kept = self.idle[upstream].borrow_mut().pop();
            let Some(mut kept) = kept else { break };
            if kept.ready().await.is_ok() {
                return Ok(kept);
            }
        }
        let stream = TcpStream::connect(self.upstreams[upstream]).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = client::handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        tokio::task::spawn_local(connection);
        Ok(sender)
    }

    async fn pass(self: Rc<Self>, request: Request<Incoming>) -> io::Result<Response<Back>> {
        let upstream = self.turn.get() % self.upstreams.len();
        self.turn.set(self.turn.get().wrapping_add(1));
        let mut sender = self.sender(upstream).await?;
        let answer = sender.send_request(request).await.map_err(io::Error::other)?;
        Ok(answer.map(|body| Back { body, pool: self, upstream, sender: Some(sender) }))
    }
}

/// The child: passes requests on from `address` to `upstreams`, separated by commas, until it is killed.
pub(in crate::bench) fn serve(address: &str, upstreams: &str) -> Result<(), String> {
    let parse = |text: &str| text.parse::<SocketAddr>().map_err(|error| format!("{text}: {error}"));
    let (address, upstreams) = (parse(address)?, upstreams.split(',').map(parse).collect::<Result<Vec<_>, _>>()?);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| worker(address, upstreams.clone()));
        }
    });
    Err("the proxy stopped by itself".to_owned())
}

fn worker(address: SocketAddr, upstreams: Vec<SocketAddr>) {
    let idle = upstreams.iter().map(|_| RefCell::default()).collect();
    let pool = Rc::new(Pool { upstreams, idle, turn: Cell::new(0) });
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().map(|runtime| {
        tokio::task::LocalSet::new().block_on(&runtime, async {
            let listener = listen(address)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                let pool = pool.clone();
                let service = service_fn(move |request| pool.clone().pass(request));
                tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
            #[expect(unreachable_code, reason = "gives the block its type")]
            Ok::<(), io::Error>(())
        })
    });
    eprintln!("xtask: a worker of the proxy ended: {outcome:?}");
}
