//! A Consul that speaks TLS, and whom the manager trusts.

use peegeeq_testkit::{secs, wait_until};

use crate::settings::tls;
use crate::support::TestApp;
use crate::support::consul::on_port;

async fn wait_for_sentence(app: &TestApp, part: &str) {
    wait_until(&format!("a sentence with {part}"), secs(30), || async {
        let health = app.get("/health").await.json().to_string();
        if health.contains(part) { Ok(()) } else { Err(health) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encrypted_agent_is_trusted_by_its_authority() {
    // What answers there is no Consul, which is found out behind the handshake only.
    let (address, authority) = tls::instance().await;
    let plan = || on_port(address.port()).with("-Dconsul.scheme=https").file("ca.pem", &authority);
    let trusting = plan().with("-Dconsul.tls.ca.file=ca.pem").start().await;
    wait_for_sentence(&trusting, "is no Consul: it names no index").await;
    let doubting = plan().start().await;
    wait_for_sentence(&doubting, "set consul.tls.ca.file").await;
}
