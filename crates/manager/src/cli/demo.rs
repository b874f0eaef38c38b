//! `demo`: a manager with simulated instances on real sockets, whose numbers move and one of which fails now and then.
//!
//! Owns the instances and the story they tell. They live and die with the manager, and so does its temporary registry.

use std::path::{Path, PathBuf};
use std::time::Duration;

use peegeeq_domain::instance::{Draft, Registration};
use peegeeq_testkit::{FakeInstance, Options, World};

use super::banner;
use super::report::Report;
use super::serve;
use crate::app::RunningApp;
use crate::config::{BackendChoice, Loaded, Origin};
use crate::registry::RegistryHandle;
use crate::tasks::TaskName;

/// How often the numbers move.
const TICK: Duration = Duration::from_secs(1);

/// Seconds between two misfortunes, and how long each lasts.
const MISFORTUNE_EVERY: u64 = 45;
const MISFORTUNE_LASTS: u64 = 15;

const REGIONS: [&str; 3] = ["eu-west-1", "us-east-1", "ap-south-1"];
const ENVIRONMENTS: [&str; 2] = ["production", "staging"];

/// Runs a manager with simulated instances until a signal.
pub fn demo(mut loaded: Loaded, instances: u16, seed: Option<u64>) -> Report {
    let directory = match TemporaryDirectory::new() {
        Ok(directory) => directory,
        Err(error) => return Report::failure(1, format!("cannot make a temporary directory for the registry: {error}")),
    };
    loaded.config.registry.data_dir = directory.0.clone();
    for row in loaded.effective.iter_mut().filter(|row| row.key == "data.dir") {
        row.value = directory.0.display().to_string();
        row.origin = Origin::Define("demo: a temporary folder".to_owned());
    }
    // Whatever else runs here: what is simulated stays out of it.
    loaded.config.registry.choice = BackendChoice::Embedded;
    let seed = seed.unwrap_or_else(rand::random);
    serve::run(loaded, move |app, config| async move {
        let cast = match Cast::on_stage(instances, seed, &app.registry).await {
            Ok(cast) => cast,
            Err(sentence) => return Err((app, sentence)),
        };
        banner::print(&config, &announcement(&app, instances, seed));
        let stop = app.tasks().stop_signal();
        app.tasks().vital(TaskName::Demo, async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = cast.play(seed) => {}
            }
        });
        Ok(app)
    })
}

fn announcement(app: &RunningApp, instances: u16, seed: u64) -> String {
    let pages = banner::pages(&banner::base_url(app.address(), app.is_https()));
    format!(
        "{pages}\n  registry     embedded, temporary\n\n\
         demo with {instances} simulated instances (seed {seed}); one of them fails every {MISFORTUNE_EVERY} s for {MISFORTUNE_LASTS} s; Ctrl-C ends it\n"
    )
}

/// The simulated instances.
struct Cast(Vec<FakeInstance>);

impl Cast {
    /// Starts and registers the instances.
    async fn on_stage(count: u16, seed: u64, registry: &RegistryHandle) -> Result<Self, String> {
        let cast = Self::start(count, seed).await.map_err(|error| format!("cannot start simulated instances: {error}"))?;
        cast.register(registry).await?;
        Ok(cast)
    }

    async fn start(count: u16, seed: u64) -> std::io::Result<Self> {
        let mut instances = Vec::new();
        for number in 1..=count {
            let setup = format!("demo-{number:02}");
            let world = if number % 2 == 1 { World::sample(&setup) } else { World::second_sample(&setup) };
            let instance = FakeInstance::start(Options::named(&format!("peegeeq-demo-{number:02}"), world)).await?;
            instance.update(|world| world.tick(seed.wrapping_add(u64::from(number))));
            instances.push(instance);
        }
        Ok(Self(instances))
    }

    async fn register(&self, registry: &RegistryHandle) -> Result<(), String> {
        for (index, instance) in self.0.iter().enumerate() {
            let draft = Draft {
                instance_id: Some(instance.name().to_owned()),
                host: Some(instance.addr().ip().to_string()),
                port: Some(Some(u64::from(instance.port()))),
                version: Some("1.0.0-demo".to_owned()),
                environment: Some(ENVIRONMENTS[usize::from(index % 4 == 3)].to_owned()),
                region: Some(REGIONS[index % REGIONS.len()].to_owned()),
                metadata: [("simulated".into(), "true".into())].into(),
                ..Draft::default()
            };
            let registration =
                Registration::from_draft(draft).map_err(|faults| format!("a simulated instance is not valid: {faults:?}"))?;
            registry.register(registration).await.map_err(|error| format!("cannot register a simulated instance: {error}"))?;
        }
        Ok(())
    }

    /// Plays for ever: numbers move each second; in turn an instance is killed, hangs, or loses its database.
    async fn play(mut self, seed: u64) {
        let mut tick = tokio::time::interval(TICK);
        for second in 1_u64.. {
            tick.tick().await;
            for (index, instance) in self.0.iter().enumerate() {
                instance.update(|world| world.tick(seed ^ second.wrapping_mul(31).wrapping_add(index as u64)));
            }
            let (round, within) = (second / MISFORTUNE_EVERY, second % MISFORTUNE_EVERY);
            let victim = usize::try_from(round.wrapping_add(seed)).unwrap_or_default() % self.0.len();
            match within {
                0 if round > 0 => strike(&mut self.0[victim], round).await,
                MISFORTUNE_LASTS if round > 0 => relieve(&mut self.0[victim], round).await,
                _ => {}
            }
        }
    }
}

/// The misfortunes take turns.
async fn strike(victim: &mut FakeInstance, round: u64) {
    tracing::info!(target: "demo", instanceId = victim.name(), "demo: {} {}", victim.name(), if round % 2 == 1 { "is killed" } else { "loses its database" });
    if round % 2 == 1 {
        victim.stop().await;
    } else {
        victim.set_mode(peegeeq_testkit::Mode::DatabaseDown);
    }
}

async fn relieve(victim: &mut FakeInstance, round: u64) {
    tracing::info!(target: "demo", instanceId = victim.name(), "demo: {} is well again", victim.name());
    if round % 2 == 1 {
        if let Err(error) = victim.restart_on_same_port().await {
            tracing::warn!(target: "demo", "demo: {} cannot be started again: {error}", victim.name());
        }
    } else {
        victim.heal();
    }
}

/// A directory that is removed when the demo ends.
struct TemporaryDirectory(PathBuf);

impl TemporaryDirectory {
    fn new() -> std::io::Result<Self> {
        let path = std::env::temp_dir().join(format!("peegeeq-service-manager-demo-{}-{:08x}", std::process::id(), rand::random::<u32>()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_dir_all(path) {
        tracing::warn!("the demo's directory {} is left behind: {error}", path.display());
    }
}
