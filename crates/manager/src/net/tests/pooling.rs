//! Which connections are kept, and what happens when they turn out to be closed.

use std::sync::atomic::{AtomicUsize, Ordering};

use peegeeq_domain::health::FailureKind;
use tokio::sync::watch;

use super::*;
use crate::net::{Client, Limits};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";

/// Connections accepted and requests answered so far.
#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Counts {
    fn get(&self) -> (usize, usize) {
        (self.connections.load(Ordering::SeqCst), self.requests.load(Ordering::SeqCst))
    }
}

/// Answers `per_connection` requests on each connection, then closes it without a word.
async fn counting(tasks: &Tasks, per_connection: usize) -> (Endpoint, &'static Counts) {
    let counts: &'static Counts = Box::leak(Box::default());
    let port = server(tasks, move |mut stream| async move {
        counts.connections.fetch_add(1, Ordering::SeqCst);
        for _ in 0..per_connection {
            if read_head(&mut stream).await.is_empty() {
                return;
            }
            counts.requests.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(OK).await;
        }
    })
    .await;
    (endpoint("127.0.0.1", port), counts)
}

fn limits() -> Limits {
    Limits { deadline: Deadline::within(PATIENT), body_max: 1_000 }
}

fn client(connections_max: usize, tasks: &Tasks) -> Client {
    Client::new(shared(dialer()), Caller::new("m1"), connections_max, tasks.clone())
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let tasks = tasks();
    let (endpoint, counts) = counting(&tasks, 1_000).await;
    let client = client(10, &tasks);
    for _ in 0..20 {
        assert_eq!(client.get(&endpoint, "/a", limits()).await.unwrap().status, 200);
    }
    assert_eq!(counts.get(), (1, 20));
}

#[tokio::test]
async fn a_connection_closed_by_the_other_side_is_replaced() {
    let tasks = tasks();
    let (endpoint, counts) = counting(&tasks, 1).await;
    let client = client(10, &tasks);
    for _ in 0..20 {
        client.get(&endpoint, "/a", limits()).await.unwrap();
    }
    assert_eq!(counts.get(), (20, 20));
}

#[tokio::test]
async fn a_connection_that_closes_instead_of_answering_is_replaced_once() {
    let tasks = tasks();
    // Reads every request, answers the first of each connection only.
    let port = server(&tasks, |mut stream| async move {
        read_head(&mut stream).await;
        let _ = stream.write_all(OK).await;
        read_head(&mut stream).await;
    })
    .await;
    let client = client(10, &tasks);
    for _ in 0..5 {
        client.get(&endpoint("127.0.0.1", port), "/a", limits()).await.unwrap();
    }
    let dumb = server(&tasks, |mut stream| async move {
        read_head(&mut stream).await;
    })
    .await;
    let failure = client.get(&endpoint("127.0.0.1", dumb), "/a", limits()).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Protocol, "a new connection is not tried twice");
}

#[tokio::test]
async fn the_limit_holds_across_endpoints_and_nobody_starves() {
    let tasks = tasks();
    let mut servers = Vec::new();
    for _ in 0..5 {
        servers.push(counting(&tasks, 1_000).await);
    }
    let client = client(2, &tasks);
    for round in 1..=4 {
        let fetches: Vec<_> = servers.iter().map(|(endpoint, _)| client.get(endpoint, "/a", limits())).collect();
        for answer in futures_util::future::join_all(fetches).await {
            answer.unwrap();
        }
        assert!(servers.iter().all(|(_, counts)| counts.get().1 == round));
    }
}

#[tokio::test]
async fn a_full_pool_is_told() {
    let tasks = tasks();
    let (open, gate) = watch::channel(false);
    let port = server(&tasks, move |mut stream| {
        let mut gate = gate.clone();
        async move {
            read_head(&mut stream).await;
            let _ = gate.wait_for(|open| *open).await;
            let _ = stream.write_all(OK).await;
        }
    })
    .await;
    let (client, place) = (client(1, &tasks), endpoint("127.0.0.1", port));
    let (first_client, first_place) = (client.clone(), place.clone());
    let first = tasks.short(async move { first_client.get(&first_place, "/a", limits()).await });
    let brief = || Limits { deadline: Deadline::within(Duration::from_millis(200)), body_max: 10 };
    let failure = loop {
        // The first may not have its connection yet.
        let failure = client.get(&place, "/b", brief()).await.unwrap_err();
        if failure.kind == FailureKind::Local {
            break failure;
        }
    };
    assert!(failure.sentence.contains("http.client.max.pool.size"), "{failure}");
    open.send_replace(true);
    first.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_large_answer_is_refused_with_its_status() {
    let tasks = tasks();
    let port = canned(&tasks, b"HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n").await;
    let failure = client(1, &tasks).get(&endpoint("127.0.0.1", port), "/a", limits()).await.unwrap_err();
    assert_eq!((failure.kind, failure.status), (FailureKind::Protocol, Some(200)));
}

#[tokio::test]
async fn stopping_closes_what_is_kept() {
    let tasks = tasks();
    let serving = super::tasks();
    let (endpoint, _) = counting(&serving, 1_000).await;
    let client = client(10, &tasks);
    client.get(&endpoint, "/a", limits()).await.unwrap();
    assert!(tasks.stop(PATIENT).await, "nothing of the client outlives the stop signal");
    client.get(&endpoint, "/a", limits()).await.unwrap();
}
