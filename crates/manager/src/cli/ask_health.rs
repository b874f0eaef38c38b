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
    let authority = url.strip_prefix("http://").ok_or("the URL must begin with http://")?.trim_end_matches('/');
    let address = authority.to_socket_addrs().map_err(|error| error.to_string())?.next().ok_or("the name has no address")?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| error.to_string())?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|error| error.to_string())?;
    let request = format!("GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(|error| error.to_string())?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).map_err(|error| error.to_string())?;
    let status = std::str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 ")?.parse().ok());
    status.ok_or_else(|| "that was not HTTP".to_owned())
}
