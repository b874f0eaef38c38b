//! What an instance is told of the client: `Forwarded` and `X-Forwarded-*`.
//!
//! Owns their values, written anew for every client; those of a trusted proxy are continued. A worker remembers what it wrote
//! last, because a connection asks many times.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;

static FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
static NO_HOST: HeaderValue = HeaderValue::from_static("-");

/// The most clients that a worker remembers.
const REMEMBERED_MAX: usize = 1024;

/// The most bytes of what a trusted proxy said that are continued.
const CONTINUED_MAX: usize = 2048;

/// Writes the forwarding headers of one worker.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Forwarded {
    trusted: Vec<IpNet>,
    is_https: bool,
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    clients: HashMap<(IpAddr, HeaderValue), Told>,
    /// The one that asked last: it is likely to ask again, or its neighbour behind the same address.
    last: Option<(IpAddr, HeaderValue, Told)>,
}

/// The forwarding headers of one request, as they are sent.
#[derive(Clone, Debug)]
pub(in crate::gateway) struct Told {
    pub(super) written: Bytes,
}

impl Told {
    fn new(forwarded: &[u8], addresses: &[u8], proto: &[u8], host: &[u8]) -> Self {
        let fields = [(FOR.as_str(), addresses), (PROTO.as_str(), proto), (HOST.as_str(), host), ("forwarded", forwarded)];
        let lines = fields.iter().flat_map(|(name, value)| [name.as_bytes(), b": ", value, b"\r\n"]);
        Self { written: lines.collect::<Vec<_>>().concat().into() }
    }
}

impl Forwarded {
    /// Proxies in these networks are believed. `is_https`: what clients speak to this manager.
    pub(in crate::gateway) fn new(trusted: Vec<IpNet>, is_https: bool) -> Self {
        Self { trusted, is_https, remembered: Mutex::default() }
    }

    /// What to tell of a request with these headers that came from `peer`.
    pub(in crate::gateway) fn told(&self, peer: IpAddr, headers: &HeaderMap) -> Told {
        let peer = peer.to_canonical();
        let host = headers.get(header::HOST).unwrap_or(&NO_HOST);
        if !self.trusted.is_empty() && self.trusted.iter().any(|network| network.contains(&peer)) {
            return continued(peer, host, headers, self.is_https);
        }
        let mut remembered = self.remembered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((address, name, told)) = &remembered.last
            && *address == peer
            && name == host
        {
            return told.clone();
        }
        let told = remembered.of(peer, host, self.is_https);
        remembered.last = Some((peer, host.clone(), told.clone()));
        told
    }
}

impl Remembered {
    fn of(&mut self, peer: IpAddr, host: &HeaderValue, is_https: bool) -> Told {
        if let Some(told) = self.clients.get(&(peer, host.clone())) {
            return told.clone();
        }
        if self.clients.len() >= REMEMBERED_MAX {
            self.clients.clear();
        }
        let element = element(peer, host, is_https);
        let told = Told::new(element.as_bytes(), peer.to_string().as_bytes(), proto(is_https).as_bytes(), host.as_bytes());
        self.clients.insert((peer, host.clone()), told.clone());
        told
    }
}

/// What a trusted proxy said, and the proxy itself behind it.
fn continued(peer: IpAddr, host: &HeaderValue, headers: &HeaderMap, is_https: bool) -> Told {
    let forwarded = joined(said(headers, &header::FORWARDED), &element(peer, host, is_https));
    let addresses = joined(said(headers, &FOR), &peer.to_string());
    let proto = headers.get(&PROTO).map_or(proto(is_https).as_bytes(), HeaderValue::as_bytes);
    Told::new(forwarded.as_bytes(), addresses.as_bytes(), proto, headers.get(&HOST).unwrap_or(host).as_bytes())
}

const fn proto(is_https: bool) -> &'static str {
    if is_https { "https" } else { "http" }
}

fn said(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<_> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    values.join(", ")
}

fn joined(mut said: String, own: &str) -> String {
    if said.is_empty() || said.len() > CONTINUED_MAX {
        return own.to_owned();
    }
    said.push_str(", ");
    said.push_str(own);
    said
}

/// One element of `Forwarded`. `Host` has passed the edge: a name or an address, with a port perhaps.
fn element(peer: IpAddr, host: &HeaderValue, is_https: bool) -> String {
    let mut element = String::with_capacity(64);
    // Writing to a string cannot fail.
    let _ = match peer {
        IpAddr::V4(address) => write!(element, "for={address}"),
        IpAddr::V6(address) => write!(element, "for=\"[{address}]\""),
    };
    let _ = write!(element, ";host=\"{}\";proto={}", host.to_str().unwrap_or("-"), proto(is_https));
    element
}
