//! `health`: asks a running manager, for container checks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::report::Report;
use crate::config::Config;

const PATIENCE: Duration = Duration::from_secs(3);

/// Asks for `/health/ready`. Exit code 0 when the manager takes part, 1 when it does not or does not answer.
pub fn ask_health(url: Option<String>, config: &Config) -> Report {
    let url = url.unwrap_or_else(|| super::banner::base_url(SocketAddr::new(config.server.bind, config.server.port)));
    match ask(&url) {
        Ok(200) => Report::output(format!("UP: the manager at {url} takes part\n")),
        Ok(status) => Report::failure(1, format!("DOWN: the manager at {url} answered {status}")),
        Err(reason) => Report::failure(1, format!("DOWN: no answer from {url}: {reason}")),
    }
}

/// One plain request, without a runtime: the program starts, asks, ends.
fn ask(url: &str) -> Result<u16, String> {
    let uri: http::Uri = url.parse().map_err(|error| format!("that is not a URL: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err("the URL must begin with http://".to_owned());
    }
    let authority = uri.authority().ok_or("the URL names no host")?.as_str();
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let addresses = (host, uri.port_u16().unwrap_or(80)).to_socket_addrs().map_err(|error| error.to_string())?;
    let mut refused = "the name has no address".to_owned();
    let connected = addresses
        .into_iter()
        .find_map(|address| TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| refused = error.to_string()).ok());
    let mut stream = connected.ok_or(refused)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(|error| error.to_string())?;
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 ")?.parse().ok());
    status.ok_or_else(|| "that was not HTTP".to_owned())
}
