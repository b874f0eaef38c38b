//! A manager without its edge: registry, federation and routes, over simulated instances.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt;
use peegeeq_domain::health::Verdict;
use peegeeq_domain::instance::{Draft, InstanceId, Registration};
use peegeeq_domain::time::Timestamp;
use peegeeq_testkit::{Dialect, FakeInstance, FakeInstanceHandle, Options, World};
use serde_json::Value;
use tokio::runtime::Handle;
use tower::ServiceExt;

use crate::api::error::ApiError;
use crate::api::federation::{EmptyStatus, FederationApi, routes};
use crate::federation::{FederationSettings, start};
use crate::net::{Caller, Client, Dialer, DialerSettings, TlsSettings};
use crate::observations::{Database, Observations, SetupHealth, SetupSeen, SetupsSeen};
use crate::registry::store::{Store, StoreSettings};
use crate::registry::{self, CatalogReader, Judgement, RegistryHandle, RegistrySettings};
use crate::tasks::{EndedEarly, Tasks};

pub(super) struct Cluster {
    router: Router,
    registry: RegistryHandle,
    catalog: CatalogReader,
    observations: Arc<Observations>,
    _ended: EndedEarly,
    _dir: tempfile::TempDir,
}

/// An answer of the manager.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
    pub(super) text: Vec<u8>,
}

/// Short times, and nothing is given twice unless a test asks for it.
pub(super) fn settings() -> FederationSettings {
    FederationSettings {
        max_age: Some(Duration::ZERO),
        source_timeout: Duration::from_millis(800),
        request_timeout: Duration::from_secs(10),
        concurrency: 32,
        response_max: 4_000_000,
    }
}

impl Cluster {
    pub(super) fn of(settings: FederationSettings) -> Self {
        Self::with_empty_status(settings, EmptyStatus::ByPath)
    }

    pub(super) fn with_empty_status(settings: FederationSettings, empty: EmptyStatus) -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let (tasks, ended) = Tasks::new(Handle::current());
        let bounds = StoreSettings { journal_entries_max: 1000, journal_age_max: Duration::from_secs(60) };
        let (store, loaded) = Store::open(dir.path(), bounds).expect("a store");
        let limits = RegistrySettings { queue_max: 2048, instances_max: 2048, journal_queue_max: 2048 };
        let (registry, catalog) = registry::start(store, loaded, limits, &tasks);
        let observations = Arc::new(Observations::default());
        let tls = TlsSettings::default();
        let dialer = DialerSettings { connect_timeout: Duration::from_secs(3), allowed_networks: Vec::new(), tls };
        let client = Client::new(Arc::new(Dialer::new(dialer).expect("a dialer")), Caller::new("test"), 1000, tasks.clone());
        let federation = start(settings, catalog.clone(), observations.clone(), client, tasks);
        let state = Arc::new(FederationApi::new(federation, empty));
        let router = Router::from(routes().with_state(state));
        Self { router, registry, catalog, observations, _ended: ended, _dir: dir }
    }

    /// Registers an instance as healthy.
    pub(super) async fn add(&self, id: &str, handle: &FakeInstanceHandle) {
        self.add_in(id, handle, ("default", "default")).await;
    }

    pub(super) async fn add_in(&self, id: &str, handle: &FakeInstanceHandle, (environment, region): (&str, &str)) {
        let draft = Draft {
            instance_id: Some(id.to_owned()),
            host: Some(handle.host()),
            port: Some(Some(handle.port().into())),
            environment: Some(environment.to_owned()),
            region: Some(region.to_owned()),
            ..Draft::default()
        };
        self.registry.register(Registration::from_draft(draft).expect("valid")).await.expect("registered");
        self.judge(id, Verdict::Passing).await;
        self.observations.follow(self.catalog.current().entries().iter().map(|entry| entry.id().clone()), &[]);
    }

    pub(super) async fn judge(&self, id: &str, verdict: Verdict) {
        let entry = self.catalog.current().get(id).expect("a member").clone();
        let (from, incarnation) = (entry.verdict, entry.instance.incarnation);
        let judgement = Judgement { id: entry.id().clone(), incarnation, verdict, from, evidence: "a test".to_owned() };
        self.registry.judge(vec![judgement]).await;
    }

    pub(super) async fn remove(&self, id: &str) {
        self.registry.deregister(InstanceId::parse(id).expect("an id")).await.expect("deregistered");
    }

    /// Notes what deep probes would have seen of an instance's setups.
    pub(super) fn see_setups(&self, id: &str, handle: &FakeInstanceHandle, change: impl Fn(&mut SetupSeen)) {
        let setups = handle.world().setups.into_iter().map(|setup| {
            let database = setup.database;
            let mut queues: Vec<Arc<str>> = setup.queues.iter().map(|queue| queue.name.as_str().into()).collect();
            queues.sort();
            let mut seen = SetupSeen {
                id: setup.id.as_str().into(),
                health: SetupHealth::Up,
                database: Some(Database { host: database.host, port: database.port, name: database.name, schema: database.schema }),
                queues,
                missing: false,
            };
            change(&mut seen);
            seen
        });
        let seen = SetupsSeen { at: Timestamp::default(), setups: setups.collect(), failure: None, stale: false };
        self.observations.note_setups(id, seen);
    }

    /// Notes a look that failed as a whole.
    pub(super) fn see_stale_setups(&self, id: &str, setups: Vec<SetupSeen>) {
        let failure = Some("list of setups not available: HTTP status 500".to_owned());
        self.observations.note_setups(id, SetupsSeen { at: Timestamp::default(), setups, failure, stale: true });
    }

    pub(super) async fn get(&self, path: &str) -> Told {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let mut response = self.router.clone().oneshot(request).await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let error = response.extensions_mut().remove::<ApiError>();
        let text = match error {
            Some(error) => error.body("test"),
            None => response.into_body().collect().await.expect("a body").to_bytes().to_vec(),
        };
        let body = serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{path}: {error}: {}", String::from_utf8_lossy(&text)));
        Told { status, headers, body, text }
    }

    /// Reads an answer as a connection would, and forgets it. Returns its length.
    pub(super) async fn bytes(&self, path: &str) -> usize {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let mut body = self.router.clone().oneshot(request).await.expect("an answer").into_body();
        let mut length = 0;
        while let Some(frame) = body.frame().await {
            length += frame.expect("a frame").data_ref().map_or(0, |data| data.len());
        }
        length
    }

    /// The body of a 200.
    pub(super) async fn ok(&self, path: &str) -> Value {
        let told = self.get(path).await;
        assert_eq!(told.status, StatusCode::OK, "{path}: {}", told.body);
        told.body
    }
}

/// An instance with this world.
pub(super) async fn instance(world: World) -> FakeInstance {
    Options::named("instance", world).start().await.expect("an instance")
}

pub(super) async fn speaking(dialect: Dialect, world: World) -> FakeInstance {
    Options::named("instance", world).dialect(dialect).start().await.expect("an instance")
}

/// The two instances of the captures: alpha with 42 messages in two queues, beta with 38 in two.
pub(super) async fn pair(cluster: &Cluster) -> (FakeInstance, FakeInstance) {
    let (a, b) = (instance(World::sample("alpha")).await, instance(World::second_sample("beta")).await);
    cluster.add_in("a", &a, ("production", "eu-west")).await;
    cluster.add_in("b", &b, ("staging", "us-east")).await;
    (a, b)
}

/// The element of an array whose field has this value.
pub(super) fn find<'a>(array: &'a Value, field: &str, value: &str) -> &'a Value {
    let all = array.as_array().unwrap_or_else(|| panic!("{array} is no array"));
    all.iter().find(|element| element[field] == value).unwrap_or_else(|| panic!("no {field}={value} in {array}"))
}
