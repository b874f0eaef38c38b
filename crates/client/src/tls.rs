//! TLS towards the manager: the system's authorities and one file more.
//!
//! Loads authorities at the first use, so that a client of a plain manager never reads them.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Error;
use crate::server::Server;

/// Makes TLS connections.
#[derive(Debug, Default)]
pub(crate) struct Tls {
    extra: Vec<CertificateDer<'static>>,
    config: OnceLock<Arc<ClientConfig>>,
}

impl Tls {
    /// Reads the extra authorities at once, so that a wrong file is told before anything is sent.
    pub(crate) fn new(ca_file: Option<&PathBuf>) -> Result<Self, Error> {
        let extra = ca_file.map(|file| authorities_in(file)).transpose()?.unwrap_or_default();
        Ok(Self { extra, config: OnceLock::new() })
    }

    /// Shakes hands over `tcp`. The error is a sentence.
    pub(crate) async fn shake_hands(&self, server: &Server, tcp: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let name =
            ServerName::try_from(server.host.clone()).map_err(|_| format!("{} is no name that a certificate can carry", server.host))?;
        let connector = TlsConnector::from(self.config.get_or_init(|| Arc::new(self.build())).clone());
        connector.connect(name, tcp).await.map_err(|error| format!("no TLS with it: {}", refusal(&error)))
    }

    fn build(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        roots.add_parsable_certificates(self.extra.iter().cloned());
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let mut config = versions.expect("the provider supports TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        config
    }
}

/// What happened, and what to do. The words are for whoever called: files and names that they can change.
fn refusal(error: &std::io::Error) -> String {
    use rustls::{AlertDescription, CertificateError as Fault, Error as Tls, InvalidMessage};
    let cause = error.get_ref().and_then(|cause| cause.downcast_ref::<Tls>());
    match cause {
        Some(Tls::InvalidCertificate(Fault::UnknownIssuer)) => {
            "its certificate comes from an authority that is not known here; give that authority's PEM file (--ca-file, PEEGEEQ_CA_FILE, or in a context)"
                .to_owned()
        }
        Some(Tls::InvalidCertificate(Fault::Expired | Fault::ExpiredContext { .. })) => {
            "its certificate has expired; renew it where the manager runs (server.tls.cert.file)".to_owned()
        }
        Some(Tls::InvalidCertificate(Fault::NotValidYet | Fault::NotValidYetContext { .. })) => {
            "its certificate is not valid yet; is a clock wrong?".to_owned()
        }
        Some(Tls::InvalidCertificate(Fault::NotValidForNameContext { presented, .. })) => {
            format!("its certificate is not for this name but for {}; use one of these in the address", presented.join(", "))
        }
        Some(Tls::InvalidMessage(InvalidMessage::InvalidContentType)) => "it does not speak TLS; use http:// in its address".to_owned(),
        Some(Tls::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::HandshakeFailure)) => {
            "it wants a certificate of its clients, which this one does not have".to_owned()
        }
        _ => error.to_string(),
    }
}

fn authorities_in(file: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |what: &str| Error::Usage(format!("cannot use the authorities in {}: {what}", file.display()));
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => Err(wrong("it holds no certificate in PEM form")),
        Ok(found) => Ok(found),
        Err(error) => Err(wrong(&error.to_string())),
    }
}
