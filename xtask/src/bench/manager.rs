//! The manager under measurement: the real release binary as a process of its own, in a folder of its own.
//!
//! Owns starting it on a free port, waiting for its first answer, and ending it. Dropping it kills it and removes the
//! folder.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{Bench, machine};

const LONGEST_START: Duration = Duration::from_secs(20);
const BETWEEN_KNOCKS: Duration = Duration::from_micros(200);

/// A folder under `target/bench`, on the disk the project lies on; removed when dropped.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// A new empty folder.
    pub(super) fn new(bench: &Bench) -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = bench.root.join(format!("target/bench/{}-{number}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("xtask: {} is left behind: {error}", self.0.display());
        }
    }
}

/// A running manager.
#[derive(Debug)]
pub(super) struct Manager {
    child: Child,
    address: SocketAddr,
    /// From the start of the process to its first 200.
    pub(super) started_in: Duration,
}

impl Manager {
    /// Starts `program` with its data in `folder`, every other setting as it is by default, and waits for its first 200.
    pub(super) fn start(program: &Path, folder: &Folder) -> Result<Self, String> {
        Self::start_with(program, folder, &[], b"HTTP/1.1 200")
    }

    /// The same with more arguments. `first`: how its answer to a question in plain HTTP begins, which over TLS is a refusal.
    pub(super) fn start_with(program: &Path, folder: &Folder, arguments: &[String], first: &[u8; 12]) -> Result<Self, String> {
        let address = free_address()?;
        let log = File::create(folder.path().join("manager.log")).map_err(|error| format!("log: {error}"))?;
        let mut command = Command::new(program);
        command
            .arg(format!("-Dservice.port={}", address.port()))
            .arg(format!("-Ddata.dir={}", folder.path().join("data").display()))
            .args(arguments)
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stderr(log.try_clone().map_err(|error| format!("log: {error}"))?)
            .stdout(log);
        let began = Instant::now();
        let child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
        let mut manager = Self { child, address, started_in: Duration::ZERO };
        while !manager.knock(first) {
            manager.still_runs(folder)?;
            if began.elapsed() > LONGEST_START {
                return Err(format!("the manager did not answer within {LONGEST_START:?}"));
            }
            std::thread::sleep(BETWEEN_KNOCKS);
        }
        manager.started_in = began.elapsed();
        Ok(manager)
    }

    fn knock(&self, first: &[u8; 12]) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.address) else { return false };
        let asked = stream.write_all(b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        let mut head = [0_u8; 12];
        asked.and_then(|()| stream.read_exact(&mut head)).is_ok() && head == *first
    }

    fn still_runs(&mut self, folder: &Folder) -> Result<(), String> {
        match self.child.try_wait() {
            Ok(None) => Ok(()),
            ended => {
                let log = fs::read_to_string(folder.path().join("manager.log")).unwrap_or_default();
                Err(format!("the manager ended at its start ({ended:?}): {log}"))
            }
        }
    }

    /// A URL of this manager; `path` begins with a slash.
    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Where it listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Processor time it has used so far.
    pub(super) fn cpu(&self) -> Result<Duration, String> {
        machine::cpu(self.pid())
    }

    /// Ends it as a power cut ends a process.
    pub(super) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // It may have ended by itself: then there is nobody to kill, and waiting collects it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        self.end();
    }
}

/// A loopback address that nobody listens on at the moment.
pub(super) fn free_address() -> Result<SocketAddr, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| format!("no free port: {error}"))?;
    listener.local_addr().map_err(|error| format!("no free port: {error}"))
}
