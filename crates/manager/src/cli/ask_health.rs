//! `health`: asks a running manager, for container checks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};
use rustls_pki_types::ServerName;

use super::own_certificate;
use super::report::Report;
use crate::certificates::{client_config, connection_sentence};
use crate::config::Config;

const PATIENCE: Duration = Duration::from_secs(3);

/// Asks for `/health/ready`. Exit code 0 when the manager takes part, 1 when it does not or does not answer.
pub fn ask_health(url: Option<String>, config: &Config) -> Report {
    let pair = config.server.tls.pair.as_ref();
    let own = || super::banner::base_url(SocketAddr::new(config.server.bind, config.server.port), pair.is_some());
    // The manager of these settings is known by its certificate, whatever address it is asked at.
    let shown = pair.filter(|_| url.is_none()).map(|pair| pair.cert.as_path());
    let url = url.unwrap_or_else(own);
    let tls = || shown.map_or_else(|| Ok(client_config(&[], None)), own_certificate::client_config);
    match ask(&url, tls) {
        Ok(200) => Report::output(format!("UP: the manager at {url} takes part\n")),
        Ok(status) => Report::failure(1, format!("DOWN: the manager at {url} answered {status}")),
        Err(reason) => Report::failure(1, format!("DOWN: no answer from {url}: {reason}")),
    }
}

/// One request, without a runtime: the program starts, asks, ends.
fn ask(url: &str, tls: impl FnOnce() -> Result<rustls::ClientConfig, String>) -> Result<u16, String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("that is not a URL: {error}"))?;
    let usual_port = match uri.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return Err("the URL must begin with http:// or https://".to_owned()),
    };
    let authority = uri.authority().ok_or("the URL names no host")?.as_str();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let stream = connect(host, uri.port_u16().unwrap_or(usual_port))?;
    if usual_port == 80 {
        return exchange(stream, authority).map_err(|error| error.to_string());
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|_| format!("{host} is no name that a certificate can carry"))?;
    let connection = ClientConnection::new(Arc::new(tls()?), name).map_err(|error| error.to_string())?;
    let asked = exchange(StreamOwned::new(connection, stream), authority);
    asked.map_err(|error| connection_sentence(authority, &error, "SSL_CERT_FILE"))
}

fn connect(host: &str, port: u16) -> Result<TcpStream, String> {
    let addresses = (host, port).to_socket_addrs().map_err(|error| error.to_string())?;
    let mut refused = "the name has no address".to_owned();
    let connected = addresses
        .into_iter()
        .find_map(|address| TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| refused = error.to_string()).ok());
    let stream = connected.ok_or(refused)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    Ok(stream)
}

fn exchange(mut stream: impl Read + Write, authority: &str) -> std::io::Result<u16> {
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 ")?.parse().ok());
    status.ok_or_else(|| std::io::Error::other("that was not HTTP"))
}
