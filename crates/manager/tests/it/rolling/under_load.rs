//! All three instances restarted one after the other while clients read and write: not one request fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use peegeeq_testkit::{EventClient, secs, wait_until};

use super::{QUEUE, all_used, begin, instance, noted, order, stage, state};
use crate::support::TestApp;

const SEND: &str = "/api/v1/queues/s1/q/messages";

#[tokio::test]
async fn not_one_request_fails_and_streams_move() {
    let app = Arc::new(TestApp::start().await);
    let ids = ["a", "b", "c"];
    let mut instances = Vec::new();
    for id in ids {
        instances.push(instance(&app, id, false).await);
    }
    all_used(&app, &ids).await;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..16)
        .map(|number| {
            let (app, stop, done) = (app.clone(), stop.clone(), done.clone());
            tokio::spawn(async move {
                while !stop.load(Ordering::SeqCst) {
                    let reply = if number % 4 == 0 {
                        app.ask("POST", SEND, &[("content-type", "application/json")], r#"{"payload":1}"#).await
                    } else {
                        app.get(QUEUE).await
                    };
                    assert_eq!(reply.status, 200, "it failed: {}", reply.text());
                    done.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    // A listener that comes back whenever its stream ends, as browsers do.
    let (listening, streams, quit) = (app.address(), Arc::new(AtomicU64::new(0)), stop.clone());
    let counted = streams.clone();
    let listener = tokio::spawn(async move {
        while !quit.load(Ordering::SeqCst) {
            let mut events = EventClient::open(listening, &format!("{SEND}/stream"), &[], secs(60)).await.expect("a stream");
            assert_eq!(events.head().status, 200);
            counted.fetch_add(1, Ordering::SeqCst);
            while let Ok(Some(_)) = events.next().await {
                if quit.load(Ordering::SeqCst) {
                    return;
                }
            }
        }
    });
    wait_until("a stream", secs(30), || async { if streams.load(Ordering::SeqCst) > 0 { Ok(()) } else { Err("none") } }).await;
    let path = begin(&app, &order(&ids)).await;
    for (id, instance) in ids.iter().zip(&mut instances) {
        let told = stage(&app, &path, id, "ready-to-restart").await;
        assert!(told["sentence"].as_str().is_some_and(|sentence| sentence.contains(&format!("restart {id} now"))), "{told}");
        let before = instance.hits(QUEUE);
        instance.stop().await;
        stage(&app, &path, id, "restarting").await;
        assert_eq!(instance.hits(QUEUE), before, "nothing was sent to {id} while it waited");
        instance.restart_on_same_port().await.expect("the same port");
    }
    let over = state(&app, &path, "done").await;
    assert_eq!((over["done"].as_u64(), over["total"].as_u64()), (Some(3), Some(3)), "{over}");
    let so_far = done.load(Ordering::SeqCst);
    wait_until("the load to go on", secs(60), || async {
        if done.load(Ordering::SeqCst) > so_far + 100 { Ok(()) } else { Err("not yet") }
    })
    .await;
    stop.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.expect("no request failed");
    }
    listener.abort();
    assert!(streams.load(Ordering::SeqCst) >= 2, "the stream was ended and came again: {}", streams.load(Ordering::SeqCst));
    assert!(done.load(Ordering::SeqCst) > 200, "there was load");
    let kinds = noted(&app).await;
    assert_eq!((kinds.first().map(String::as_str), kinds.last().map(String::as_str)), (Some("restart.began"), Some("restart.done")));
    assert_eq!(kinds.iter().filter(|kind| *kind == "restart.step").count(), 3 * 7, "{kinds:?}");
}
