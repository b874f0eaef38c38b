//! Reads that take long are asked of a second instance: what that hides, and what bounds it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use peegeeq_testkit::{secs, wait_until};
use tokio::sync::Notify;

use crate::support::{Plan, TestApp, Upstream};

const STATS: &str = "/api/v1/queues/s1/q/stats";
const SEND: &str = "/api/v1/queues/s1/q/messages";

/// `a` never answers once it is told to be slow, and says when it was left; `b` answers at once. `a` is asked first.
struct Two {
    app: TestApp,
    a: Upstream,
    b: Upstream,
    slow: Arc<AtomicBool>,
    left: Arc<Notify>,
}

async fn two(plan: Plan) -> Two {
    let app = plan.with("-Dload.balancing.strategy=first_available").with("-Drouting.ejection.failures=0").start().await;
    let (slow, left) = (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()));
    let (is_slow, leaving) = (slow.clone(), left.clone());
    let a = Upstream::start(move |mut coming| {
        let (is_slow, leaving) = (is_slow.clone(), leaving.clone());
        async move {
            if !is_slow.load(Ordering::SeqCst) {
                coming.reply("200 OK", "{}").await;
                return Some(coming);
            }
            coming.gone().await;
            leaving.notify_one();
            None
        }
    })
    .await;
    let b = Upstream::start(|mut coming| async move {
        coming.reply("200 OK", "{}").await;
        Some(coming)
    })
    .await;
    b.join(&app, "b").await;
    app.register(&a.registration("a")).await;
    app.wait_for_status("a", "healthy").await;
    wait_until("a to be asked first", secs(30), || async {
        let reply = app.get(STATS).await;
        if reply.header("x-peegeeq-instance") == "a" { Ok(()) } else { Err(reply.text()) }
    })
    .await;
    slow.store(true, Ordering::SeqCst);
    Two { app, a, b, slow, left }
}

fn came(upstream: &Upstream) -> usize {
    upstream.requests.load(Ordering::SeqCst)
}

#[tokio::test]
async fn a_slow_instance_is_hidden_and_its_attempt_is_cut_off() {
    let Two { app, left, slow, .. } = two(Plan::new().with("-Drouting.hedge.delay=100")).await;
    let read = app.get(STATS).await;
    assert_eq!((read.status.as_u16(), read.header("x-peegeeq-instance")), (200, "b"), "{}", read.text());
    assert_eq!((read.header("x-peegeeq-hedged"), read.header("x-peegeeq-attempts")), ("second", "2"));
    tokio::time::timeout(secs(10), left.notified()).await.expect("the slower attempt is cut off");
    let told = app.get("/api/v1/routing").await.json();
    let hedging = &told["retries"]["hedging"];
    assert_eq!((&hedging["sent"], &hedging["won"], &hedging["delayMs"]), (&1.into(), &1.into(), &100.into()), "{hedging}");
    assert!(told["retries"]["retries"].as_u64() >= Some(1), "it came out of the budget: {told}");
    let slowed = told["instances"][0]["latencyMs"].as_f64().unwrap_or_default();
    assert!(slowed >= 50.0, "the slow one counts as slow: {slowed}");
    assert!(app.get("/metrics").await.text().contains("peegeeq_routed_hedges_total{outcome=\"won\"} 1"));
    slow.store(false, Ordering::SeqCst);
    let quick = app.get(STATS).await;
    assert_eq!((quick.header("x-peegeeq-instance"), quick.header("x-peegeeq-hedged")), ("a", ""), "a quick one is asked of one");
}

#[tokio::test]
async fn writes_and_streams_are_never_asked_twice() {
    let Two { app, b, a, .. } = two(Plan::new().with("-Drouting.hedge.delay=20").with("-Drouting.timeout=1000")).await;
    let (before_a, before) = (came(&a), came(&b));
    for (method, path, headers) in [
        ("POST", SEND, &[][..]),
        ("PUT", STATS, &[]),
        ("DELETE", STATS, &[]),
        ("GET", "/api/v1/queues/s1/q/messages/stream", &[("x-peegeeq-instance", "a")]),
    ] {
        let reply = app.ask(method, path, headers, "").await;
        assert_eq!((reply.status.as_u16(), reply.header("x-peegeeq-hedged")), (504, ""), "{method} {path}: {}", reply.text());
    }
    assert_eq!((came(&a) - before_a, came(&b)), (4, before), "each went to one, once");
}

#[tokio::test]
async fn it_is_off_unless_it_is_set_and_an_explicit_choice_stands() {
    for (plan, header) in [(Plan::new(), None), (Plan::new().with("-Drouting.hedge.delay=20"), Some(("x-peegeeq-instance", "a")))] {
        let Two { app, b, .. } = two(plan.with("-Drouting.timeout=600").with("-Dload.balancing.max.retries=0")).await;
        let before = came(&b);
        let reply = app.ask("GET", STATS, header.as_slice(), "").await;
        assert_eq!((reply.status.as_u16(), came(&b)), (504, before), "{}", reply.text());
    }
}

#[tokio::test]
async fn the_budget_bounds_it() {
    let plan = Plan::new().with("-Drouting.hedge.delay=20").with("-Drouting.timeout=600").with("-Dload.balancing.max.retries=0");
    let plan = plan.with("-Drouting.retry.budget.percent=0").with("-Drouting.retry.budget.reserve=0");
    let Two { app, b, .. } = two(plan).await;
    let before = came(&b);
    let reply = app.get(STATS).await;
    assert_eq!((reply.status.as_u16(), came(&b)), (504, before), "{}", reply.text());
    let told = app.get("/api/v1/routing").await.json();
    assert_eq!((&told["retries"]["hedging"]["sent"], &told["retries"]["hedging"]["unaffordable"]), (&0.into(), &1.into()), "{told}");
}

#[tokio::test]
async fn the_delay_may_follow_what_is_usual() {
    let Two { app, slow, .. } = two(Plan::new().with("-Drouting.hedge.percentile=95").with("-Dserver.workers=1")).await;
    slow.store(false, Ordering::SeqCst);
    for _ in 0..70 {
        assert_eq!(app.get(STATS).await.status, 200);
    }
    slow.store(true, Ordering::SeqCst);
    let read = app.get(STATS).await;
    assert_eq!((read.status.as_u16(), read.header("x-peegeeq-hedged")), (200, "second"), "{}", read.text());
}
