//! Owns a simulated `peegeeq-rest` server as tests and the demo see it: starting, stopping, handles.
//! Does not own how it answers; that is in the modules below.

mod answering;
mod answers;
mod body;
pub(crate) mod canned;
mod changing;
mod endpoint;
pub(crate) mod fleet;
mod gate;
mod handle;
mod happening;
mod holdings;
mod ledger;
mod line;
mod memory;
pub(crate) mod mode;
mod prometheus;
mod samples;
pub(crate) mod script;
mod server;
mod shared;
mod sockets;
mod streams;
mod wire;
pub(crate) mod world;

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;

pub use handle::FakeInstanceHandle;
pub use holdings::Accepted;
pub use ledger::{Departure, SeenRequest};

use self::memory::Memory;
use self::server::Server;
use self::shared::Shared;
use self::world::{Setup, World};
use crate::net::ReservedPort;

/// Whose shapes an instance speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// As captured from today's servers.
    #[default]
    Current,
    /// As releases of the middle of 2025: shorter queue rows, an overview without setups.
    Mid2025,
    /// As the guide writes, which no release ever did.
    Guide,
}

/// How an instance starts.
#[derive(Clone, Debug)]
pub struct Options {
    /// Name for people; the server does not tell it.
    pub name: String,
    /// Address to listen on; port 0 means any free port.
    pub bind: SocketAddr,
    /// What its databases hold.
    pub world: World,
    /// Whose shapes it speaks.
    pub dialect: Dialect,
    /// Whether a restart loses the attached setups, as real instances do, or attaches them again at once.
    pub forget_setups_on_restart: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            name: "instance".to_owned(),
            bind: SocketAddr::from(([127, 0, 0, 1], 0)),
            world: World::empty(),
            dialect: Dialect::Current,
            forget_setups_on_restart: false,
        }
    }
}

impl Options {
    /// Options with a name and a world, on any free port of 127.0.0.1.
    #[must_use]
    pub fn named(name: &str, world: World) -> Self {
        Self { name: name.to_owned(), world, ..Self::default() }
    }

    /// The same with another address to listen on.
    #[must_use]
    pub fn bind(mut self, bind: SocketAddr) -> Self {
        self.bind = bind;
        self
    }

    /// The same with one setup more.
    #[must_use]
    pub fn setup(mut self, setup: Setup) -> Self {
        self.world.setups.push(setup);
        self
    }

    /// The same in another dialect.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The same, losing its setups at every restart.
    #[must_use]
    pub fn forget_setups_on_restart(mut self) -> Self {
        self.forget_setups_on_restart = true;
        self
    }

    /// Starts an instance with these options.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn start(self) -> io::Result<FakeInstance> {
        FakeInstance::start(self).await
    }
}

/// A simulated instance with its own listener. Dropping it stops it.
///
/// It can be used like its [`FakeInstanceHandle`], which it dereferences to.
pub struct FakeInstance {
    handle: FakeInstanceHandle,
    port: ReservedPort,
    server: Option<Server>,
    forget_setups_on_restart: bool,
}

impl FakeInstance {
    /// Options to start from; finish with [`Options::start`].
    #[must_use]
    pub fn builder() -> Options {
        Options::default()
    }

    /// Starts an instance. It answers when this returns.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on.
    pub async fn start(options: Options) -> io::Result<Self> {
        let port = ReservedPort::reserve(options.bind)?;
        let memory = Memory::new(options.world, options.dialect);
        let shared = Shared::new(options.name, memory);
        let mut instance = Self {
            handle: FakeInstanceHandle::new(shared, port.addr()),
            port,
            server: None,
            forget_setups_on_restart: options.forget_setups_on_restart,
        };
        instance.listen()?;
        Ok(instance)
    }

    /// A handle that can be cloned and outlive this value; it changes and reads, but does not keep it running.
    #[must_use]
    pub fn handle(&self) -> FakeInstanceHandle {
        self.handle.clone()
    }

    /// Whether it listens.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.server.is_some()
    }

    /// Ends it like `kill -9`: when this returns, new connections are refused and all old ones are closed, whatever
    /// they were doing. The port stays reserved.
    pub async fn stop(&mut self) {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
    }

    /// Starts it again on the same port, after stopping it if need be. The world and the mode are as before; what
    /// lives in memory only is new, and with `forget_setups_on_restart` no setup is attached.
    ///
    /// # Errors
    ///
    /// When the port cannot be listened on again.
    pub async fn restart_on_same_port(&mut self) -> io::Result<()> {
        self.stop().await;
        self.handle.shared.memory().restart(self.forget_setups_on_restart);
        self.listen()
    }

    fn listen(&mut self) -> io::Result<()> {
        let listener = self.port.listen()?;
        let shared = self.handle.shared.clone();
        self.server = Some(Server::start(listener, move |_| Some(shared.clone())));
        Ok(())
    }
}

impl Deref for FakeInstance {
    type Target = FakeInstanceHandle;

    fn deref(&self) -> &FakeInstanceHandle {
        &self.handle
    }
}
