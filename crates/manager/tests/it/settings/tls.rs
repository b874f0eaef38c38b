//! Instances that speak TLS, and whom the manager trusts.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::support::Plan;

/// A server that answers every request over TLS with `{"status":"UP"}`, and the authority that vouches for it, in PEM.
pub(crate) async fn instance() -> (SocketAddr, String) {
    let (acceptor, authority) = acceptor();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, acceptor));
    (address, authority)
}

/// What a server for `localhost` needs, and the authority that vouches for it, in PEM.
pub(crate) fn acceptor() -> (TlsAcceptor, String) {
    let mut authority = CertificateParams::new(Vec::<String>::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let certificate = CertificateParams::new(names).and_then(|parameters| parameters.signed_by(&key, &authority)).expect("a certificate");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
    (TlsAcceptor::from(Arc::new(config)), authority.pem())
}

async fn serve(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // Who does not trust us ends the handshake, and a tripwire never begins one.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            let mut request = [0; 4096];
            if stream.read(&mut request).await.is_ok() {
                let answer = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"status\":\"UP\"}";
                let _ = stream.write_all(answer).await;
                let _ = stream.shutdown().await;
            }
        });
    }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let (address, authority) = instance().await;
    let body = json!({"instanceId": "safe", "host": "localhost", "port": address.port(), "scheme": "https"});
    let trusting = Plan::new().file("ca.pem", &authority).with("-Dinstance.tls.ca.file=ca.pem").start().await;
    trusting.register(&body).await;
    trusting.wait_for_status("safe", "healthy").await;
    assert_eq!(trusting.row("safe").await["baseUrl"], format!("https://localhost:{}", address.port()));
    let found = trusting.get("/api/v1/instances/safe/health").await.json();
    assert!(found["phases"]["tlsMs"].is_number(), "{found}");
    let doubting = Plan::new().start().await;
    doubting.register(&body).await;
    let row = doubting.wait_for_status("safe", "unhealthy").await;
    assert!(row["statusReason"].as_str().is_some_and(|reason| reason.to_lowercase().contains("certificate")), "{row}");
}
