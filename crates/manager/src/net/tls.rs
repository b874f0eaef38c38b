//! TLS towards instances: whose certificates are trusted, and the handshake.
//!
//! Owns the client configuration, built at the first use so that a manager of plain instances never loads root
//! certificates. Does not own when TLS is used: the scheme of the endpoint says so; nor what files and certificates mean
//! (`certificates`).

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::Endpoint;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Deadline, Failure, Stream};
use crate::certificates::{Contents, Pair, authorities, client_config, connection_sentence};

/// The setting of further authorities.
const CA_FILE: &str = "instance.tls.ca.file";

/// Whose certificates are trusted beside those that the operating system trusts.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// PEM file with further certificate authorities (`instance.tls.ca.file`).
    pub extra_ca_file: Option<PathBuf>,
    /// PEM files of the certificate that the manager shows to who asks for one, and of its key (`instance.tls.cert.file`,
    /// `instance.tls.key.file`).
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// Makes TLS connections.
#[derive(Debug)]
pub(super) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    identity: Option<Pair>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads the files at once, so that a wrong one is told at start. The error says what is wrong with it.
    pub(super) fn new(settings: &TlsSettings) -> Result<Self, String> {
        let extra = settings.extra_ca_file.as_deref().map(|file| authorities(CA_FILE, file)).transpose()?;
        let pair = |(cert, key): &(PathBuf, PathBuf)| {
            Pair::read(&Contents::read("instance.tls.cert.file", cert)?, &Contents::read("instance.tls.key.file", key)?)
        };
        let identity = settings.identity.as_ref().map(pair).transpose()?;
        Ok(Self { extra: extra.unwrap_or_default(), identity, config: OnceLock::new() })
    }

    /// Shakes hands over `tcp`.
    pub(super) async fn shake_hands(&self, endpoint: &Endpoint, tcp: TcpStream, deadline: Deadline) -> Result<Stream, Failure> {
        let place = endpoint.authority();
        let name = server_name(endpoint).ok_or_else(|| {
            Failure::new(FailureKind::Tls, format!("TLS with {place} is not possible: the host is no name that a certificate can carry"))
        })?;
        let connector =
            TlsConnector::from(self.config.get_or_init(|| Arc::new(client_config(&self.extra, self.identity.as_ref()))).clone());
        match deadline.or_none(connector.connect(name, tcp)).await {
            Some(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
            Some(Err(error)) => Err(Failure::new(FailureKind::Tls, connection_sentence(&place, &error, CA_FILE))),
            None => {
                let sentence = format!(
                    "TLS handshake with {place} not finished after {}ms; if it speaks plain http there, use scheme http",
                    deadline.allowed_millis()
                );
                Err(Failure::new(FailureKind::Timeout, sentence))
            }
        }
    }
}

fn server_name(endpoint: &Endpoint) -> Option<ServerName<'static>> {
    match endpoint.host.address() {
        Some(address) => Some(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(endpoint.host.as_str().trim_end_matches('.').to_owned()).ok(),
    }
}
