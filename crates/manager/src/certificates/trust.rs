//! Whom we trust when we are the client, as whom we show ourselves, and what a failed handshake means.
//!
//! Owns the client side's configuration for every kind of peer: instances now, whatever else the manager calls later.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, InvalidMessage, RootCertStore, SignatureScheme};
use rustls_pki_types::CertificateDer;

use super::pair::certificates;
use super::{Contents, Pair, provider};
use crate::clock;
use peegeeq_domain::time::Timestamp;

/// Reads a file of authorities. The error is a sentence.
pub fn authorities(setting: &'static str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    usable_authorities(&Contents::read(setting, path)?)
}

/// The authorities of a file, every one of which can be used.
pub fn usable_authorities(file: &Contents) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = certificates(file)?;
    let (usable, unusable) = RootCertStore::empty().add_parsable_certificates(found.iter().cloned());
    match unusable {
        0 => Ok(found),
        _ => Err(file.fault(format!("has {usable} usable and {unusable} unusable certificates of authorities"))),
    }
}

/// The configuration of a client that trusts the operating system's authorities and `extra`, and shows `identity` to who asks.
pub fn client_config(extra: &[CertificateDer<'static>], identity: Option<&Pair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "a root certificate of the operating system could not be read");
    }
    roots.add_parsable_certificates(native.certs);
    roots.add_parsable_certificates(extra.iter().cloned());
    if roots.is_empty() {
        tracing::warn!("no root certificates found: no https peer can be trusted; name its authority, such as with instance.tls.ca.file");
    }
    let versions = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    let trusting = versions.expect("the provider supports TLS 1.2 and 1.3").with_root_certificates(roots);
    let mut config = match identity {
        None => trusting.with_no_client_auth(),
        Some(pair) => trusting.with_client_cert_resolver(Arc::new(Always(pair.key.clone()))),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// Shows one certificate to whoever asks for one.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, _authorities: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Why no TLS connection with `place` came about, and what to do. `setting`: what names further authorities.
pub fn connection_sentence(place: &str, error: &io::Error, setting: &str) -> String {
    let Some(cause) = tls_error(error) else { return format!("TLS handshake with {place} failed: {error}") };
    match cause {
        Error::InvalidCertificate(fault) => certificate_sentence(place, fault, setting),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => {
            format!("no TLS with {place}: what answers there is not TLS; if it speaks plain http, use scheme http")
        }
        cause => {
            let hint = hint_of(error).map(|hint| format!("; {hint}")).unwrap_or_default();
            format!("TLS handshake with {place} failed: {cause}{hint}")
        }
    }
}

fn certificate_sentence(place: &str, fault: &CertificateError, setting: &str) -> String {
    let at = |time: rustls_pki_types::UnixTime| {
        clock::iso(Timestamp::from_epoch_millis(i64::try_from(time.as_secs()).unwrap_or(i64::MAX / 1000).saturating_mul(1000)))
    };
    match fault {
        CertificateError::Expired => format!("the certificate of {place} has expired: renew it there"),
        CertificateError::ExpiredContext { not_after, .. } => {
            format!("the certificate of {place} expired on {}: renew it there", at(*not_after))
        }
        CertificateError::NotValidYet => format!("the certificate of {place} is not valid yet: is a clock wrong?"),
        CertificateError::NotValidYetContext { not_before, .. } => {
            format!("the certificate of {place} is valid only from {}: is a clock wrong?", at(*not_before))
        }
        CertificateError::UnknownIssuer => {
            format!("the certificate of {place} comes from an authority that is not known here: set {setting} to that authority's file")
        }
        CertificateError::NotValidForName => {
            format!("the certificate of {place} is not valid for name of its host: use a name that it carries")
        }
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().take(5).map(String::as_str).collect();
            let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
            let expected = expected.to_str();
            format!(
                "the certificate of {place} is not valid for name {expected}; it carries {names}: use one of these, or have it made anew"
            )
        }
        CertificateError::Revoked => format!("the certificate of {place} was revoked: renew it there"),
        other => format!("the certificate of {place} is not accepted: {other}"),
    }
}

/// What to do about a connection that the other side refused to go on with, if it is about certificates.
pub fn hint_of(error: &io::Error) -> Option<&'static str> {
    use AlertDescription::{BadCertificate, CertificateExpired, CertificateRequired, CertificateUnknown, HandshakeFailure, UnknownCA};
    match tls_error(error)? {
        Error::AlertReceived(CertificateRequired | HandshakeFailure) => {
            Some("it may want a certificate of this manager: set instance.tls.cert.file and instance.tls.key.file")
        }
        Error::AlertReceived(BadCertificate | CertificateExpired | CertificateUnknown | UnknownCA) => {
            Some("it does not accept the certificate of this manager (instance.tls.cert.file)")
        }
        Error::AlertReceived(AlertDescription::ProtocolVersion) => Some("it does not speak TLS 1.2 or 1.3"),
        _ => None,
    }
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}
