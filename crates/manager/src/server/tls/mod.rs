//! HTTPS: the certificate that the server shows, and the handshake before the first request.
//!
//! Owns which certificate is shown at present, taking new files without losing a connection, the limits of handshakes, and what who
//! speaks plain HTTP is told. Each handshake is done by the worker that accepted the connection. Does not own requests.

mod accept;
mod load;
mod reload;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use peegeeq_domain::time::Timestamp;
use tokio::sync::{Notify, Semaphore};

pub(super) use accept::{Accepted, accept};
use load::Loaded;
pub use reload::follow;

use crate::certificates::Facts;
use crate::clock;

/// The setting of the file with the certificate and its chain.
const CERT_FILE: &str = "server.tls.cert.file";
/// The setting of the file with its key.
const KEY_FILE: &str = "server.tls.key.file";
/// The setting of the file with the authorities of clients.
const CLIENT_CA_FILE: &str = "server.tls.client.ca.file";

/// How TLS is spoken. Read once at start; the files are read again when they change.
#[derive(Clone, Debug)]
pub struct TlsServerSettings {
    /// PEM: the own certificate, then its chain (`server.tls.cert.file`).
    pub cert_file: PathBuf,
    /// PEM: its key (`server.tls.key.file`).
    pub key_file: PathBuf,
    /// PEM: authorities of which a client must show a certificate; none asks for none (`server.tls.client.ca.file`).
    pub client_ca_file: Option<PathBuf>,
    /// Whether TLS 1.2 is refused (`server.tls.min.version`).
    pub only_tls13: bool,
    /// Whether HTTP/2 is offered (`server.http2.enabled`).
    pub http2: bool,
    /// Longest time for a handshake (`server.tls.handshake.timeout`).
    pub handshake_timeout: Duration,
    /// Most handshakes being worked on; more wait (`server.tls.handshakes.max`).
    pub handshakes_max: usize,
    /// How often the files are looked at; zero only when asked (`server.tls.reload.interval`).
    pub reload_interval: Duration,
    /// How long before its end a certificate is complained about (`tls.expiry.warning`).
    pub expiry_warning: Duration,
}

/// The server's side of TLS, shared by all workers.
#[derive(Debug)]
pub struct ServerTls {
    settings: TlsServerSettings,
    loaded: ArcSwap<Loaded>,
    /// What is wrong with the files since they changed.
    fault: ArcSwapOption<String>,
    looked_at: AtomicI64,
    permits: Semaphore,
    asked: Notify,
}

/// How the server's certificate stands, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateStatus {
    /// The file it came from.
    pub file: PathBuf,
    /// What it says.
    pub facts: Facts,
    /// When it was taken from its file.
    pub loaded_at: Timestamp,
    /// When the files were last looked at.
    pub looked_at: Timestamp,
    /// Why it is to be renewed, if it is.
    pub ending: Option<String>,
    /// What is wrong with the files that were to replace it.
    pub fault: Option<String>,
    /// Whether clients must show a certificate.
    pub asks_clients: bool,
}

impl CertificateStatus {
    /// What is wrong, in sentences that tell no paths: anybody may read them.
    pub fn briefly(&self) -> impl Iterator<Item = String> {
        let ending = self.ending.iter().map(|ending| format!("the certificate {ending}"));
        let kept = "the earlier certificate is kept, because the new files cannot be used: /health/detail and the log say why";
        ending.chain(self.fault.iter().map(move |_| kept.to_owned()))
    }

    /// What is wrong, with all that is known.
    pub fn complaints(&self) -> Vec<String> {
        let ending = self.ending.iter().map(|ending| format!("the certificate in {} {ending}", self.file.display()));
        let kept = |fault| format!("the earlier certificate is kept, because the new files cannot be used: {fault}");
        ending.chain(self.fault.iter().map(kept)).collect()
    }
}

impl ServerTls {
    /// Reads the files. The error is a sentence.
    pub fn open(settings: TlsServerSettings) -> Result<Arc<Self>, String> {
        let loaded = Loaded::read(&settings)?;
        let permits = Semaphore::new(settings.handshakes_max.clamp(1, Semaphore::MAX_PERMITS));
        let now = AtomicI64::new(clock::wall().epoch_millis());
        let (loaded, fault) = (ArcSwap::from_pointee(loaded), ArcSwapOption::empty());
        Ok(Arc::new(Self { settings, loaded, fault, looked_at: now, permits, asked: Notify::new() }))
    }

    /// Has the files looked at now.
    pub fn look_again(&self) {
        self.asked.notify_one();
    }

    /// How the certificate stands now.
    pub fn status(&self) -> CertificateStatus {
        let loaded = self.loaded.load();
        let file = &self.settings.cert_file;
        CertificateStatus {
            file: file.clone(),
            facts: loaded.facts.clone(),
            loaded_at: loaded.at,
            looked_at: Timestamp::from_epoch_millis(self.looked_at.load(Ordering::Relaxed)),
            ending: loaded.facts.complaint(clock::wall(), self.settings.expiry_warning),
            fault: self.fault.load().as_deref().cloned(),
            asks_clients: self.settings.client_ca_file.is_some(),
        }
    }
}
