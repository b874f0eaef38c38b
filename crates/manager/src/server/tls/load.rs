//! From files to what handshakes are made with.

use std::sync::Arc;

use peegeeq_domain::time::Timestamp;
use rustls::server::{NoClientAuth, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig};

use super::{CERT_FILE, CLIENT_CA_FILE, KEY_FILE, TlsServerSettings};
use crate::certificates::{Contents, Facts, Pair, is_readable_by_all, provider, usable_authorities};
use crate::clock;

/// One reading of the files that could be used.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) config: Arc<ServerConfig>,
    pub(super) facts: Facts,
    /// What was read, to see whether it changed.
    pub(super) files: Vec<Contents>,
    pub(super) at: Timestamp,
}

impl Loaded {
    /// Reads the files. The error is a sentence.
    pub(super) fn read(settings: &TlsServerSettings) -> Result<Self, String> {
        Self::of(settings, files(settings)?)
    }

    /// Makes of the files what handshakes need. Tickets of an earlier reading are worth nothing to a later one.
    pub(super) fn of(settings: &TlsServerSettings, files: Vec<Contents>) -> Result<Self, String> {
        let [chain, key, authorities @ ..] = &files[..] else { return Err(format!("{CERT_FILE} and {KEY_FILE} are both needed")) };
        let pair = Pair::read(chain, key)?;
        let versions: &[_] = if settings.only_tls13 { &[&TLS13] } else { &[&TLS13, &TLS12] };
        let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(versions);
        let builder = builder.map_err(|error| format!("TLS cannot be set up: {error}"))?;
        let verifier = match authorities.first() {
            None => Arc::new(NoClientAuth),
            Some(authorities) => verifier(authorities)?,
        };
        let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(SingleCertAndKey::from(pair.key)));
        let protocols: &[&[u8]] = if settings.http2 { &[b"h2", b"http/1.1"] } else { &[b"http/1.1"] };
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        // One ticket is enough for a client to come back; each costs a message in every handshake.
        config.send_tls13_tickets = 1;
        match rustls::crypto::aws_lc_rs::Ticketer::new() {
            Ok(ticketer) => config.ticketer = ticketer,
            Err(error) => tracing::warn!(%error, "clients that come back make whole handshakes: {error}"),
        }
        Ok(Self { config: Arc::new(config), facts: pair.facts, files, at: clock::wall() })
    }

    /// Tells the log what is odd about them.
    pub(super) fn tell_oddities(&self, settings: &TlsServerSettings) {
        if is_readable_by_all(&settings.key_file) {
            let file = settings.key_file.display();
            tracing::warn!("every user of this machine may read the key {file} ({KEY_FILE}): take it from them with 'chmod o-r {file}'");
        }
    }
}

/// The files that the settings name: chain, key, and authorities of clients if any.
pub(super) fn files(settings: &TlsServerSettings) -> Result<Vec<Contents>, String> {
    let mut files = vec![Contents::read(CERT_FILE, &settings.cert_file)?, Contents::read(KEY_FILE, &settings.key_file)?];
    if let Some(file) = &settings.client_ca_file {
        files.push(Contents::read(CLIENT_CA_FILE, file)?);
    }
    Ok(files)
}

fn verifier(authorities: &Contents) -> Result<Arc<dyn rustls::server::danger::ClientCertVerifier>, String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(usable_authorities(authorities)?);
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    verifier.map(|verifier| verifier as _).map_err(|error| format!("{CLIENT_CA_FILE} cannot be used: {error}"))
}
