//! What is dialled, what is not, and what is said about it.

use peegeeq_domain::health::FailureKind;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use super::*;

async fn refused(dialer: &Dialer, host: &str) -> Failure {
    dialer.dial(&endpoint(host, 9), Deadline::within(PATIENT), &mut Phases::default()).await.unwrap_err()
}

#[tokio::test]
async fn no_spelling_of_a_forbidden_address_is_dialled() {
    let dialer = dialer();
    for host in [
        "169.254.169.254",
        "169.254.1.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "::",
        "fe80::1",
        "ff02::1",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "0:0:0:0:0:ffff:169.254.169.254",
        "64:ff9b::169.254.169.254",
        "2002:a9fe:a9fe::",
        "fd00:ec2::254",
        "100.100.100.200",
    ] {
        let failure = refused(&dialer, host).await;
        assert_eq!(failure.kind, FailureKind::Forbidden, "{host}: {failure}");
    }
    let said = refused(&dialer, "169.254.169.254").await.sentence;
    assert_eq!(said, "address 169.254.169.254 is a link-local address and is not dialled; allow it with security.instance.networks");
}

#[tokio::test]
async fn allowed_networks_lift_the_refusal_for_their_addresses_only() {
    // 0.0.0.0 reaches this host on Linux, so that a lifted refusal shows as a refused connection.
    let dialer = dialer_with(&["0.0.0.0/32"], None);
    assert_eq!(refused(&dialer, "0.0.0.0").await.kind, FailureKind::Refused);
    assert_eq!(refused(&dialer, "::ffff:0.0.0.0").await.kind, FailureKind::Refused, "another spelling of the same");
    assert_eq!(refused(&dialer, "0.0.0.1").await.kind, FailureKind::Forbidden);
    assert_eq!(refused(&dialer, "169.254.169.254").await.kind, FailureKind::Forbidden);
}

#[tokio::test]
async fn names_are_resolved_and_timed() {
    let tasks = tasks();
    let port = canned(&tasks, b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let mut phases = Phases::default();
    dialer().dial(&endpoint("localhost", port), Deadline::within(PATIENT), &mut phases).await.unwrap();
    assert!(phases.dns.is_some() && phases.connect.is_some() && phases.tls.is_none());
    let mut phases = Phases::default();
    dialer().dial(&endpoint("127.0.0.1", port), Deadline::within(PATIENT), &mut phases).await.unwrap();
    assert_eq!(phases.dns, None);
}

#[tokio::test]
async fn failures_say_what_happened() {
    let dialer = dialer();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let refusal = dialer.dial(&endpoint("127.0.0.1", port), Deadline::within(PATIENT), &mut Phases::default()).await.unwrap_err();
    assert_eq!(refusal, Failure::new(FailureKind::Refused, format!("Connection refused: 127.0.0.1:{port}")));
    let name = refused(&dialer, "no-such-host.invalid").await;
    assert_eq!(name.kind, FailureKind::Name);
    assert!(name.sentence.starts_with("Name not resolved: no-such-host.invalid"), "{name}");
}

#[tokio::test]
async fn a_silent_address_times_out() {
    let tasks = tasks();
    // A listener whose queue is full drops further attempts silently.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let full: Vec<_> =
        (0..8).map(|_| tasks.short(async move { tokio::net::TcpSocket::new_v4().unwrap().connect(address).await })).collect();
    let dialer = dialer();
    let failure = loop {
        let deadline = Deadline::within(Duration::from_millis(300));
        match dialer.dial(&endpoint("127.0.0.1", address.port()), deadline, &mut Phases::default()).await {
            Ok(stream) => std::mem::forget(stream),
            Err(failure) => break failure,
        }
    };
    assert_eq!(failure, Failure::new(FailureKind::Timeout, "Connection timeout after 300ms"));
    full.iter().for_each(tokio::task::JoinHandle::abort);
}

struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: tempfile::NamedTempFile,
}

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), issuer.pem()).unwrap();
    Authority { issuer, file }
}

/// A TLS server with a certificate of `authority` for `name`, that answers 204.
async fn tls_server(tasks: &Tasks, authority: &Authority, name: &str) -> Endpoint {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority.issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let port = server(tasks, move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            let _ = stream.read(&mut [0; 1024]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    })
    .await;
    Endpoint { scheme: Scheme::Https, ..endpoint("localhost", port) }
}

#[tokio::test]
async fn tls_is_trusted_by_authority_and_name() {
    let (tasks, ours, stranger) = (tasks(), authority("ours"), authority("stranger"));
    let dialer = dialer_with(&[], Some(ours.file.path().to_owned()));
    let good = tls_server(&tasks, &ours, "localhost").await;
    assert_eq!(get(&dialer, &good, 100, PATIENT).await.unwrap().status, 204);

    let unknown = tls_server(&tasks, &stranger, "localhost").await;
    let failure = get(&dialer, &unknown, 100, PATIENT).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(failure.sentence.contains("set instance.tls.ca.file"), "{failure}");

    let misnamed = tls_server(&tasks, &ours, "other.example").await;
    let failure = get(&dialer, &misnamed, 100, PATIENT).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(failure.sentence.contains("not valid for name"), "{failure}");

    let plain = canned(&tasks, b"HTTP/1.1 204 No Content\r\n\r\n").await;
    let plain = Endpoint { scheme: Scheme::Https, ..endpoint("localhost", plain) };
    let silent = server(&tasks, |stream| async move {
        std::future::pending::<()>().await;
        drop(stream)
    })
    .await;
    let silent = Endpoint { scheme: Scheme::Https, ..endpoint("localhost", silent) };
    let fail = async |endpoint| get(&dialer, endpoint, 100, Duration::from_millis(500)).await.unwrap_err().kind;
    assert!(matches!(fail(&plain).await, FailureKind::Tls | FailureKind::Timeout));
    assert_eq!(fail(&silent).await, FailureKind::Timeout);
}

#[test]
fn a_wrong_authority_file_is_told_at_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for content in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(file.path(), content).unwrap();
        let tls = TlsSettings { extra_ca_file: Some(file.path().to_owned()), identity: None };
        let settings = DialerSettings { connect_timeout: PATIENT, allowed_networks: Vec::new(), tls };
        let sentence = Dialer::new(settings).unwrap_err();
        assert!(sentence.starts_with("instance.tls.ca.file: "), "{sentence}");
    }
}
