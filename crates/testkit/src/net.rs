//! Owns sockets of the simulated world: listeners whose port stays theirs, and connections that end in a reset.
//! Does not own what is said over them.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// How many connections the kernel holds for a listener before they are accepted.
const BACKLOG: u32 = 1_024;

/// A local port that stays reserved while nobody listens on it.
///
/// A bound socket that never listens keeps other programs off the port; connections to it are refused. So a
/// server can be stopped and started on the same port without a gap in which somebody else takes it.
#[derive(Debug)]
pub(crate) struct ReservedPort {
    addr: SocketAddr,
    _holder: TcpSocket,
}

impl ReservedPort {
    /// Reserves `addr`; port 0 means any free port.
    pub(crate) fn reserve(addr: SocketAddr) -> io::Result<Self> {
        let holder = bound_socket(addr)?;
        Ok(Self { addr: holder.local_addr()?, _holder: holder })
    }

    /// The address with the port that was found.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Starts listening on the reserved port.
    pub(crate) fn listen(&self) -> io::Result<TcpListener> {
        bound_socket(self.addr)?.listen(BACKLOG)
    }
}

fn bound_socket(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}

/// Ends a connection with a reset instead of a goodbye, whatever is still on its way.
pub(crate) fn reset(stream: TcpStream) {
    arm_reset(&stream);
    drop(stream);
}

/// From now on closing this connection sends a reset.
pub(crate) fn arm_reset(stream: &TcpStream) {
    // A failure means that the connection is gone already, which is what was wanted.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_reserved_port_refuses_until_someone_listens_and_again_after() {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let port = ReservedPort::reserve(any).unwrap();
        for _ in 0..3 {
            let refused = TcpStream::connect(port.addr()).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            let listener = port.listen().unwrap();
            TcpStream::connect(port.addr()).await.unwrap();
            drop(listener);
        }
    }
}
