//! Probes that somebody asked for.

use futures_util::future::join_all;
use peegeeq_testkit::Mode;

use super::*;
use crate::health::CheckError;
use crate::health::due::Serial;
use crate::health::monitor::{Cause, Lane, Monitor, News};

#[tokio::test]
async fn twenty_who_ask_together_cost_one_request() {
    let scene = Scene::start(unhurried());
    let instance = scene.with_instance("a", FakeInstance::builder()).await;
    instance.clear_hits();
    instance.set_mode(Mode::Slow(Duration::from_millis(300)));
    let name = id("a");
    let answers = join_all((0..20).map(|n| {
        let check = if n % 2 == 0 { Check::Looking } else { Check::Counting };
        scene.handle.check(&name, check)
    }));
    for answer in answers.await {
        assert_eq!(answer.unwrap().status, Some(200));
    }
    assert_eq!(instance.hits("/health"), 1);
}

#[tokio::test]
async fn a_changed_verdict_is_visible_before_the_reply() {
    let scene = Scene::start(unhurried());
    let mut instance = scene.with_instance("a", FakeInstance::builder()).await;
    instance.stop().await;
    let failure = scene.handle.check(&id("a"), Check::Counting).await.unwrap();
    assert!(failure.failure.is_some());
    assert_eq!(scene.verdict("a"), Verdict::Failing { in_a_row: 1, passed_before: true });
    scene.becomes("a", Verdict::is_down).await;
    instance.restart_on_same_port().await.unwrap();
    // The writer is slow from here on: the reply must wait for it.
    scene.gate.send_replace(false);
    let (handle, name) = (scene.handle.clone(), id("a"));
    let mut reply = scene.tasks.short(async move { handle.check(&name, Check::Counting).await });
    eventually("the checkup", || scene.checkup("a").is_some_and(|checkup| checkup.failure.is_none())).await;
    assert!(!reply.is_finished() && scene.verdict("a").is_down());
    scene.gate.send_replace(true);
    assert_eq!((&mut reply).await.unwrap().unwrap().failure, None);
    assert_eq!(scene.verdict("a"), Verdict::Passing);
}

#[tokio::test]
async fn who_merely_looks_does_not_count_a_failure() {
    let mut settings = unhurried();
    settings.policy.recheck = secs(3_600);
    let scene = Scene::start(settings);
    let mut instance = scene.with_instance("a", FakeInstance::builder()).await;
    instance.stop().await;
    for _ in 0..5 {
        assert!(scene.handle.check(&id("a"), Check::Looking).await.unwrap().failure.is_some());
    }
    assert_eq!(scene.verdict("a"), Verdict::Passing);
    for _ in 0..5 {
        scene.handle.check(&id("a"), Check::Counting).await.unwrap();
    }
    assert!(!scene.verdict("a").is_down(), "five in a second count as one or two");
    assert_ne!(scene.verdict("a"), Verdict::Passing);
}

#[tokio::test]
async fn strangers_and_a_stopped_manager_are_told_apart() {
    let scene = Scene::start(settings());
    assert_eq!(scene.handle.check(&id("nobody"), Check::Looking).await.unwrap_err(), CheckError::Unknown);
    assert!(scene.tasks.stop(PATIENCE).await);
    assert_eq!(scene.handle.check(&id("nobody"), Check::Looking).await.unwrap_err(), CheckError::Stopping);
}

#[tokio::test]
async fn whoever_waits_for_a_removed_instance_is_told() {
    let scene = Scene::start(unhurried());
    let instance = scene.with_instance("a", FakeInstance::builder()).await;
    instance.set_mode(Mode::Hang);
    instance.clear_hits();
    let (handle, name) = (scene.handle.clone(), id("a"));
    let reply = scene.tasks.short(async move { handle.check(&name, Check::Looking).await });
    eventually("the probe", || instance.hits("/health") == 1).await;
    change(&scene.publisher, [CatalogEvent::Deregistered(id("a"))]);
    assert_eq!(reply.await.unwrap().unwrap_err(), CheckError::Stopping);
}

#[tokio::test]
async fn a_panic_in_a_probe_frees_its_place() {
    let (tasks, _ended) = Tasks::new(Handle::current());
    let (_publisher, reader) = catalog_cell(Catalog::default());
    let (tell, mut news) = tokio::sync::mpsc::channel(1);
    let judge: Judge = Arc::new(|_| Box::pin(std::future::ready(())));
    let (remember, note) = (Arc::new(|_| Box::pin(std::future::ready(())) as _), Arc::new(|_| Box::pin(std::future::ready(())) as _));
    let ties = Ties { judge, remember, note, known: Vec::new() };
    let mut monitor = Monitor::new(settings(), reader, Arc::default(), ties, Arc::new(Dialer::new(dialing()).unwrap()), tell, tasks);
    for cause in [Cause::Forced, Cause::Scheduled(Lane::Slow)] {
        match cause {
            Cause::Forced => monitor.forced_running += 1,
            Cause::Scheduled(lane) => monitor.line.began(lane),
        }
        monitor.set_going(Some(News::ProbeLost { serial: Serial(1), cause }), async { panic!("planted") });
        let lost = news.recv().await.unwrap();
        assert!(matches!(lost, News::ProbeLost { cause: told, .. } if told == cause));
        monitor.apply(lost);
    }
    assert_eq!(monitor.forced_running, 0);
    assert!(monitor.line.is_idle());
}
