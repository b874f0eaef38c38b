//! What is seen of setups: databases that go, setups that vanish, instances that have none.

use peegeeq_testkit::{Canned, Mode, Queue, QueueKind};

use super::*;
use crate::observations::{SetupHealth, SetupSeen, SetupsSeen};

fn looking() -> HealthSettings {
    HealthSettings { setups_interval: Duration::from_millis(200), ..settings() }
}

impl Scene {
    fn setups(&self, id: &str) -> Option<Arc<SetupsSeen>> {
        self.observations.slot(id)?.setups()
    }

    async fn setup_becomes(&self, id: &str, setup: &str, wanted: impl Fn(&SetupSeen) -> bool) -> SetupSeen {
        wait_until(setup, PATIENCE, || {
            let seen = self.setups(id);
            let found = seen.as_ref().and_then(|seen| seen.setups.iter().find(|seen| &*seen.id == setup).cloned());
            let found = found.filter(&wanted).ok_or_else(|| format!("{seen:?}"));
            std::future::ready(found)
        })
        .await
    }
}

fn two_setups() -> Options {
    FakeInstance::builder().setup(Setup::empty("alpha")).setup(Setup::empty("b/e t")).forget_setups_on_restart()
}

#[tokio::test]
async fn a_lost_database_is_seen_on_an_instance_that_says_it_is_up() {
    let scene = Scene::start(looking());
    let instance = scene.with_instance("a", two_setups()).await;
    let up = |setup: &SetupSeen| setup.health == SetupHealth::Up;
    let alpha = scene.setup_becomes("a", "alpha", |setup| up(setup) && setup.database.is_some()).await;
    assert!(!alpha.missing);
    scene.setup_becomes("a", "b/e t", |setup| setup.database.is_some()).await;
    scene.noted_become(&[0]).await;

    instance.set_database_down("alpha", true);
    scene.setup_becomes("a", "alpha", |setup| matches!(&setup.health, SetupHealth::Down { reason } if reason.contains("database"))).await;
    scene.setup_becomes("a", "b/e t", up).await;
    assert_eq!(scene.verdict("a"), Verdict::Passing, "the instance itself is well");
    instance.set_database_down("alpha", false);
    scene.setup_becomes("a", "alpha", up).await;
}

#[tokio::test]
async fn a_setup_forgotten_by_its_instance_is_missing_until_it_comes_back() {
    let scene = Scene::start(looking());
    let mut options = two_setups();
    options.world.setups[0].queues = vec![Queue::new("orders", QueueKind::Native)];
    let mut instance = scene.with_instance("a", options).await;
    let database = scene.setup_becomes("a", "alpha", |setup| setup.database.is_some()).await.database;
    let world = instance.world();
    instance.restart_on_same_port().await.unwrap();
    let missing = scene.setup_becomes("a", "alpha", |setup| setup.missing).await;
    assert_eq!(missing.database, database, "where it was is still known");
    assert_eq!(missing.queues, [Arc::from("orders")]);
    instance.update(|present| present.setups.clear());
    instance.update(|present| *present = world);
    scene.setup_becomes("a", "alpha", |setup| !setup.missing && setup.health == SetupHealth::Up).await;
    assert!(scene.setups("a").unwrap().failure.is_none());
}

#[tokio::test]
async fn an_instance_without_such_endpoints_has_no_setups_and_no_fault() {
    let scene = Scene::start(looking());
    let instance = FakeInstance::builder().start().await.unwrap();
    instance.set_path_mode("/api/v1/setups", Mode::error(404, "{}"));
    scene.register("a", &instance.host(), instance.port());
    eventually("a look", || scene.setups("a").is_some()).await;
    let seen = scene.setups("a").unwrap();
    assert_eq!((seen.setups.len(), seen.failure.clone()), (0, None));
}

#[tokio::test]
async fn a_failed_look_keeps_what_was_known_and_says_so() {
    let scene = Scene::start(looking());
    let instance = scene.with_instance("a", two_setups()).await;
    scene.setup_becomes("a", "alpha", |setup| setup.health == SetupHealth::Up).await;
    instance.set_path_mode("/api/v1/setups", Canned::json("{}").status(500));
    eventually("the fault", || scene.setups("a").is_some_and(|seen| seen.failure.is_some())).await;
    let seen = scene.setups("a").unwrap();
    assert_eq!((seen.setups.len(), seen.stale), (2, true));
    instance.clear_path_mode("/api/v1/setups");
    instance.set_path_mode("/api/v1/setups/alpha/health", Canned::json("{}").status(500));
    scene.setup_becomes("a", "alpha", |setup| matches!(setup.health, SetupHealth::Unknown { .. })).await;
}

#[tokio::test]
async fn a_look_uses_few_connections_and_asks_two_at_a_time() {
    let scene = Scene::start(HealthSettings { setups_interval: secs(3_600), ..unhurried() });
    let mut options = FakeInstance::builder();
    for n in 0..130 {
        options = options.setup(Setup::empty(&format!("s-{n:03}")));
    }
    let instance = options.start().await.unwrap();
    instance.set_path_mode("/api/v1/setups/", Mode::Slow(Duration::from_millis(5)));
    scene.register("a", &instance.host(), instance.port());
    eventually("the look", || scene.setups("a").is_some()).await;
    let seen = scene.setups("a").unwrap();
    assert_eq!(seen.setups.len(), 100);
    assert!(seen.setups.iter().all(|setup| setup.health == SetupHealth::Up && setup.database.is_some()));
    assert_eq!(seen.failure.as_deref(), Some("only 100 of 130 setups are looked at"));
    assert_eq!(instance.most_concurrent(), 2);
    assert_eq!(instance.hits("/api/v1/setups"), 201);
}

#[tokio::test]
async fn a_setup_that_did_not_come_along_when_its_instance_moved_is_missing() {
    let scene = Scene::start(looking());
    let _old = scene.with_instance("a", two_setups()).await;
    let database = scene.setup_becomes("a", "alpha", |setup| setup.database.is_some()).await.database;
    let new = FakeInstance::builder().setup(Setup::empty("b/e t")).start().await.unwrap();
    scene.register("a", &new.host(), new.port());
    let missing = scene.setup_becomes("a", "alpha", |setup| setup.missing).await;
    assert_eq!(missing.database, database);
    scene.setup_becomes("a", "b/e t", |setup| !setup.missing).await;
}

impl Scene {
    /// How many setups were in trouble in each entry that was to be journalled, once it is these.
    async fn noted_become(&self, wanted: &[usize]) {
        wait_until("what is noted", PATIENCE, || {
            let noted = self.noted.lock().unwrap();
            let count = |event: &JournalEvent| if let JournalEvent::SetupsChanged { troubled, .. } = event { troubled.len() } else { 99 };
            let found: Vec<_> = noted.iter().map(count).collect();
            std::future::ready(if found == wanted { Ok(()) } else { Err(format!("{found:?}")) })
        })
        .await
    }

    /// The setups that were last to be written, once they are these.
    async fn written_become(&self, wanted: &[&str]) -> KnownSetups {
        wait_until("what is written", PATIENCE, || {
            let last = self.written.lock().unwrap().last().cloned();
            let ids = |known: &KnownSetups| known.setups.iter().map(|setup| setup.id.to_string()).collect::<Vec<_>>();
            let found = last.filter(|known| ids(known) == wanted && known.setups.iter().all(|setup| setup.database.is_some()));
            std::future::ready(found.ok_or_else(|| format!("{:?}", self.written.lock().unwrap())))
        })
        .await
    }
}

#[tokio::test]
async fn a_setup_lost_while_the_manager_was_stopped_is_missing_and_nothing_else_is_restored() {
    let first = Scene::start(looking());
    let mut instance = first.with_instance("a", two_setups()).await;
    let known = first.written_become(&["alpha", "b/e t"]).await;
    let catalog = Catalog::clone(&first.reader.current());
    assert!(first.tasks.stop(secs(10)).await);
    instance.restart_on_same_port().await.unwrap();

    let (fresh, _) = Catalog::default().after(catalog.entries().iter().map(|entry| CatalogEvent::Registered(entry.instance.clone())));
    let second = Scene::start_again(looking(), fresh, vec![known.clone()]);
    assert!(second.setups("a").is_none(), "nothing is seen before a look");
    let missing = second.setup_becomes("a", "alpha", |setup| setup.missing).await;
    assert_eq!(missing.database, known.setups[0].database);
    assert_eq!(second.written.lock().unwrap().len(), 0, "nothing changed, so nothing is written");
}

#[tokio::test]
async fn what_did_not_change_is_written_once() {
    let scene = Scene::start(looking());
    let instance = scene.with_instance("a", two_setups()).await;
    scene.written_become(&["alpha", "b/e t"]).await;
    let (written, looks) = (scene.written.lock().unwrap().len(), instance.hits("/api/v1/setups"));
    eventually("more looks", || instance.hits("/api/v1/setups") > looks + 9).await;
    assert_eq!(scene.written.lock().unwrap().len(), written);
}

#[tokio::test]
async fn a_setup_that_was_ordered_to_go_is_not_missed() {
    let scene = Scene::start(looking());
    let instance = scene.with_instance("a", two_setups()).await;
    scene.written_become(&["alpha", "b/e t"]).await;
    scene.handle.expect_gone(&id("a"), "alpha").await.unwrap();
    scene.written_become(&["b/e t"]).await;
    assert_eq!(scene.setups("a").unwrap().setups.len(), 2, "it is still there");
    instance.update(|world| world.setups.retain(|setup| &*setup.id != "alpha"));
    eventually("it is forgotten", || scene.setups("a").unwrap().setups.len() == 1).await;

    instance.update(|world| world.setups.clear());
    scene.setup_becomes("a", "b/e t", |setup| setup.missing).await;
    scene.handle.expect_gone(&id("a"), "b/e t").await.unwrap();
    assert_eq!(scene.setups("a").unwrap().setups.len(), 0, "what was missing is forgotten at once");
    scene.written_become(&[]).await;
    scene.handle.expect_gone(&id("stranger"), "b/e t").await.unwrap();
}
