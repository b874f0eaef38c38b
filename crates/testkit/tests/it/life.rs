//! Starting, stopping, restarting, counting.

use std::io::ErrorKind;
use std::sync::Arc;

use peegeeq_testkit::{HttpClient, Options, World, raw, secs, wait_until};
use serde_json::json as value;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::{alpha, get, json};

#[tokio::test]
async fn a_stopped_instance_refuses_and_closes_what_was_open() {
    let mut instance = alpha().await;
    let mut idle = TcpStream::connect(instance.addr()).await.unwrap();
    wait_until("the idle connection is known", secs(5), || async {
        if instance.connections() == 1 { Ok(()) } else { Err(instance.connections()) }
    })
    .await;
    instance.stop().await;
    assert!(!instance.is_running());
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
    let refused = TcpStream::connect(instance.addr()).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_restart_keeps_port_and_world() {
    let mut instance = alpha().await;
    let port = instance.port();
    for _ in 0..3 {
        instance.stop().await;
        instance.restart_on_same_port().await.unwrap();
        assert_eq!(instance.port(), port);
        let setups = json(format!("{}/api/v1/setups", instance.base_url())).await;
        assert_eq!(setups["setupIds"], value!(["alpha"]));
    }
}

#[tokio::test]
async fn setups_can_be_lost_at_a_restart_and_connected_again() {
    let options = Options::named("alpha", World::sample("alpha")).forget_setups_on_restart();
    let mut instance = options.start().await.unwrap();
    instance.restart_on_same_port().await.unwrap();
    let list = format!("{}/api/v1/setups", instance.base_url());
    assert_eq!(json(list.clone()).await["count"], 0);
    assert_eq!(get(format!("{list}/alpha/health")).await.status, 404);

    let connect = format!("{}/api/v1/database-setup/connect", instance.base_url());
    let client = HttpClient::default();
    let unknown = client.post_json(&connect, &value!({"setupId": "ghost"})).await.unwrap();
    assert_eq!(unknown.status, 404);
    let connected = client.post_json(&connect, &value!({"setupId": "alpha"})).await.unwrap();
    assert_eq!(connected.status, 200);
    assert_eq!(connected.json()["queueCount"], 2);
    assert_eq!(json(list).await["setupIds"], value!(["alpha"]));
}

#[tokio::test]
async fn dropping_an_instance_stops_it() {
    let instance = alpha().await;
    let addr = instance.addr();
    drop(instance);
    wait_until("the port is closed", secs(5), || async move {
        match TcpStream::connect(addr).await {
            Ok(_) => Err("still open"),
            Err(_) => Ok(()),
        }
    })
    .await;
}

#[tokio::test]
async fn the_first_metrics_after_a_start_are_shorter() {
    let mut instance = alpha().await;
    let url = format!("{}/api/v1/management/metrics", instance.base_url());
    for _ in 0..2 {
        let first = json(url.clone()).await;
        assert!(first.get("totalMessages").is_none() && first.get("activeConnections").is_none());
        let second = json(url.clone()).await;
        assert_eq!(second["totalMessages"], 42);
        assert_eq!(second["activeConnections"], 11);
        instance.restart_on_same_port().await.unwrap();
    }
}

#[tokio::test]
async fn requests_are_counted_and_the_last_one_is_kept() {
    let instance = alpha().await;
    let url = format!("{}/api/v1/setups?x=1", instance.base_url());
    let headers = [("x-peegeeq-hop", "m1"), ("via", "1.1 here")];
    HttpClient::default().request(http::Method::GET, &url, &headers, "").await.unwrap();
    get(format!("{}/health", instance.base_url())).await;
    assert_eq!((instance.hits("/api/v1/"), instance.hits("/health"), instance.hits("")), (1, 1, 2));
    let seen = instance.last_request("/api/v1/setups").unwrap();
    assert_eq!(seen.target, "/api/v1/setups?x=1");
    assert_eq!(seen.headers["x-peegeeq-hop"], "m1");
    assert!(instance.last_request("/nowhere").is_none());
    instance.clear_hits();
    assert_eq!(instance.hits(""), 0);
}

#[tokio::test]
async fn simultaneous_requests_are_counted() {
    let instance = Arc::new(alpha().await);
    instance.set_mode(peegeeq_testkit::Mode::Hang);
    let asking: Vec<_> = (0..5).map(|_| tokio::spawn(get(format!("{}/health", instance.base_url())))).collect();
    wait_until("five are under way", secs(5), || async {
        if instance.most_concurrent() == 5 { Ok(()) } else { Err(instance.most_concurrent()) }
    })
    .await;
    instance.heal();
    for request in asking {
        assert_eq!(request.await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn nonsense_on_the_wire_is_survived() {
    let instance = alpha().await;
    let answer = raw(instance.addr(), b"nonsense\r\n\r\n", secs(5)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{}", String::from_utf8_lossy(&answer));
    assert_eq!(get(format!("{}/health", instance.base_url())).await.status, 200);
}
