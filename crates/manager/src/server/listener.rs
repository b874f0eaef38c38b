//! Taking the port: alone, but once for each worker.
//!
//! The kernel shares connections between several sockets on one port only if all of them ask for it, and would then also
//! let a second process in. So the first socket is bound without asking: that fails if anybody holds the port, whatever
//! they asked for. Only then it, and the others, are marked as sharing.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// Connections that wait to be accepted; the kernel caps it at its own limit.
const BACKLOG: i32 = 4096;

/// Why the port could not be had.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody else listens there.
    #[error("port {port} is already in use on {ip}: stop the program that holds it, or choose another port with -Dservice.port={}", next(.address.port()), ip = .address.ip(), port = .address.port())]
    InUse {
        /// What was asked for.
        address: SocketAddr,
    },
    /// Ports below 1024 need a privilege.
    #[error("no permission to listen on {address}: ports below 1024 need a privilege; choose another with -Dservice.port=9090")]
    NotPermitted {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The address is not this machine's, or something else.
    #[error("cannot listen on {address}: {source}; check service.bind and service.port")]
    Other {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

fn next(port: u16) -> u16 {
    port.checked_add(1).unwrap_or(9090)
}

/// `count` sockets that share one port.
pub(super) fn listen(address: SocketAddr, count: usize) -> Result<(Vec<TcpListener>, SocketAddr), BindError> {
    let explain = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => BindError::InUse { address },
        io::ErrorKind::PermissionDenied => BindError::NotPermitted { address },
        _ => BindError::Other { address, source },
    };
    let first = socket(address).map_err(explain)?;
    first.bind(&address.into()).map_err(explain)?;
    first.set_reuse_port(true).and_then(|()| first.listen(BACKLOG)).map_err(explain)?;
    let taken = first.local_addr().map_err(explain)?.as_socket().unwrap_or(address);
    let mut listeners = vec![TcpListener::from(first)];
    for _ in 1..count {
        let socket = socket(address).map_err(explain)?;
        socket.set_reuse_port(true).map_err(explain)?;
        socket.bind(&taken.into()).and_then(|()| socket.listen(BACKLOG)).map_err(explain)?;
        listeners.push(socket.into());
    }
    Ok((listeners, taken))
}

fn socket(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A port whose connections of a moment ago still linger may be taken; one that somebody listens on may not.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_sockets_share_a_port_that_nobody_else_gets() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let (listeners, taken) = listen(any, 3).expect("free port");
        assert_eq!(listeners.len(), 3);
        assert!(matches!(listen(taken, 1), Err(BindError::InUse { .. })));
        let sentence = listen(taken, 2).expect_err("held").to_string();
        assert!(sentence.contains("already in use") && sentence.contains("-Dservice.port="), "{sentence}");
        drop(listeners);
        listen(taken, 2).expect("free again");
    }
}
