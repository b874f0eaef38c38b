//! Many instances behind one listener.

use peegeeq_testkit::{FakeFleet, FleetOptions, HttpClient, Mode, World, secs};

use super::{get, json};

#[tokio::test]
async fn each_instance_has_its_own_address_world_mode_and_counters() {
    let fleet = FakeFleet::start(300, FleetOptions::of(World::with_queues("s", 1))).await.unwrap();
    assert_eq!((fleet.len(), fleet.is_empty()), (300, false));
    assert_eq!(fleet.handle(0).base_url(), format!("http://127.1.0.1:{}", fleet.port()));
    assert_eq!(fleet.handle(299).base_url(), format!("http://127.1.1.44:{}", fleet.port()));

    fleet.handle(299).update(|world| world.setup_mut("s").unwrap().queues[0].messages = 7);
    fleet.handle(1).set_mode(Mode::HealthDown);
    fleet.handle(2).set_mode(Mode::Reset);
    let url = |index: usize, path: &str| format!("{}{path}", fleet.handle(index).base_url());
    let total = |index| json(url(index, "/api/v1/management/overview"));
    assert_eq!(total(299).await["systemStats"]["totalMessages"], 7);
    assert_eq!(total(298).await["systemStats"]["totalMessages"], 0);
    assert_eq!(get(url(0, "/health")).await.status, 200);
    assert_eq!(get(url(1, "/health")).await.status, 500);
    assert!(HttpClient::new(secs(5)).get(&url(2, "/health")).await.is_err());
    assert_eq!((fleet.hits("/health"), fleet.handle(1).hits("/health")), (2, 1));

    let stranger = format!("http://127.9.9.9:{}/health", fleet.port());
    assert!(HttpClient::new(secs(5)).get(&stranger).await.is_err());
    let first = url(0, "/health");
    fleet.stop().await;
    assert!(HttpClient::new(secs(5)).get(&first).await.is_err());
}
