//! A manager with simulated instances that are healthy and whose setups were seen.

use peegeeq_testkit::{Dialect, FakeInstance, Options, World, secs, wait_until};
use serde_json::{Value, json};

use super::{Plan, TestApp};

/// A manager and its instances.
pub(crate) struct Cluster {
    pub(crate) app: TestApp,
    pub(crate) instances: Vec<FakeInstance>,
}

impl Cluster {
    /// Instances `peegeeq-a`, `peegeeq-b` … with these worlds, all in one dialect, once all are healthy.
    pub(crate) async fn start(plan: Plan, dialect: Dialect, worlds: Vec<World>) -> Self {
        let app = plan.start().await;
        let mut instances = Vec::new();
        for (index, world) in worlds.into_iter().enumerate() {
            let id = format!("peegeeq-{}", char::from(b'a' + u8::try_from(index).expect("few instances")));
            let instance = FakeInstance::start(Options::named(&id, world).dialect(dialect)).await.expect("an instance");
            app.register(&full_registration(&instance)).await;
            instances.push(instance);
        }
        for instance in &instances {
            app.wait_for_status(instance.name(), "healthy").await;
        }
        Self { app, instances }
    }

    /// Two instances as in the captures.
    pub(crate) async fn of_two(dialect: Dialect) -> Self {
        Self::start(Plan::new(), dialect, vec![World::sample("alpha"), World::second_sample("beta")]).await
    }

    /// Asks now, and expects an answer.
    pub(crate) async fn fresh(&self, path: &str) -> Value {
        let joint = if path.contains('?') { '&' } else { '?' };
        let reply = self.app.get(&format!("{path}{joint}fresh=true")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        reply.json()
    }

    /// Asks now until the answer is complete.
    pub(crate) async fn complete(&self, path: &str) -> Value {
        wait_until(&format!("a complete answer of {path}"), secs(30), || async {
            let answer = self.fresh(path).await;
            if answer["complete"] == json!(true) { Ok(answer) } else { Err(answer.to_string()) }
        })
        .await
    }
}

/// A registration with every label.
pub(crate) fn full_registration(instance: &FakeInstance) -> Value {
    json!({
        "instanceId": instance.name(), "host": instance.host(), "port": instance.port(), "version": "1.2.0",
        "environment": "production", "region": "us-east-1", "metadata": {"datacenter": "dc1", "cluster": "main", "zone": "us-east-1a"}
    })
}

/// A number of an answer, at a JSON pointer.
pub(crate) fn number(answer: &Value, pointer: &str) -> Option<f64> {
    answer.pointer(pointer)?.as_f64()
}
