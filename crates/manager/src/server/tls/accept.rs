//! One handshake, within its limits.

use std::io;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use super::super::linger::Left;
use super::ServerTls;

/// What who speaks plain HTTP here is told.
const NOT_TLS: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 89\r\n\r\n{\"error\":\"this port speaks TLS: use https:// in the address of the manager\",\"status\":400}";

/// The first byte of every TLS connection.
const HANDSHAKE: u8 = 0x16;

/// What a connection speaks after its handshake.
pub(in crate::server) enum Accepted {
    /// HTTP/1.1, or nothing was agreed on.
    Http1(TlsStream<TcpStream>),
    /// HTTP/2.
    Http2(TlsStream<TcpStream>),
}

/// Shakes hands, unless it takes too long or `stop` comes first. `None`: the connection is over, and counted.
pub(in crate::server) async fn accept(stream: TcpStream, tls: &ServerTls, stop: &CancellationToken) -> Option<Accepted> {
    let within = tokio::time::timeout(tls.settings.handshake_timeout, shake_hands(stream, tls));
    let shaken = tokio::select! {
        biased;
        shaken = within => shaken,
        () = stop.cancelled() => return None,
    };
    match shaken {
        Ok(Ok(stream)) => Some(greet(stream)),
        Ok(Err(failed)) => {
            count(failed.word());
            if let Failed::NotTls(stream) = failed {
                explain(stream).await;
            }
            None
        }
        Err(_late) => {
            count("timeout");
            None
        }
    }
}

enum Failed {
    /// The first byte was not TLS.
    NotTls(TcpStream),
    /// The client went away before it said anything, as a check of the port does.
    Gone,
    /// The two could not agree, or the client refused the certificate.
    Refused(io::Error),
}

impl Failed {
    fn word(&self) -> &'static str {
        match self {
            Self::NotTls(_) => "plain_http",
            Self::Gone => "closed",
            Self::Refused(error) => match error.get_ref().and_then(|cause| cause.downcast_ref::<rustls::Error>()) {
                Some(rustls::Error::AlertReceived(_)) => "refused_by_client",
                Some(rustls::Error::NoCertificatesPresented | rustls::Error::InvalidCertificate(_)) => "client_certificate",
                Some(rustls::Error::PeerIncompatible(_)) => "incompatible",
                Some(_) => "protocol",
                None => "closed",
            },
        }
    }
}

async fn shake_hands(stream: TcpStream, tls: &ServerTls) -> Result<TlsStream<TcpStream>, Failed> {
    let mut first = [0];
    match stream.peek(&mut first).await {
        Ok(0) | Err(_) => return Err(Failed::Gone),
        Ok(_) if first[0] != HANDSHAKE => return Err(Failed::NotTls(stream)),
        Ok(_) => {}
    }
    let hello = LazyConfigAcceptor::new(rustls::server::Acceptor::default(), stream).await.map_err(Failed::Refused)?;
    // The work begins here, and whoever only opened a connection has not come so far.
    let _permit = tls.permits.acquire().await.map_err(|_| Failed::Gone)?;
    let config = tls.loaded.load().config.clone();
    hello.into_stream(config).await.map_err(|error| {
        tracing::debug!("a TLS handshake failed: {error}");
        Failed::Refused(error)
    })
}

fn greet(stream: TlsStream<TcpStream>) -> Accepted {
    let connection = stream.get_ref().1;
    let is_http2 = connection.alpn_protocol() == Some(b"h2");
    let version = match connection.protocol_version() {
        Some(rustls::ProtocolVersion::TLSv1_3) => "1.3",
        _ => "1.2",
    };
    let protocol = if is_http2 { "h2" } else { "http/1.1" };
    metrics::counter!("peegeeq_tls_handshakes_total", "version" => version, "protocol" => protocol).increment(1);
    if is_http2 { Accepted::Http2(stream) } else { Accepted::Http1(stream) }
}

fn count(reason: &'static str) {
    metrics::counter!("peegeeq_tls_handshake_failures_total", "reason" => reason).increment(1);
}

/// Tells a client that it speaks to the wrong kind of port, in the words that it understands.
async fn explain(mut stream: TcpStream) {
    // Whether the client reads it is its own affair.
    let told = tokio::time::timeout(std::time::Duration::from_secs(1), stream.write_all(NOT_TLS)).await;
    if matches!(told, Ok(Ok(()))) {
        let left = Left::new();
        left.put(stream);
        left.linger().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_announced_length_is_that_of_the_body() {
        let text = std::str::from_utf8(NOT_TLS).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{}", body.len());
        serde_json::from_str::<serde_json::Value>(body).expect("JSON");
    }
}
