//! TLS towards instances: whose certificates are trusted, and the handshake.
//!
//! Owns the client configuration, built at the first use so that a manager of plain instances never loads root
//! certificates. Does not own when TLS is used: the scheme of the endpoint says so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use peegeeq_domain::health::FailureKind;
use peegeeq_domain::instance::Endpoint;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Deadline, Failure, Stream};

/// Whose certificates are trusted beside those that the operating system trusts.
#[derive(Clone, Debug, Default)]
pub struct TlsSettings {
    /// PEM file with further certificate authorities (`instance.tls.ca.file`).
    pub extra_ca_file: Option<PathBuf>,
}

/// Makes TLS connections.
#[derive(Debug)]
pub(super) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads the extra authorities at once, so that a wrong file is told at start. The error says what is wrong with it.
    pub(super) fn new(settings: &TlsSettings) -> Result<Self, String> {
        let extra = settings.extra_ca_file.as_deref().map(authorities_in).transpose()?;
        Ok(Self { extra: extra.unwrap_or_default(), config: OnceLock::new() })
    }

    /// Shakes hands over `tcp`.
    pub(super) async fn shake_hands(&self, endpoint: &Endpoint, tcp: TcpStream, deadline: Deadline) -> Result<Stream, Failure> {
        let place = endpoint.authority();
        let name = server_name(endpoint).ok_or_else(|| {
            Failure::new(FailureKind::Tls, format!("TLS with {place} is not possible: the host is no name that a certificate can carry"))
        })?;
        let connector = TlsConnector::from(self.config.get_or_init(|| Arc::new(self.build())).clone());
        match deadline.or_none(connector.connect(name, tcp)).await {
            Some(Ok(stream)) => Ok(Stream::Tls(Box::new(stream))),
            Some(Err(error)) => Err(Failure::new(FailureKind::Tls, refusal(&place, &error))),
            None => {
                let sentence = format!("TLS handshake with {place} not finished after {}ms", deadline.allowed_millis());
                Err(Failure::new(FailureKind::Timeout, sentence))
            }
        }
    }

    fn build(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        let native = rustls_native_certs::load_native_certs();
        for error in &native.errors {
            tracing::warn!(%error, "a root certificate of the operating system could not be read");
        }
        roots.add_parsable_certificates(native.certs);
        roots.add_parsable_certificates(self.extra.iter().cloned());
        if roots.is_empty() {
            tracing::warn!("no root certificates found: no https instance can be trusted; set instance.tls.ca.file");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = versions.expect("the provider supports TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

fn server_name(endpoint: &Endpoint) -> Option<ServerName<'static>> {
    match endpoint.host.address() {
        Some(address) => Some(ServerName::IpAddress(address.into())),
        None => ServerName::try_from(endpoint.host.as_str().trim_end_matches('.').to_owned()).ok(),
    }
}

fn authorities_in(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let fault = |error: &dyn std::fmt::Display| format!("instance.tls.ca.file {} cannot be read: {error}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| fault(&error))?;
    let certificates: Vec<_> = certificates.collect::<Result<_, _>>().map_err(|error| fault(&error))?;
    let mut trial = RootCertStore::empty();
    let (usable, unusable) = trial.add_parsable_certificates(certificates.iter().cloned());
    if usable == 0 || unusable > 0 {
        return Err(fault(&format!("{usable} usable and {unusable} unusable certificates in it")));
    }
    Ok(certificates)
}

fn refusal(place: &str, error: &std::io::Error) -> String {
    use rustls::CertificateError::UnknownIssuer;
    let cause = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let unknown = matches!(cause, Some(rustls::Error::InvalidCertificate(UnknownIssuer)));
    let hint = if unknown { "; its authority is unknown: set instance.tls.ca.file" } else { "" };
    format!("TLS handshake with {place} failed: {error}{hint}")
}
