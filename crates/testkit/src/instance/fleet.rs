//! Owns many simulated instances behind one listener: each has its own loopback address and the common port.
//! Does not own how one instance answers.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use super::memory::Memory;
use super::server::Server;
use super::shared::Shared;
use super::world::World;
use super::{Dialect, FakeInstanceHandle};
use crate::net::ReservedPort;

/// The address of the first instance; the others follow one by one.
const FIRST: u32 = u32::from_be_bytes([127, 1, 0, 1]);

/// How a fleet starts.
#[derive(Clone, Debug)]
pub struct FleetOptions {
    /// Common port; 0 means any free one.
    pub port: u16,
    /// Every instance starts with a copy of this world.
    pub world: World,
    /// Whose shapes all speak.
    pub dialect: Dialect,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { port: 0, world: World::empty(), dialect: Dialect::Current }
    }
}

impl FleetOptions {
    /// A fleet on any free port whose instances all start with this world.
    #[must_use]
    pub fn of(world: World) -> Self {
        Self { world, ..Self::default() }
    }
}

/// Many instances on one port, each under its own address 127.1.0.1, 127.1.0.2, … (Linux accepts them all without
/// configuration). The local address of a connection picks the instance. Dropping the fleet stops it.
///
/// One listener cannot refuse connections for a single instance; [`super::mode::Mode::Reset`] comes closest.
pub struct FakeFleet {
    handles: Arc<[FakeInstanceHandle]>,
    port: u16,
    server: Server,
}

impl FakeFleet {
    /// Starts `count` instances `fleet-00000` … They answer when this returns.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on.
    pub async fn start(count: usize, options: FleetOptions) -> io::Result<Self> {
        let any = SocketAddr::from((Ipv4Addr::UNSPECIFIED, options.port));
        let port = ReservedPort::reserve(any)?;
        let number = port.addr().port();
        let handles: Arc<[_]> = (0..count).map(|index| member(index, number, &options)).collect();
        let members = handles.clone();
        let find = move |local: SocketAddr| index_of(local).and_then(|index| members.get(index)).map(shared);
        let server = Server::start(port.listen()?, find);
        Ok(Self { handles, port: number, server })
    }

    /// The common port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many instances there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// Whether there is no instance at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// One instance, counted from 0.
    ///
    /// # Panics
    ///
    /// When there are fewer.
    #[must_use]
    pub fn handle(&self, index: usize) -> &FakeInstanceHandle {
        &self.handles[index]
    }

    /// All instances.
    pub fn handles(&self) -> impl Iterator<Item = &FakeInstanceHandle> {
        self.handles.iter()
    }

    /// Requests of all instances on paths that start with `prefix`.
    #[must_use]
    pub fn hits(&self, prefix: &str) -> u64 {
        self.handles().map(|handle| handle.hits(prefix)).sum()
    }

    /// Ends all instances like `kill -9`.
    pub async fn stop(self) {
        self.server.stop().await;
    }
}

fn member(index: usize, port: u16, options: &FleetOptions) -> FakeInstanceHandle {
    let memory = Memory::new(options.world.clone(), options.dialect);
    let shared = Shared::new(format!("fleet-{index:05}"), memory);
    let address = Ipv4Addr::from(FIRST.saturating_add(u32::try_from(index).unwrap_or(u32::MAX)));
    FakeInstanceHandle::new(shared, SocketAddr::from((address, port)))
}

fn shared(handle: &FakeInstanceHandle) -> Arc<Shared> {
    handle.shared.clone()
}

fn index_of(local: SocketAddr) -> Option<usize> {
    let IpAddr::V4(address) = local.ip() else {
        return None;
    };
    usize::try_from(u32::from(address).checked_sub(FIRST)?).ok()
}
