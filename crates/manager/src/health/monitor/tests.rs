//! The monitor against simulated instances, with a catalog of its own and a writer that is a few lines long.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use peegeeq_domain::catalog::{Catalog, CatalogEvent, Generation};
use peegeeq_domain::health::{HealthPolicy, Verdict};
use peegeeq_domain::instance::{Draft, Instance, InstanceId, Registration};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_domain::time::Timestamp;
use peegeeq_testkit::{FakeInstance, Options, Setup, secs, wait_until};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::health::{Check, HealthHandle, HealthSettings, Judge, Judgement, Note, Remember, Ties, start};
use crate::net::{Dialer, DialerSettings, TlsSettings};
use crate::observations::{Checkup, Observations};
use crate::registry::store::CommitErrorKind;
use crate::registry::{CatalogPublisher, CatalogReader, KnownSetups, RegistryError, catalog_cell};
use crate::tasks::{EndedEarly, Tasks};

mod forced;
mod setups;
mod verdicts;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings() -> HealthSettings {
    let millis = Duration::from_millis;
    HealthSettings {
        policy: HealthPolicy {
            interval: millis(400),
            jitter_percent: 10,
            max_failures: 3,
            recheck: millis(50),
            overlap_after: millis(200),
            least_span: millis(100),
            retry_interval: millis(500),
            recovery_successes: 1,
        },
        probe_timeout: millis(600),
        concurrency: 16,
        tripwire: false,
        expiry_warning: secs(30 * 86_400),
        setups_interval: Duration::ZERO,
        response_max: 65_536,
        manager_id: "m1".into(),
    }
}

/// Settings under which nothing is probed by the clock after the first contact.
fn unhurried() -> HealthSettings {
    let mut settings = settings();
    settings.policy.interval = secs(3_600);
    settings
}

fn dialing() -> DialerSettings {
    DialerSettings { connect_timeout: secs(5), allowed_networks: Vec::new(), tls: TlsSettings::default() }
}

/// A running monitor and all around it.
struct Scene {
    tasks: Tasks,
    _ended: EndedEarly,
    publisher: Arc<Mutex<CatalogPublisher>>,
    reader: CatalogReader,
    observations: Arc<Observations>,
    handle: HealthHandle,
    judged: Arc<Mutex<Vec<Judgement>>>,
    /// All that was to be written about setups, in order.
    written: Arc<Mutex<Vec<KnownSetups>>>,
    /// While `true`, the store refuses to write about setups.
    refusing: Arc<AtomicBool>,
    /// All that was to be journalled beside verdicts, in order.
    noted: Arc<Mutex<Vec<JournalEvent>>>,
    /// While `false`, judgements wait before they reach the catalog.
    gate: watch::Sender<bool>,
    /// While `true`, judgements are lost.
    losing: Arc<AtomicBool>,
}

impl Scene {
    fn start(settings: HealthSettings) -> Self {
        Self::start_again(settings, Catalog::default(), Vec::new())
    }

    /// As after a restart of the manager: with members, and what was known of their setups.
    fn start_again(settings: HealthSettings, catalog: Catalog, known: Vec<KnownSetups>) -> Self {
        let (tasks, ended) = Tasks::new(Handle::current());
        let (publisher, reader) = catalog_cell(catalog);
        let publisher = Arc::new(Mutex::new(publisher));
        let (judged, losing) = (Arc::<Mutex<Vec<Judgement>>>::default(), Arc::<AtomicBool>::default());
        let (gate, opened) = watch::channel(true);
        let judge: Judge = {
            let (publisher, judged, losing) = (publisher.clone(), judged.clone(), losing.clone());
            Arc::new(move |batch| {
                let (publisher, judged, losing, mut opened) = (publisher.clone(), judged.clone(), losing.clone(), opened.clone());
                Box::pin(async move {
                    let _ = opened.wait_for(|open| *open).await;
                    if !losing.load(Ordering::SeqCst) {
                        change(&publisher, batch.iter().cloned().map(judgement_event));
                        judged.lock().unwrap().extend(batch);
                    }
                })
            })
        };
        let (written, refusing) = (Arc::<Mutex<Vec<KnownSetups>>>::default(), Arc::<AtomicBool>::default());
        let remember: Remember = {
            let (written, refusing) = (written.clone(), refusing.clone());
            Arc::new(move |batch: Vec<Arc<KnownSetups>>| {
                if refusing.load(Ordering::SeqCst) {
                    let (kind, sentence) = (CommitErrorKind::Full, "the disk is full".to_owned());
                    return Box::pin(std::future::ready(Err(RegistryError::Storage { kind, sentence })));
                }
                written.lock().unwrap().extend(batch.iter().map(|known| (**known).clone()));
                Box::pin(std::future::ready(Ok(())))
            })
        };
        let noted = Arc::<Mutex<Vec<JournalEvent>>>::default();
        let note: Note = {
            let noted = noted.clone();
            Arc::new(move |batch| {
                noted.lock().unwrap().extend(batch);
                Box::pin(std::future::ready(()))
            })
        };
        let ties = Ties { judge, remember, note, known };
        let dialer = Arc::new(Dialer::new(dialing()).unwrap());
        let observations = Arc::<Observations>::default();
        let handle = start(settings, reader.clone(), observations.clone(), ties, dialer, &tasks);
        Self { tasks, _ended: ended, publisher, reader, observations, handle, judged, written, refusing, noted, gate, losing }
    }

    fn register(&self, id: &str, host: &str, port: u16) {
        let draft = Draft { instance_id: Some(id.into()), host: Some(host.into()), port: Some(Some(u64::from(port))), ..Draft::default() };
        let registration = Registration::from_draft(draft).unwrap();
        let known = self.reader.current().get(id).map(|entry| entry.instance.clone());
        let now = Timestamp::from_epoch_millis(1);
        let instance = known
            .map_or_else(|| Instance::registered(registration.clone(), now), |known| known.registered_again(registration.clone(), now));
        change(&self.publisher, [CatalogEvent::Registered(Arc::new(instance))]);
    }

    /// A running instance, registered and found to be well.
    async fn with_instance(&self, id: &str, options: Options) -> FakeInstance {
        let instance = options.start().await.unwrap();
        self.register(id, &instance.host(), instance.port());
        self.becomes(id, |verdict| verdict == Verdict::Passing).await;
        instance
    }

    fn verdict(&self, id: &str) -> Verdict {
        self.reader.current().get(id).map_or(Verdict::Unprobed, |entry| entry.verdict)
    }

    #[track_caller]
    fn becomes(&self, id: &str, wanted: impl Fn(Verdict) -> bool) -> impl Future<Output = ()> {
        wait_until("the verdict", PATIENCE, move || {
            let verdict = self.verdict(id);
            let found = if wanted(verdict) { Ok(()) } else { Err(format!("{verdict:?}")) };
            std::future::ready(found)
        })
    }

    fn checkup(&self, id: &str) -> Option<Arc<Checkup>> {
        self.observations.slot(id)?.checkup()
    }

    /// All verdicts that `id` was found to have, in order, with their evidence.
    fn history(&self, id: &str) -> Vec<(Verdict, String)> {
        let judged = self.judged.lock().unwrap();
        judged.iter().filter(|judgement| judgement.id.as_str() == id).map(|found| (found.verdict, found.evidence.clone())).collect()
    }
}

fn change(publisher: &Mutex<CatalogPublisher>, events: impl IntoIterator<Item = CatalogEvent>) -> Generation {
    let publisher = publisher.lock().unwrap();
    let (next, changed) = publisher.current().after(events);
    let generation = next.generation();
    if changed {
        publisher.publish(next);
    }
    generation
}

fn judgement_event(judgement: Judgement) -> CatalogEvent {
    let Judgement { id, incarnation, verdict, .. } = judgement;
    CatalogEvent::Judged { id, incarnation, verdict }
}

fn id(text: &str) -> InstanceId {
    InstanceId::parse(text).unwrap()
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    wait_until(what, PATIENCE, || {
        let found = if holds() { Ok(()) } else { Err("not yet") };
        std::future::ready(found)
    })
    .await;
}
