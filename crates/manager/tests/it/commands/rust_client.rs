//! The client crate against a manager: every endpoint, errors, what is sent again and what is not, TLS.

use std::time::Duration;

use peegeeq_service_manager_client::models::{Presence, Status};
use peegeeq_service_manager_client::{Client, Error, Filter, Query, Registration, Update, requests};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::cluster;
use crate::support::TestApp;

#[tokio::test]
async fn every_endpoint_is_read() {
    let cluster = cluster().await;
    for path in ["overview", "queues", "consumer-groups", "event-stores", "metrics"] {
        cluster.complete(&format!("/api/v1/federation/{path}")).await;
    }
    let client = Client::new(cluster.app.base()).expect("a client");
    let list = client.list_instances(&Filter::default()).await.expect("a list");
    assert_eq!((list.count, list.instances[0].status.clone(), list.instances[0].presence.clone()), (2, Status::Healthy, Presence::Serving));
    let check = client.check_health("peegeeq-a").await.expect("a check");
    assert!(check.successful && check.phases.total_ms.is_some(), "{check:?}");
    assert!(client.force_check("peegeeq-a").await.expect("a check").successful);

    let query = Query { fresh: true, ..Query::default() };
    let overview = client.overview(&query).await.expect("an overview");
    assert_eq!((overview.envelope.complete, overview.instance_details.len()), (Some(true), 2));
    assert!(overview.aggregated_data.total_messages.is_some());
    assert!(!client.queues(&query).await.expect("queues").queues.is_empty());
    assert!(!client.consumer_groups(&query).await.expect("groups").consumer_groups.is_empty());
    assert!(!client.event_stores(&query).await.expect("stores").event_stores.is_empty());
    assert!(client.metrics(&query).await.expect("metrics").metrics.contains_key("system"));
    assert_eq!(client.flat_overview(&query).await.expect("an overview").envelope.instance_count, 2);
    assert!(client.flat_queues(&query).await.expect("queues").queues.iter().all(|row| row.source_port > 0));
    assert!(!client.flat_consumer_groups(&query).await.expect("groups").consumer_groups.is_empty());
    assert!(!client.flat_event_stores(&query).await.expect("stores").event_stores.is_empty());
    assert!(client.flat_metrics(&query).await.expect("metrics").metrics.contains_key("aggregated"));
    for answer in [
        client.instance_overview("peegeeq-a").await,
        client.instance_queues("peegeeq-a").await,
        client.instance_consumer_groups("peegeeq-a").await,
        client.instance_event_stores("peegeeq-a").await,
        client.instance_metrics("peegeeq-a").await,
    ] {
        assert!(answer.expect("an answer").is_object());
    }
    assert_eq!(client.health().await.expect("health").status, "UP");
    assert_eq!(client.live().await.expect("live").status, "UP");
    assert_eq!(client.ready().await.expect("ready").status, "UP");
    assert_eq!(client.health_detail().await.expect("detail").registry.instances, 2);
    assert!(client.metrics_text().await.expect("text").contains("peegeeq_instances"));
}

#[tokio::test]
async fn an_instance_is_registered_changed_and_taken_out() {
    let app = TestApp::start().await;
    let client = Client::new(app.base()).expect("a client");
    let id = "ü/ä b";
    let registered = client.register(&Registration::new(id, "127.0.0.1", 1).label("staging", "eu")).await.expect("registered");
    let update = Update { weight: Some(4), revision: registered.revision, ..Update::default() };
    client.update_instance(id, &update).await.expect("updated");
    assert_eq!(client.get_instance(id).await.expect("the instance").instance.weight, Some(4));
    let Err(Error::Api(stale)) = client.update_instance(id, &update).await else { panic!("the revision is another one") };
    assert_eq!(stale.status, 409);
    client.deregister(id).await.expect("gone");
    let Err(Error::Api(error)) = client.get_instance(id).await else { panic!("it is gone") };
    assert!(error.status == 404 && error.is_envelope && error.request_id.is_some(), "{error:?}");
    let Err(Error::Api(faults)) = client.register(&Registration::new("", "", 0)).await else { panic!("all is wrong") };
    assert_eq!((faults.status, faults.details.len()), (400, 3), "{faults:?}");
}

#[tokio::test]
async fn an_unchanged_list_is_not_sent_again() {
    let app = TestApp::start().await;
    let client = Client::new(app.base()).expect("a client");
    let first = client.ask(requests::list_instances(&Filter::default())).await.expect("a list");
    let second = client.ask(requests::list_instances(&Filter::default()).unless(first.etag.clone())).await.expect("no list");
    assert_eq!((first.status, second.status, second.body.len()), (200, 304, 0));
}

/// A server that takes connections and does with each what `answers` says; an empty text closes it unanswered. Gives how many came.
async fn crooked(answers: &'static [&'static str]) -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server = tokio::spawn(async move {
        let mut count = 0;
        for answer in answers {
            let Ok(Ok((mut stream, _))) = tokio::time::timeout(Duration::from_secs(2), listener.accept()).await else { break };
            count += 1;
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        count
    });
    (url, server)
}

const UP: &str = "HTTP/1.1 200 OK\r\ncontent-length: 15\r\nconnection: close\r\n\r\n{\"status\":\"UP\"}";
const SOON: &str = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn looking_is_tried_again_and_changing_is_not() {
    let (url, server) = crooked(&["", SOON, UP]).await;
    assert_eq!(Client::new(url).expect("a client").health().await.expect("the third answer").status, "UP");
    assert_eq!(server.await.expect("the server"), 3);

    let (url, server) = crooked(&["", UP]).await;
    let Err(Error::Unreachable { sent, .. }) = Client::new(url).expect("a client").deregister("a").await else { panic!("it broke") };
    assert!(sent, "the manager may have acted on it");
    assert_eq!(server.await.expect("the server"), 1);

    let (url, server) = crooked(&["", "", "", UP]).await;
    assert!(Client::new(url).expect("a client").health().await.is_err());
    assert_eq!(server.await.expect("the server"), 3);
}

#[tokio::test]
async fn nonsense_and_floods_are_errors() {
    let (url, _server) = crooked(&["HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"]).await;
    assert!(matches!(Client::new(url).expect("a client").health().await, Err(Error::Unreadable { .. })));
    let (url, _server) = crooked(&["HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\n\r\n<html>"]).await;
    let Err(Error::Api(error)) = Client::new(url).expect("a client").health().await else { panic!("no success") };
    assert!(error.status == 502 && !error.is_envelope, "{error:?}");
    let (url, _server) = crooked(&[UP]).await;
    let small = Client::builder(url).body_max(8).retries(0).build().expect("a client");
    let Err(Error::Unreachable { reason, .. }) = small.health().await else { panic!("too large") };
    assert!(reason.contains("larger than 8 bytes"), "{reason}");
}

/// Over TLS an authority of one's own is trusted when it is named, and nothing is sent otherwise.
#[tokio::test]
async fn https_needs_a_known_authority() {
    let (address, authority) = crate::settings::tls::instance().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).expect("a file");
    let url = format!("https://localhost:{}", address.port());
    let trusting = Client::builder(&url).ca_file(&file).build().expect("a client");
    assert_eq!(trusting.health().await.expect("an answer").status, "UP");
    let Err(Error::Unreachable { reason, sent, .. }) = Client::new(&url).expect("a client").health().await else { panic!("not trusted") };
    assert!(!sent && reason.starts_with("no TLS with it"), "{reason}");
    std::fs::write(&file, "nothing").expect("a file");
    assert!(matches!(Client::builder(&url).ca_file(&file).build(), Err(Error::Usage(_))));
}
