//! A certificate with its chain, and the key that belongs to it.

use std::sync::Arc;

use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Contents, Facts, provider};

/// A pair that fits together.
#[derive(Clone, Debug)]
pub struct Pair {
    /// For handshakes.
    pub key: Arc<CertifiedKey>,
    /// What its certificate says.
    pub facts: Facts,
}

impl Pair {
    /// Reads a chain, the server's or client's own certificate first, and the key. The error is a sentence.
    pub fn read(chain: &Contents, key: &Contents) -> Result<Self, String> {
        let certificates = certificates(chain)?;
        let facts = Facts::of(&certificates[0]).map_err(|why| chain.fault(format!("cannot be used: {why}")))?;
        let private = PrivateKeyDer::from_pem_slice(&key.bytes).map_err(|error| key.fault(no_key(&error, &key.bytes)))?;
        match CertifiedKey::from_der(certificates, private, &provider()) {
            Ok(pair) => Ok(Self { key: Arc::new(pair), facts }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(key.fault(format!(
                "is not the key of the certificate in {} ({}): give the two that belong together; the own certificate stands first in its file",
                chain.path.display(),
                chain.setting
            ))),
            Err(rustls::Error::InvalidCertificate(why)) => Err(chain.fault(format!("cannot be used: {why}"))),
            Err(error) => Err(key.fault(format!("cannot be used: {error}"))),
        }
    }
}

/// The certificates of a file: at least one.
pub(super) fn certificates(file: &Contents) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&file.bytes).collect();
    match read {
        Ok(read) if read.is_empty() => Err(file.fault("holds no certificate in PEM form ('-----BEGIN CERTIFICATE-----')")),
        Ok(read) => Ok(read),
        Err(error) => Err(file.fault(format!("is no PEM file: {error}"))),
    }
}

fn no_key(error: &pem::Error, bytes: &[u8]) -> String {
    let has = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    if has(b"ENCRYPTED") {
        return "holds a key that is protected by a password; write it without one: 'openssl pkey -in KEY -out PLAIN'".to_owned();
    }
    match error {
        pem::Error::NoItemsFound => "holds no private key in PEM form (PKCS#8, PKCS#1 or SEC1)".to_owned(),
        error => format!("is no PEM file of a private key: {error}"),
    }
}
