//! What becomes of instances that live, die, hang, move and come back.

use peegeeq_domain::health::Doubt;
use peegeeq_testkit::{Canned, ChaosMode, ChaosProxy, FakeFleet, FleetOptions, Mode};

use super::*;

fn failing(in_a_row: u32) -> Verdict {
    Verdict::Failing { in_a_row, passed_before: true }
}

#[tokio::test]
async fn a_first_pass_is_enough_and_is_noted_beside_the_catalog() {
    let scene = Scene::start(unhurried());
    let _instance = scene.with_instance("a", FakeInstance::builder()).await;
    let checkup = scene.checkup("a").unwrap();
    assert_eq!((checkup.status, checkup.failure.clone()), (Some(200), None));
    assert!(checkup.health_data.as_deref().unwrap().contains("\"UP\""));
    assert!(checkup.phases.connect.is_some() && checkup.phases.first_byte.is_some());
    assert_eq!(scene.history("a"), [(Verdict::Passing, "health check passed".to_owned())]);
}

#[tokio::test]
async fn a_killed_process_trips_the_wire_and_is_down_after_three_refusals() {
    let scene = Scene::start(HealthSettings { tripwire: true, ..unhurried() });
    let mut instance = scene.with_instance("a", FakeInstance::builder()).await;
    eventually("the wire", || instance.connections() == 1).await;
    instance.stop().await;
    scene.becomes("a", Verdict::is_down).await;
    let refused = format!("Connection refused: 127.0.0.1:{}", instance.port());
    let found: Vec<_> = scene.history("a").into_iter().skip(1).collect();
    let expected = [failing(1), failing(2), Verdict::Down { in_a_row: 3 }].map(|verdict| (verdict, refused.clone()));
    assert_eq!(found, expected);

    instance.restart_on_same_port().await.unwrap();
    scene.becomes("a", |verdict| verdict == Verdict::Passing).await;
    eventually("the wire again", || instance.connections() == 1).await;
}

#[tokio::test]
async fn a_wire_cut_for_nothing_costs_a_probe_and_comes_back() {
    let scene = Scene::start(HealthSettings { tripwire: true, ..unhurried() });
    let instance = scene.with_instance("a", FakeInstance::builder()).await;
    eventually("the wire", || instance.connections() == 1).await;
    instance.clear_hits();
    instance.cut_connections();
    eventually("a probe", || instance.hits("/health") == 1).await;
    eventually("the wire again", || instance.connections() == 1).await;
    assert_eq!(scene.history("a").len(), 1);
}

#[tokio::test]
async fn a_hang_is_found_and_said() {
    let scene = Scene::start(settings());
    let instance = scene.with_instance("a", FakeInstance::builder()).await;
    instance.set_mode(Mode::Hang);
    scene.becomes("a", Verdict::is_down).await;
    assert_eq!(scene.history("a").last().unwrap().1, "No answer after 600ms");
    assert_eq!(scene.checkup("a").unwrap().failure.as_ref().unwrap().sentence, "No answer after 600ms");
    instance.heal();
    scene.becomes("a", |verdict| verdict == Verdict::Passing).await;
}

#[tokio::test]
async fn what_answers_wrongly_is_down() {
    let modes: [(Mode, &str); 5] = [
        (Mode::HealthDown, "HTTP status 500 instead of 2xx"),
        (Canned::json(r#"{"status":"DOWN"}"#).into(), "health answer says status \"DOWN\""),
        (Canned::json(r#"{"status":"UP","service":"peegeeq-service-manager"}"#).into(), "this is a PeeGeeQ Service Manager"),
        (Mode::Raw("what?\r\n\r\n".into()), "is not valid HTTP/1.1"),
        (Canned::redirect("http://127.0.0.1:1/health").into(), "redirects are not followed"),
    ];
    let scene = Scene::start(settings());
    for (n, (mode, evidence)) in modes.into_iter().enumerate() {
        let id = format!("i-{n}");
        let instance = scene.with_instance(&id, FakeInstance::builder()).await;
        instance.set_mode(mode);
        scene.becomes(&id, Verdict::is_down).await;
        let said = scene.history(&id).last().unwrap().1.clone();
        assert!(said.contains(evidence), "{said}");
    }
}

#[tokio::test]
async fn a_large_health_answer_is_judged_by_its_status() {
    let scene = Scene::start(unhurried());
    let instance = FakeInstance::builder().start().await.unwrap();
    instance.set_mode(Canned::endless());
    scene.register("a", &instance.host(), instance.port());
    scene.becomes("a", |verdict| verdict == Verdict::Passing).await;
    assert_eq!(scene.checkup("a").unwrap().health_data, None);
}

#[tokio::test]
async fn a_moved_instance_begins_afresh_and_a_removed_one_is_left_alone() {
    let scene = Scene::start(unhurried());
    let old = scene.with_instance("a", FakeInstance::builder()).await;
    let new = FakeInstance::builder().start().await.unwrap();
    scene.register("a", &new.host(), new.port());
    eventually("a probe at the new address", || new.hits("/health") == 1).await;
    scene.becomes("a", |verdict| verdict == Verdict::Passing).await;
    assert_eq!(old.hits("/health"), 1);

    change(&scene.publisher, [CatalogEvent::Deregistered(id("a"))]);
    eventually("its place to be gone", || scene.observations.slot("a").is_none()).await;
    scene.register("a", &new.host(), new.port());
    eventually("a probe of the new registration", || new.hits("/health") == 2).await;
}

#[tokio::test]
async fn a_verdict_lost_on_its_way_is_repeated() {
    let scene = Scene::start(unhurried());
    scene.losing.store(true, Ordering::SeqCst);
    let instance = FakeInstance::builder().start().await.unwrap();
    scene.register("a", &instance.host(), instance.port());
    eventually("a checkup", || scene.checkup("a").is_some()).await;
    assert_eq!(scene.verdict("a"), Verdict::Unprobed);
    scene.losing.store(false, Ordering::SeqCst);
    scene.register("a", &instance.host(), instance.port());
    scene.becomes("a", |verdict| verdict == Verdict::Passing).await;
}

#[tokio::test]
async fn hosts_that_fall_silent_together_make_the_manager_doubt_itself() {
    let scene = Scene::start(settings());
    let fleet = FakeFleet::start(5, FleetOptions::default()).await.unwrap();
    let handles: Vec<_> = fleet.handles().cloned().collect();
    let mut names = Vec::new();
    for handle in &handles {
        scene.register(handle.name(), &handle.host(), handle.port());
        names.push(handle.name().to_owned());
    }
    for name in &names {
        scene.becomes(name, |verdict| verdict == Verdict::Passing).await;
    }
    // The first two may be found down before a third falls silent; from then on nobody is.
    handles.iter().for_each(|handle| handle.set_mode(Mode::Hang));
    eventually("doubt", || matches!(scene.observations.doubt(), Some(Doubt::MostHostsSilent { .. }))).await;
    let probes: Vec<_> = handles.iter().map(|handle| handle.hits("/health")).collect();
    eventually("many more probes", || handles.iter().zip(&probes).all(|(handle, before)| handle.hits("/health") >= before + 6)).await;
    let down = names.iter().filter(|name| scene.verdict(name).is_down()).count();
    assert!(down <= 2, "{down} of 5 were found down in spite of doubt");
    handles.iter().for_each(|handle| handle.heal());
    eventually("trust", || scene.observations.doubt().is_none()).await;
}

#[tokio::test]
async fn no_more_probes_than_the_limit_run_at_once() {
    let scene = Scene::start(HealthSettings { concurrency: 3, ..settings() });
    let instance = FakeInstance::builder().start().await.unwrap();
    instance.set_mode(Mode::Slow(Duration::from_millis(30)));
    for n in 0..30 {
        scene.register(&format!("i-{n}"), &instance.host(), instance.port());
    }
    for n in 0..30 {
        scene.becomes(&format!("i-{n}"), |verdict| verdict == Verdict::Passing).await;
    }
    assert_eq!(instance.most_concurrent(), 3);
}

#[tokio::test]
async fn a_partition_and_a_reset_are_found_through_a_proxy() {
    let scene = Scene::start(settings());
    let instance = FakeInstance::builder().start().await.unwrap();
    let proxy = ChaosProxy::start(instance.addr()).await.unwrap();
    scene.register("a", "127.0.0.1", proxy.port());
    for mode in [ChaosMode::Stall, ChaosMode::Reset, ChaosMode::Refuse, ChaosMode::CutMidBody(3)] {
        proxy.set(ChaosMode::Pass);
        scene.becomes("a", |verdict| verdict == Verdict::Passing).await;
        proxy.set(mode);
        scene.becomes("a", Verdict::is_down).await;
    }
}

#[tokio::test]
async fn stopping_waits_for_no_instance() {
    let scene = Scene::start(HealthSettings { probe_timeout: secs(3_600), tripwire: true, ..settings() });
    let instance = scene.with_instance("a", FakeInstance::builder()).await;
    let hung = FakeInstance::builder().start().await.unwrap();
    hung.set_mode(Mode::Hang);
    scene.register("b", &hung.host(), hung.port());
    eventually("a probe of the hung one", || hung.hits("/health") > 0).await;
    eventually("a wire", || instance.connections() > 0).await;
    assert!(scene.tasks.stop(PATIENCE).await);
}
