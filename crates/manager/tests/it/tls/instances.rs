//! Instances that speak TLS: trusted, asked, routed to, and told about when they are not.

use peegeeq_testkit::{FakeInstance, Options, World, secs, wait_until};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::tls::{Authority, Made, before};
use crate::support::{Coming, Plan, TestApp, Upstream};

fn secure(id: &str, address: std::net::SocketAddr) -> Value {
    json!({"instanceId": id, "host": "127.0.0.1", "port": address.port(), "scheme": "https"})
}

fn trusting(authority: &Authority) -> Plan {
    Plan::new().file("ca.pem", &authority.pem()).with("-Dinstance.tls.ca.file=ca.pem").with("-Dhealth.recheck.interval=100")
}

/// An instance behind TLS.
async fn instance(id: &str, made: &Made, asks: Option<&Authority>) -> (FakeInstance, Value) {
    let instance = FakeInstance::start(Options::named(id, World::sample("s1"))).await.expect("an instance");
    let address = before(format!("127.0.0.1:{}", instance.port()).parse().expect("an address"), made, asks).await;
    (instance, secure(id, address))
}

async fn reason(app: &TestApp, body: &Value) -> String {
    app.register(body).await;
    let row = app.wait_for_status(body["instanceId"].as_str().expect("an id"), "unhealthy").await;
    row["statusReason"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn everything_reaches_an_instance_behind_tls() {
    let authority = Authority::new("ours");
    let app = trusting(&authority).with("-Dhealth.check.interval=60000").start().await;
    let (mut instance, body) = instance("a", &authority.pair(), None).await;
    app.register(&body).await;
    app.wait_for_status("a", "healthy").await;
    app.wait_for_setup("a").await;
    let overview = app.get("/api/v1/federation/overview").await;
    assert!(overview.status == 200 && overview.text().contains("\"a\""), "{}", overview.text());
    let routed = app.get("/api/v1/setups/s1").await;
    assert_eq!((routed.status.as_u16(), routed.header("x-peegeeq-instance")), (200, "a"), "{}", routed.text());
    let checked = app.get("/api/v1/instances/a/health").await.json();
    assert_eq!(checked["certificate"]["names"], json!(["localhost", "127.0.0.1", "m.example"]), "{checked}");
    // The tripwire goes through TLS too: a death shows long before the next probe is due.
    instance.stop().await;
    app.wait_for_status("a", "unhealthy").await;
}

#[tokio::test]
async fn a_websocket_goes_through_to_an_instance_behind_tls() {
    async fn echo(mut coming: Coming) -> Option<Coming> {
        coming.send("HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\nwelcome").await;
        let mut buffer = [0; 64];
        while let Ok(read @ 1..) = coming.stream.read(&mut buffer).await {
            coming.send(&buffer[..read]).await;
        }
        None
    }
    let authority = Authority::new("ours");
    let app = trusting(&authority).start().await;
    let upstream = Upstream::start(echo).await;
    let behind = Upstream { address: before(upstream.address, &authority.pair(), None).await, ..upstream };
    app.register(&secure("a", behind.address)).await;
    app.wait_for_status("a", "healthy").await;
    app.wait_for_setup("a").await;
    let mut client = TcpStream::connect(app.address()).await.expect("a connection");
    let ask = "GET /ws/queues/s1/q HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
               sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n";
    client.write_all(ask.as_bytes()).await.expect("open");
    let mut read = Vec::new();
    let mut until = async |end: &[u8]| {
        while !read.ends_with(end) {
            let more = tokio::time::timeout(secs(20), client.read_buf(&mut read)).await.expect("in time");
            assert!(more.is_ok_and(|more| more > 0), "{}", String::from_utf8_lossy(&read));
        }
        client.write_all(b"there and back").await.expect("open");
    };
    until(b"welcome").await;
    until(b"there and back").await;
}

#[tokio::test]
async fn faults_of_a_certificate_are_told_apart() {
    let (ours, stranger) = (Authority::new("ours"), Authority::new("stranger"));
    let app = trusting(&ours).start().await;
    let other_name = ours.pair_of(|parameters| parameters.subject_alt_names.truncate(1));
    let cases = [
        ("expired", ours.pair_for(-300, -1), "expired on"),
        ("early", ours.pair_for(2, 300), "is valid only from"),
        ("unknown", stranger.pair(), "an authority that is not known here: set instance.tls.ca.file"),
        ("name", other_name, "not valid for name 127.0.0.1; it carries"),
    ];
    for (id, made, said) in cases {
        let (_instance, body) = instance(id, &made, None).await;
        let reason = reason(&app, &body).await;
        assert!(reason.contains(said) && reason.contains("the certificate of 127.0.0.1:"), "{id}: {reason}");
    }
    let plain = FakeInstance::start(Options::named("plain", World::default())).await.expect("an instance");
    let reason = reason(&app, &secure("plain", format!("127.0.0.1:{}", plain.port()).parse().expect("an address"))).await;
    assert!(reason.contains("use scheme http"), "{reason}");
}

#[tokio::test]
async fn the_manager_shows_its_certificate_to_an_instance_that_asks() {
    let (ours, managers) = (Authority::new("ours"), Authority::new("managers"));
    let (_instance, body) = instance("a", &ours.pair(), Some(&managers)).await;
    let shown = managers.pair();
    let plan = trusting(&ours).file("m.pem", &shown.cert).file("m.key", &shown.key);
    let app = plan.with("-Dinstance.tls.cert.file=m.pem").with("-Dinstance.tls.key.file=m.key").start().await;
    app.register(&body).await;
    app.wait_for_status("a", "healthy").await;
    let without = trusting(&ours).start().await;
    let reason = reason(&without, &body).await;
    assert!(reason.contains("set instance.tls.cert.file"), "{reason}");
}

#[tokio::test]
async fn a_certificate_that_ends_soon_is_told() {
    let ours = Authority::new("ours");
    let app = trusting(&ours).start().await;
    let (_instance, body) = instance("ending", &ours.pair_for(-300, 5), None).await;
    app.register(&body).await;
    app.wait_for_status("ending", "healthy").await;
    let detail = app.get("/health/detail").await.json();
    let ending = &detail["instanceCertificates"][0];
    assert_eq!((&ending["instanceId"], &ending["expiresInDays"]), (&json!("ending"), &json!(4)), "{detail}");
    wait_until("the gauge", secs(20), || async {
        let metrics = app.get("/metrics").await.text();
        if metrics.contains("peegeeq_instance_certificate_expiry_seconds{instance=\"ending\"} 4") { Ok(()) } else { Err(metrics) }
    })
    .await;
}
