//! The certificate that the manager shows: taken anew, complained about, refused at the start.

use http::Method;
use peegeeq_testkit::{secs, wait_until};
use rustix::process::Signal;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::tls::{Authority, Trust};
use crate::support::{Launch, Plan, TestApp};

const ASK: &[u8] = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn degraded(app: &TestApp) -> String {
    app.get("/health").await.json()["degraded"].to_string()
}

/// What `/health/detail` says is wrong with the certificate or its files.
async fn complaints(app: &TestApp) -> String {
    app.get("/health/detail").await.json()["certificate"]["complaints"].to_string()
}

#[tokio::test]
async fn new_files_are_taken_while_connections_go_on() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let app = Plan::new().secure(&first).start().await;
    let mut kept = Trust::of(&first).connect(app.address(), &[]).await.expect("TLS");
    second.pair().write(app.folder());
    let new = Trust::of(&second);
    wait_until("the new certificate to be shown", secs(30), || async {
        new.connect(app.address(), &[]).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    Trust::of(&first).connect(app.address(), &[]).await.expect_err("the old one is shown no more");
    kept.write_all(ASK).await.expect("open");
    let mut answer = [0; 15];
    kept.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
}

#[tokio::test]
async fn files_that_cannot_be_used_change_nothing_and_are_told() {
    let authority = Authority::new("ours");
    let app = Plan::new().secure(&authority).start().await;
    let good = authority.pair();
    std::fs::write(app.folder().join("key.pem"), &good.key).expect("a file");
    wait_until("the fault to be told", secs(30), || async {
        let said = complaints(&app).await;
        if said.contains("is not the key of the certificate") { Ok(()) } else { Err(said) }
    })
    .await;
    let said = degraded(&app).await;
    assert!(said.contains("the earlier certificate is kept") && !said.contains("key.pem"), "{said}");
    wait_until("the gauge to be set", secs(20), || async {
        let metrics = app.get("/metrics").await.text();
        if metrics.contains("peegeeq_server_certificate_reload_failed 1") { Ok(()) } else { Err(metrics) }
    })
    .await;
    std::fs::remove_file(app.folder().join("cert.pem")).expect("removed");
    wait_until("the other fault to be told", secs(30), || async {
        let said = complaints(&app).await;
        if said.contains("cannot be read") { Ok(()) } else { Err(said) }
    })
    .await;
    good.write(app.folder());
    wait_until("all to be well", secs(30), || async {
        let said = degraded(&app).await;
        if said == "[]" { Ok(()) } else { Err(said) }
    })
    .await;
}

#[tokio::test]
async fn its_end_is_told_beforehand() {
    let authority = Authority::new("ours");
    let ending = authority.pair_for(-300, 20);
    let app = Plan::new().secure_with(&authority, &ending).start().await;
    let said = degraded(&app).await;
    assert!(said.contains("expires in 19 days"), "{said}");
    let left = wait_until("the gauge to be set", secs(20), || async {
        let metrics = app.get("/metrics").await.text();
        let line = metrics.lines().find_map(|line| line.strip_prefix("peegeeq_server_certificate_expiry_seconds "));
        line.and_then(|line| line.parse::<f64>().ok()).ok_or(metrics)
    })
    .await;
    assert!(left > 0.0, "{left}");
    let later = Plan::new().secure_with(&authority, &ending).with("-Dtls.expiry.warning=10").start().await;
    assert_eq!(degraded(&later).await, "[]");
}

#[tokio::test]
async fn an_expired_one_is_shown_all_the_same() {
    let authority = Authority::new("ours");
    let folder = |launch: Launch| {
        let made = authority.pair_for(-300, -1);
        launch
            .file("cert.pem", made.cert)
            .file("key.pem", made.key)
            .arg("-Dserver.tls.cert.file=cert.pem")
            .arg("-Dserver.tls.key.file=key.pem")
    };
    let manager = folder(Launch::serve()).start().await;
    assert!(manager.base().starts_with("https://"), "{}", manager.base());
    manager.wait_for_output("clients will refuse it").await;
    manager.wait_for_output("every user of this machine may read the key").await;
}

#[tokio::test]
async fn a_hangup_looks_at_the_files_and_stops_nothing() {
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let pair = first.pair();
    let launch = Launch::serve().file("cert.pem", pair.cert).file("key.pem", pair.key).arg("-Dserver.tls.reload.interval=0");
    let manager = launch.arg("-Dserver.tls.cert.file=cert.pem").arg("-Dserver.tls.key.file=key.pem").start().await;
    let address = manager.base().trim_start_matches("https://").parse().expect("an address");
    second.pair().write(manager.launch().folder());
    Trust::of(&first).connect(address, &[]).await.expect("nothing is taken unasked");
    manager.signal(Signal::HUP);
    manager.wait_for_output("new connections get the new certificate").await;
    let ready = Trust::of(&second).ask(address, Method::GET, "/health/ready", &[], "".into()).await;
    assert_eq!(ready.status, 200);
    std::fs::write(manager.launch().folder().join("cert.pem"), "nothing").expect("a file");
    manager.signal(Signal::HUP);
    manager.wait_for_output("the earlier certificate is kept").await;
    assert_eq!(Trust::of(&second).ask(address, Method::GET, "/health/ready", &[], "".into()).await.status, 200);
    manager.signal(Signal::TERM);
    assert_eq!(manager.finish().await.code, Some(0));
}

#[tokio::test]
async fn what_cannot_be_used_refuses_to_start_with_a_sentence() {
    let authority = Authority::new("ours");
    let (one, other) = (authority.pair(), authority.pair());
    let launch = || Launch::serve().arg("-Dserver.tls.cert.file=cert.pem").arg("-Dserver.tls.key.file=key.pem");
    let cases = [
        (launch().file("cert.pem", &one.cert).file("key.pem", &other.key), "is not the key of the certificate in"),
        (launch().file("cert.pem", &one.key).file("key.pem", &one.key), "holds no certificate"),
        (launch().file("cert.pem", &one.cert).file("key.pem", ""), "holds no private key"),
        (launch().file("cert.pem", &one.cert), "server.tls.key.file"),
        (Launch::serve().arg("-Dserver.tls.cert.file=cert.pem").file("cert.pem", &one.cert), "go together"),
        (Launch::serve().arg("-Dserver.tls.client.ca.file=ca.pem").file("ca.pem", authority.pem()), "plain HTTP"),
        (
            launch().file("cert.pem", &one.cert).file("key.pem", &one.key).file("ca.pem", "x").arg("-Dserver.tls.client.ca.file=ca.pem"),
            "server.tls.client.ca.file",
        ),
    ];
    for (launch, said) in cases {
        let Err(finished) = launch.try_start().await else { panic!("it starts: {said}") };
        assert_eq!(finished.code, Some(78), "{finished:?}");
        assert!(finished.err.contains(said), "{said}: {finished:?}");
    }
}

#[tokio::test]
async fn keys_in_every_usual_form_are_read() {
    for (make, form) in [
        ("openssl genrsa -traditional -out key.pem 2048", "BEGIN RSA PRIVATE KEY"),
        ("openssl genpkey -algorithm RSA -out key.pem", "BEGIN PRIVATE KEY"),
        ("openssl ecparam -name prime256v1 -genkey -noout -out key.pem", "BEGIN EC PRIVATE KEY"),
        ("openssl genpkey -algorithm ED25519 -out key.pem", "BEGIN PRIVATE KEY"),
    ] {
        let plan = Plan::new().with("-Dserver.tls.cert.file=cert.pem").with("-Dserver.tls.key.file=key.pem");
        let certificate = "openssl req -x509 -key key.pem -out cert.pem -days 10 -subj /CN=localhost";
        for command in [make, certificate] {
            let mut words = command.split(' ');
            let run = std::process::Command::new(words.next().expect("a word")).args(words).current_dir(plan.folder()).output();
            assert!(run.expect("openssl").status.success(), "{command}");
        }
        let key = std::fs::read_to_string(plan.folder().join("key.pem")).expect("a key");
        assert!(key.contains(form), "{key}");
        plan.start().await;
    }
}
