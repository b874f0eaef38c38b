//! Being told to stop: not ready, requests under way finish, exit 0; a second signal or the end of the grace time cuts.

use peegeeq_testkit::{secs, wait_until};
use rustix::process::Signal;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::{Launch, ManagerProcess, raw};

const BODY: &str = r#"{"instanceId":"slow","host":"127.0.0.1","port":1}"#;

/// A registration whose body is half sent.
async fn open_request(manager: &ManagerProcess) -> TcpStream {
    let mut stream = TcpStream::connect(manager.authority()).await.expect("a connection");
    let head = format!(
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\nexpect: 100-continue\r\n\r\n",
        BODY.len()
    );
    stream.write_all(head.as_bytes()).await.expect("written");
    // The manager asks for the body once the request has reached its reader.
    let mut asked = [0; 25];
    let reading = tokio::io::AsyncReadExt::read_exact(&mut stream, &mut asked);
    tokio::time::timeout(secs(20), reading).await.expect("in time").expect("an interim answer");
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(&BODY.as_bytes()[..10]).await.expect("written");
    stream
}

#[tokio::test]
async fn an_open_slow_request_is_finished_and_kept() {
    let manager = Launch::serve().start().await;
    let mut stream = open_request(&manager).await;
    manager.signal(Signal::TERM);
    manager.wait_for_output("stopping because of SIGTERM").await;
    stream.write_all(&BODY.as_bytes()[10..]).await.expect("still open");
    assert_eq!(raw::answer(&mut stream).await.status, Some(201));
    let launch = manager.launch().clone();
    let finished = manager.finish().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(launch.start().await.ids().await, ["slow"]);
}

#[tokio::test]
async fn a_second_signal_does_not_wait() {
    let manager = Launch::serve().arg("-Dshutdown.grace=600000").start().await;
    let mut stream = open_request(&manager).await;
    manager.signal(Signal::TERM);
    manager.wait_for_output("stopping because of SIGTERM").await;
    manager.signal(Signal::INT);
    let finished = manager.finish().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.out.contains("SIGINT again"), "{}", finished.out);
    assert!(raw::answer(&mut stream).await.closed);
}

#[tokio::test]
async fn the_grace_time_is_a_setting() {
    let manager = Launch::serve().arg("-Dshutdown.grace=200").start().await;
    let mut stream = open_request(&manager).await;
    manager.signal(Signal::TERM);
    let finished = manager.finish().await;
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.out.contains("the grace time is over") && finished.out.contains("1 connections were cut"), "{}", finished.out);
    assert!(raw::answer(&mut stream).await.closed);
}

#[tokio::test]
async fn idle_connections_do_not_delay_the_end() {
    let manager = Launch::serve().arg("-Dshutdown.grace=600000").start().await;
    let mut idle = Vec::new();
    for _ in 0..50 {
        let mut stream = TcpStream::connect(manager.authority()).await.expect("a connection");
        stream.write_all(b"GET /health/ready HTTP/1.1\r\nhost: localhost\r\n\r\n").await.expect("written");
        assert_eq!(raw::answer(&mut stream).await.status, Some(200));
        idle.push(stream);
    }
    manager.signal(Signal::INT);
    let finished = manager.finish().await;
    assert_eq!(finished.code, Some(0));
    assert!(finished.out.trim_end().ends_with("stopped"), "{}", finished.out);
}

#[tokio::test]
async fn what_was_acknowledged_under_load_is_there_after_term() {
    let manager = Launch::serve().start().await;
    let acknowledged = std::cell::RefCell::new(Vec::new());
    let clients = (0..8).map(|client| {
        let (manager, acknowledged) = (&manager, &acknowledged);
        async move {
            for turn in 0.. {
                let id = format!("{client}-{turn}");
                match manager.register(&json!({"instanceId": id, "host": "127.0.0.1", "port": 1, "presence": "maintenance"})).await {
                    Ok(reply) if reply.status == 201 => acknowledged.borrow_mut().push(id),
                    Ok(reply) => assert_eq!(reply.status, 503, "{}", reply.text()),
                    // Nobody accepts any more, or the connection was not accepted yet.
                    Err(_) => return,
                }
            }
        }
    });
    let stopping = async {
        wait_until("acknowledgements", secs(30), || {
            let count = acknowledged.borrow().len();
            std::future::ready(if count > 40 { Ok(()) } else { Err(count) })
        })
        .await;
        manager.signal(Signal::TERM);
    };
    tokio::join!(futures_util::future::join_all(clients), stopping);
    let launch = manager.launch().clone();
    assert_eq!(manager.finish().await.code, Some(0));
    let found = launch.start().await.ids().await;
    let lost: Vec<_> = acknowledged.into_inner().into_iter().filter(|id| !found.contains(id)).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[tokio::test]
async fn it_says_not_ready_before_it_stops_answering() {
    let manager = Launch::serve().arg("-Dshutdown.delay=60000").arg("-Dshutdown.grace=600000").start().await;
    assert_eq!(manager.get("/health/ready").await.status, 200);
    manager.signal(Signal::TERM);
    wait_until("not ready", secs(20), || async {
        let reply = manager.get("/health/ready").await;
        if reply.status == 503 { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    assert_eq!(manager.get("/api/v1/instances").await.status, 200, "it answers meanwhile");
    manager.signal(Signal::TERM);
    assert_eq!(manager.finish().await.code, Some(0));
}
