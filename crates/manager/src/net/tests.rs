//! What the tests of this folder share.

use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::instance::{Endpoint, Host, Scheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;

use super::{Answer, Caller, Deadline, Dialer, DialerSettings, Failure, Get, Link, TlsSettings};
use crate::observations::Phases;
use crate::tasks::Tasks;

mod dialing;
mod exchanging;
mod pooling;

fn tasks() -> Tasks {
    Tasks::new(Handle::current()).0
}

fn endpoint(host: &str, port: u16) -> Endpoint {
    Endpoint { scheme: Scheme::Http, host: Host::parse(host).unwrap(), port: NonZeroU16::new(port).unwrap() }
}

fn dialer_with(allowed: &[&str], extra_ca_file: Option<PathBuf>) -> Dialer {
    let allowed_networks = allowed.iter().map(|text| text.parse().unwrap()).collect();
    let settings =
        DialerSettings { connect_timeout: Duration::from_secs(5), allowed_networks, tls: TlsSettings { extra_ca_file, identity: None } };
    Dialer::new(settings).unwrap()
}

fn dialer() -> Dialer {
    dialer_with(&[], None)
}

/// Listens, and answers each connection with `serve`. Returns the port.
async fn server<F>(tasks: &Tasks, serve: impl Fn(TcpStream) -> F + Send + 'static) -> u16
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let spawner = tasks.clone();
    tasks.short(async move {
        while let Ok((stream, _)) = listener.accept().await {
            spawner.short(serve(stream));
        }
    });
    port
}

/// Reads the head of one request; empty if the connection ended first.
async fn read_head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return String::new(),
        }
    }
    String::from_utf8(head).unwrap()
}

/// A server that answers every connection's first request with these bytes, then closes it.
async fn canned(tasks: &Tasks, bytes: &'static [u8]) -> u16 {
    server(tasks, move |mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(bytes).await;
    })
    .await
}

async fn get(dialer: &Dialer, endpoint: &Endpoint, body_max: usize, allowed: Duration) -> Result<Answer, Failure> {
    let deadline = Deadline::within(allowed);
    let mut phases = Phases::default();
    let authority = endpoint.authority();
    let get = Get { authority: &authority, path: "/health", body_max, last: true };
    let stream = dialer.dial(endpoint, deadline, &mut phases).await?;
    Link::open(stream).await?.get(&Caller::new("m1"), get, deadline, &mut phases).await
}

const PATIENT: Duration = Duration::from_secs(10);

fn shared(dialer: Dialer) -> Arc<Dialer> {
    Arc::new(dialer)
}
