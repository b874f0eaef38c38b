//! The numbers of federation are settings, and their effects are seen at instances or in answers.

use peegeeq_testkit::{Canned, Dialect, FakeFleet, FleetOptions, Mode, World, millis, secs, wait_until};
use serde_json::json;

use crate::support::{Cluster, Plan};

const OVERVIEW: &str = "/api/v1/federation/overview";
const ASKED: &str = "/api/v1/management/overview";

#[tokio::test]
async fn the_age_of_answers_is_a_setting() {
    for (age, grows) in [("0", true), ("3600000", false)] {
        let plan = Plan::new().with(&format!("-Dfederation.max.age={age}"));
        let cluster = Cluster::start(plan, Dialect::Current, vec![World::sample("alpha")]).await;
        cluster.complete(OVERVIEW).await;
        let before = cluster.instances[0].hits(ASKED);
        for _ in 0..5 {
            let reply = cluster.app.get(OVERVIEW).await;
            assert!(reply.header("age").parse::<u64>().is_ok());
        }
        assert_eq!(cluster.instances[0].hits(ASKED) > before, grows, "max age {age}");
        cluster.fresh(OVERVIEW).await;
        assert!(cluster.instances[0].hits(ASKED) > before, "fresh=true asks now");
    }
}

#[tokio::test]
async fn questions_of_the_same_moment_share_one_fetch() {
    let cluster = Cluster::start(Plan::new(), Dialect::Current, vec![World::sample("alpha")]).await;
    cluster.complete(OVERVIEW).await;
    cluster.instances[0].set_path_mode(ASKED, Mode::Slow(millis(300)));
    cluster.instances[0].clear_hits();
    let asked = (0..50).map(|_| cluster.fresh(OVERVIEW));
    let answers = futures_util::future::join_all(asked).await;
    assert!(answers.iter().all(|answer| answer["instanceCount"] == 1));
    assert!(cluster.instances[0].hits(ASKED) < 25, "{} requests for 50 questions", cluster.instances[0].hits(ASKED));
}

#[tokio::test]
async fn the_size_of_an_instances_answer_is_a_setting() {
    let plan = Plan::new().with("-Dfederation.response.max.bytes=2KB");
    let cluster = Cluster::start(plan, Dialect::Current, vec![World::sample("alpha"), World::with_queues("beta", 100)]).await;
    let answer = cluster.fresh("/api/v1/federated/queues").await;
    assert_eq!(answer["failedInstances"][0]["instanceId"], "peegeeq-b", "{answer}");
    assert!(answer["failedInstances"][0]["error"].as_str().is_some_and(|error| error.contains("2048")), "{answer}");
}

/// The most instances asked at once, when each is slow.
async fn most_at_once(plan: Plan) -> usize {
    let app = plan.start().await;
    let fleet = FakeFleet::start(8, FleetOptions::of(World::sample("alpha"))).await.expect("a fleet");
    for instance in fleet.handles() {
        app.register(&json!({"instanceId": instance.name(), "host": instance.host(), "port": instance.port()})).await;
    }
    wait_until("all to be healthy", secs(30), || async {
        let list = app.get("/api/v1/instances?status=healthy").await.json();
        if list["count"] == 8 { Ok(()) } else { Err(list["count"].to_string()) }
    })
    .await;
    fleet.handles().for_each(|instance| {
        instance.clear_hits();
        instance.set_path_mode("/api/v1/management", Mode::Hang);
    });
    let asking = app.get("/api/v1/federated/queues?fresh=true");
    let counting = async {
        wait_until("an instance to be asked", secs(20), || {
            let hits = fleet.hits("/api/v1/management/queues");
            std::future::ready(if hits > 0 { Ok(()) } else { Err(hits) })
        })
        .await;
        for _ in 0..50 {
            app.get("/health").await;
        }
        let most = fleet.hits("/api/v1/management/queues");
        fleet.handles().for_each(peegeeq_testkit::FakeInstanceHandle::heal);
        most
    };
    let (reply, most) = tokio::join!(asking, counting);
    assert_eq!(reply.json()["instanceCount"], 8, "{}", reply.text());
    fleet.stop().await;
    usize::try_from(most).expect("few")
}

#[tokio::test]
async fn how_many_instances_are_asked_at_once_is_a_setting() {
    let plan = |setting: &str| Plan::new().with("-Dfederation.source.timeout=8000").with(setting);
    assert_eq!(most_at_once(plan("-Dfederation.concurrency=2")).await, 2);
    assert_eq!(most_at_once(plan("-Dfederation.concurrency=32")).await, 8);
}

#[tokio::test]
async fn how_many_connections_there_are_is_a_setting() {
    let plan = Plan::new().with("-Dfederation.source.timeout=8000").with("-Dhttp.client.max.pool.size=3");
    assert_eq!(most_at_once(plan).await, 3);
}

#[tokio::test]
async fn the_whole_answer_has_a_time() {
    let cluster =
        Cluster::start(Plan::new().with("-Drequest.timeout=500"), Dialect::Current, vec![World::sample("alpha"), World::sample("beta")])
            .await;
    cluster.instances[0].set_path_mode("/api/v1/management", Mode::Hang);
    let answer = cluster.fresh(OVERVIEW).await;
    let error = answer["failedInstances"][0]["error"].as_str().unwrap_or_default().to_owned();
    let allowed: Option<u32> = error.split(' ').find_map(|word| word.parse().ok());
    // The default of one instance's time is 3,000 ms; it is cut to 0.8 of the whole.
    assert!(allowed.is_some_and(|allowed| allowed <= 400), "{answer}");
}

#[tokio::test]
async fn many_queues_are_answered_whole_and_in_pages() {
    let worlds = (0..10).map(|n| World::with_queues(&format!("s{n}"), 500)).collect();
    let cluster = Cluster::start(Plan::new(), Dialect::Current, worlds).await;
    let answer = cluster.fresh("/api/v1/federated/queues").await;
    assert_eq!((&answer["queueCount"], answer["queues"].as_array().map(Vec::len)), (&json!(5000), Some(5000)));
    let page = cluster.app.get("/api/v1/federation/queues?page=2&pageSize=50").await.json();
    assert_eq!((&page["queueCount"], page["queues"].as_array().map(Vec::len)), (&json!(500), Some(50)));
    cluster.instances[0].set_path_mode("/api/v1/management", Canned::json("{}"));
}
