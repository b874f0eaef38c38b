//! Certificates made for a test, clients that trust them, and instances behind TLS.
//!
//! Owns making and trusting. Does not own what is expected of who shows them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use peegeeq_testkit::{Reply, secs};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// Who vouches for certificates.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key, in PEM.
#[derive(Clone)]
pub(crate) struct Made {
    pub(crate) cert: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::<String>::new()).expect("parameters");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self { issuer: CertifiedIssuer::self_signed(parameters, KeyPair::generate().expect("a key")).expect("an authority") }
    }

    pub(crate) fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A certificate for this machine.
    pub(crate) fn pair(&self) -> Made {
        self.pair_of(|_| {})
    }

    /// The same, changed.
    pub(crate) fn pair_of(&self, change: impl FnOnce(&mut CertificateParams)) -> Made {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "m.example".to_owned()];
        let mut parameters = CertificateParams::new(names).expect("parameters");
        change(&mut parameters);
        let key = KeyPair::generate().expect("a key");
        let cert = parameters.signed_by(&key, &self.issuer).expect("a certificate").pem();
        Made { cert, key: key.serialize_pem() }
    }

    /// One that began and ends so many days from now.
    pub(crate) fn pair_for(&self, from: i64, to: i64) -> Made {
        let day = |days: i64| {
            std::time::SystemTime::now() + std::time::Duration::from_secs(4_000 * 86_400)
                - std::time::Duration::from_secs(((4_000 - days) * 86_400).unsigned_abs())
        };
        self.pair_of(|parameters| {
            parameters.not_before = day(from).into();
            parameters.not_after = day(to).into();
        })
    }
}

impl Made {
    /// Writes `cert.pem` and `key.pem`.
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::write(folder.join("cert.pem"), &self.cert).expect("a file");
        std::fs::write(folder.join("key.pem"), &self.key).expect("a file");
    }

    fn chain(&self) -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(self.cert.as_bytes()).collect::<Result<_, _>>().expect("certificates")
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::from_pem_slice(self.key.as_bytes()).expect("a key")
    }
}

/// A client that trusts one authority.
#[derive(Clone)]
pub(crate) struct Trust(Arc<ClientConfig>);

fn roots(authority: &Authority) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).expect("a certificate")).expect("an authority");
    roots
}

impl Trust {
    pub(crate) fn of(authority: &Authority) -> Self {
        Self::made(authority, None, rustls::ALL_VERSIONS)
    }

    /// One that speaks only these versions, and shows a certificate if it has one.
    pub(crate) fn made(authority: &Authority, own: Option<&Made>, versions: &[&'static rustls::SupportedProtocolVersion]) -> Self {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).expect("versions");
        let builder = builder.with_root_certificates(roots(authority));
        let config = match own {
            Some(made) => builder.with_client_auth_cert(made.chain(), made.key()).expect("a pair"),
            None => builder.with_no_client_auth(),
        };
        Self(Arc::new(config))
    }

    pub(crate) fn config(&self) -> Arc<ClientConfig> {
        self.0.clone()
    }

    /// A connection, over which `protocols` are offered.
    pub(crate) async fn connect(&self, address: SocketAddr, protocols: &[&str]) -> std::io::Result<TlsStream<TcpStream>> {
        let mut config = (*self.0).clone();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let tcp = TcpStream::connect(address).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::IpAddress(address.ip().into()), tcp).await
    }

    /// One request over HTTP/1.1.
    pub(crate) async fn ask(&self, address: SocketAddr, method: Method, path: &str, headers: &[(&str, &str)], body: Bytes) -> Reply {
        let stream = self.connect(address, &["http/1.1"]).await.unwrap_or_else(|error| panic!("no TLS: {error}"));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.expect("HTTP");
        tokio::spawn(connection.with_upgrades());
        let mut request = http::Request::builder().method(method).uri(path).header("host", address.to_string());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        read(sender.send_request(request.body(Full::new(body)).expect("a request")).await).await
    }

    /// A connection that speaks HTTP/2.
    pub(crate) async fn http2(&self, address: SocketAddr) -> Http2 {
        let stream = self.connect(address, &["h2"]).await.unwrap_or_else(|error| panic!("no TLS: {error}"));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.expect("HTTP/2");
        tokio::spawn(connection);
        Http2 { sender, authority: address.to_string() }
    }
}

/// An open connection of HTTP/2.
#[derive(Clone)]
pub(crate) struct Http2 {
    pub(crate) sender: http2::SendRequest<Full<Bytes>>,
    authority: String,
}

impl Http2 {
    /// One request. `uri`: a path, or a whole one to claim another authority.
    pub(crate) async fn ask(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        read(self.send(method, uri, headers, body).await).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        uri: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> hyper::Result<http::Response<hyper::body::Incoming>> {
        let uri = if uri.starts_with('/') { format!("https://{}{uri}", self.authority) } else { uri.to_owned() };
        let mut request = http::Request::builder().method(method).uri(uri).version(http::Version::HTTP_2);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(Bytes::from(body.to_owned()))).expect("a request");
        self.sender.clone().send_request(request).await
    }
}

async fn read(answer: hyper::Result<http::Response<hyper::body::Incoming>>) -> Reply {
    let (head, body) = answer.expect("an answer").into_parts();
    let body = tokio::time::timeout(secs(20), body.collect()).await.expect("in time").expect("a body").to_bytes();
    Reply { status: head.status, headers: head.headers, body }
}

/// Speaks TLS before a server that does not: gives the address where it does.
pub(crate) async fn before(server: SocketAddr, made: &Made, asks: Option<&Authority>) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().expect("versions");
    let builder = match asks {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots(authority)), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(made.chain(), made.key()).expect("a pair")));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let Ok(mut inside) = TcpStream::connect(server).await else { return };
                let _ = tokio::io::copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    address
}
