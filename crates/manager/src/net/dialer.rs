//! The one place that opens connections.
//!
//! Owns name resolution, the refusal of forbidden addresses, and connecting. The address that was checked is the address
//! that is dialled, and every dial resolves anew: a name cannot be allowed first and point elsewhere later.

use std::fmt::Write as _;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::{Endpoint, Scheme};
use peegeeq_domain::network;
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Semaphore;

use super::tls::{Tls, TlsSettings};
use super::{Deadline, Failure, Stream};
use crate::clock;
use crate::observations::Phases;

/// The most name lookups at once. Each takes a thread until the system's resolver gives up, whoever waits for it.
const LOOKUPS_MAX: usize = 32;

/// The most addresses of one name that are tried.
const ADDRESSES_MAX: usize = 8;

/// How connections are made.
#[derive(Clone, Debug)]
pub struct DialerSettings {
    /// The longest time for name lookup, connecting and TLS together (`connection.timeout`).
    pub connect_timeout: Duration,
    /// Networks in which the refusal of link-local and similar addresses is lifted (`security.instance.networks`).
    pub allowed_networks: Vec<IpNet>,
    /// Whom to trust over TLS.
    pub tls: TlsSettings,
}

/// Why an address is never dialled, or `None` if it may be: `allowed` lifts the refusal of link-local and similar addresses.
pub fn refusal(address: IpAddr, allowed: &[IpNet]) -> Option<&'static str> {
    let reason = network::refusal(address)?;
    let meant = network::embedded_ipv4(address);
    let lifted = allowed.iter().any(|network| network.contains(&address) || network.contains(&meant));
    (!lifted).then_some(reason)
}

/// Opens connections to instances.
#[derive(Debug)]
pub struct Dialer {
    connect_timeout: Duration,
    allowed_networks: Vec<IpNet>,
    lookups: Arc<Semaphore>,
    tls: Tls,
}

impl Dialer {
    /// A dialer. The error says what is wrong with the file of certificate authorities.
    pub fn new(settings: DialerSettings) -> Result<Self, String> {
        let tls = Tls::new(&settings.tls)?;
        let DialerSettings { connect_timeout, allowed_networks, .. } = settings;
        Ok(Self { connect_timeout, allowed_networks, lookups: Arc::new(Semaphore::new(LOOKUPS_MAX)), tls })
    }

    /// Opens a connection to `endpoint`, encrypted if its scheme says so. Notes in `phases` how long each part took,
    /// also when a later one fails.
    pub async fn dial(&self, endpoint: &Endpoint, deadline: Deadline, phases: &mut Phases) -> Result<Stream, Failure> {
        let deadline = deadline.but_at_most(self.connect_timeout);
        let tcp = self.dial_tcp(endpoint, deadline, phases).await?;
        if endpoint.scheme == Scheme::Http {
            return Ok(Stream::Plain(tcp));
        }
        let began = clock::instant();
        let stream = self.tls.shake_hands(endpoint, tcp, deadline).await?;
        phases.tls = Some(began.elapsed());
        Ok(stream)
    }

    /// Opens a bare TCP connection to `endpoint`, whatever its scheme.
    pub async fn dial_tcp(&self, endpoint: &Endpoint, deadline: Deadline, phases: &mut Phases) -> Result<TcpStream, Failure> {
        let deadline = deadline.but_at_most(self.connect_timeout);
        if let Some(address) = endpoint.host.address() {
            let address = self.checked([SocketAddr::new(address, endpoint.port.get())].into_iter())?;
            return connect(endpoint, &address, deadline, phases).await;
        }
        let began = clock::instant();
        let found = self.look_up(endpoint, deadline).await?;
        phases.dns = Some(began.elapsed());
        let addresses = self.checked(found.into_iter())?;
        connect(endpoint, &addresses, deadline, phases).await
    }

    /// Those of `addresses` that may be dialled; if none may, why not.
    fn checked(&self, addresses: impl Iterator<Item = SocketAddr>) -> Result<Vec<SocketAddr>, Failure> {
        let mut refused = None;
        let mut allowed: Vec<SocketAddr> = Vec::with_capacity(1);
        for address in addresses {
            match refusal(address.ip(), &self.allowed_networks) {
                None if allowed.len() < ADDRESSES_MAX && !allowed.contains(&address) => allowed.push(address),
                None => {}
                Some(reason) => refused = Some((address.ip(), reason)),
            }
        }
        match refused {
            Some((address, reason)) if allowed.is_empty() => Err(Failure::new(
                FailureKind::Forbidden,
                format!("address {address} is {reason} and is not dialled; allow it with security.instance.networks"),
            )),
            _ => Ok(allowed),
        }
    }

    async fn look_up(&self, endpoint: &Endpoint, deadline: Deadline) -> Result<Vec<SocketAddr>, Failure> {
        let name = endpoint.host.as_str();
        match deadline.or_none(resolve(self.lookups.clone(), name.to_owned(), endpoint.port.get())).await {
            Some(Ok(found)) if !found.is_empty() => Ok(found),
            Some(Ok(_)) => Err(Failure::new(FailureKind::Name, format!("Name not resolved: {name} has no address"))),
            Some(Err(error)) => Err(Failure::new(FailureKind::Name, format!("Name not resolved: {name}: {error}"))),
            None => {
                let sentence = format!("Name not resolved: no answer for {name} after {}ms", deadline.allowed_millis());
                Err(Failure::new(FailureKind::Timeout, sentence))
            }
        }
    }
}

/// Asks the system's resolver. The permit lives as long as the thread does, so a dead resolver holds a few threads and no more.
#[expect(clippy::disallowed_methods, reason = "the system's resolver blocks; the permit bounds how many threads it may take")]
async fn resolve(lookups: Arc<Semaphore>, name: String, port: u16) -> io::Result<Vec<SocketAddr>> {
    let permit = lookups.acquire_owned().await.map_err(io::Error::other)?;
    let lookup = tokio::task::spawn_blocking(move || {
        let _held_until_the_resolver_answered = permit;
        (name.as_str(), port).to_socket_addrs().map(Vec::from_iter)
    });
    lookup.await.map_err(io::Error::other)?
}

/// Tries the addresses one after the other, each with its share of the time left.
async fn connect(endpoint: &Endpoint, addresses: &[SocketAddr], deadline: Deadline, phases: &mut Phases) -> Result<TcpStream, Failure> {
    let began = clock::instant();
    let mut failure = None;
    for (tried, address) in addresses.iter().enumerate() {
        match deadline.share(addresses.len() - tried).or_none(connect_to(*address)).await {
            Some(Ok(stream)) => {
                phases.connect = Some(began.elapsed());
                return Ok(stream);
            }
            Some(Err(error)) => failure = Some(connect_failure(endpoint, &error)),
            None => failure = Some(timed_out(deadline)),
        }
    }
    Err(failure.unwrap_or_else(|| timed_out(deadline)))
}

async fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

fn timed_out(deadline: Deadline) -> Failure {
    Failure::new(FailureKind::Timeout, format!("Connection timeout after {}ms", deadline.allowed_millis()))
}

fn connect_failure(endpoint: &Endpoint, error: &io::Error) -> Failure {
    let kind = kind_of(error);
    let mut sentence = match kind {
        FailureKind::Refused => "Connection refused: ",
        FailureKind::Timeout => "Connection timeout: ",
        FailureKind::Local => "this manager cannot open a connection to ",
        _ => "Connection failed: ",
    }
    .to_owned();
    sentence.push_str(&endpoint.authority());
    if kind != FailureKind::Refused {
        // Writing to a string cannot fail.
        let _ = write!(sentence, ": {error}");
    }
    Failure::new(kind, sentence)
}

/// What an error of connecting says: about the instance, about the network, or about ourselves.
fn kind_of(error: &io::Error) -> FailureKind {
    use rustix::io::Errno;
    let own = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM, Errno::ADDRNOTAVAIL].map(Errno::raw_os_error);
    match error.kind() {
        _ if error.raw_os_error().is_some_and(|code| own.contains(&code)) => FailureKind::Local,
        io::ErrorKind::ConnectionRefused => FailureKind::Refused,
        io::ErrorKind::TimedOut => FailureKind::Timeout,
        _ => FailureKind::Network,
    }
}
