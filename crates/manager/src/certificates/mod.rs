//! Certificates and keys in files: read, checked, and told about in sentences.
//!
//! Owns what every side of TLS needs: PEM files (chains; keys in PKCS#8, PKCS#1 and SEC1), what a certificate says of itself, and when
//! it is time to renew it. Does not own connections: the server's are in `server::tls`, those to instances in `net::tls`.

mod facts;
mod files;
mod pair;
mod trust;

pub use facts::{Facts, Standing};
pub use files::{Contents, is_readable_by_all};
pub use pair::Pair;
pub use trust::{authorities, client_config, connection_sentence, hint_of, usable_authorities};

/// What TLS here is made with.
pub fn provider() -> std::sync::Arc<rustls::crypto::CryptoProvider> {
    std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

#[cfg(test)]
mod tests;
