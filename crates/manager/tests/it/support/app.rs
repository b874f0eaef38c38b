//! A whole manager inside the test, on a free port, with a folder of its own.
//!
//! Owns starting it and asking it. Does not own what is expected.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use peegeeq_service_manager::app::{self, RunningApp, StartError, Stopped};
use peegeeq_service_manager::config::{self, RawArgs};
use peegeeq_testkit::{FakeInstance, HttpClient, Options, Reply, World, secs, wait_until};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::tls::{Authority, Made, Trust};

/// What a manager is started with.
pub(crate) struct Plan {
    defines: Vec<(String, String)>,
    folder: Arc<TempDir>,
    trust: Option<Trust>,
}

impl Plan {
    /// Free port, embedded registry in a folder of its own, two workers.
    pub(crate) fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let defines = [("service.port", "0"), ("registry.backend", "embedded"), ("server.workers", "2")];
        let plan = Self { defines: Vec::new(), folder, trust: None };
        defines.into_iter().fold(plan, |plan, (key, value)| plan.set(key, value))
    }

    /// One more `-Dkey=value`, as it stands on the command line.
    pub(crate) fn with(self, define: &str) -> Self {
        let (key, value) = define.strip_prefix("-D").and_then(|rest| rest.split_once('=')).expect("-Dkey=value");
        self.set(key, value)
    }

    fn set(mut self, key: &str, value: &str) -> Self {
        self.defines.retain(|(known, _)| known != key);
        self.defines.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The folder from which the manager is started.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into that folder.
    pub(crate) fn file(self, name: &str, content: &str) -> Self {
        std::fs::write(self.folder().join(name), content).expect("a file in the folder");
        self
    }

    /// Speaks HTTPS with a certificate of `authority`, and is asked over it.
    pub(crate) fn secure(self, authority: &Authority) -> Self {
        self.secure_with(authority, &authority.pair())
    }

    /// The same with this certificate.
    pub(crate) fn secure_with(mut self, authority: &Authority, made: &Made) -> Self {
        made.write(self.folder());
        self.trust = Some(Trust::of(authority));
        self.with("-Dserver.tls.cert.file=cert.pem").with("-Dserver.tls.key.file=key.pem").with("-Dserver.tls.reload.interval=100")
    }

    /// Starts it, or says why not.
    pub(crate) async fn try_start(&self) -> Result<TestApp, StartError> {
        let args = RawArgs { defines: self.defines.clone(), ..RawArgs::default() };
        let loaded = config::load(&args, &|_| None, self.folder()).unwrap_or_else(|faults| panic!("the settings have faults: {faults:?}"));
        let running = app::start(loaded.config, loaded.effective).await?;
        Ok(TestApp {
            address: running.address(),
            running: Some(running),
            folder: self.folder.clone(),
            http: HttpClient::default(),
            trust: self.trust.clone(),
        })
    }

    /// Starts it.
    pub(crate) async fn start(&self) -> TestApp {
        self.try_start().await.unwrap_or_else(|error| panic!("the manager did not start: {error}"))
    }
}

/// A manager that answers. The folder goes when the last of its plan and its managers goes.
pub(crate) struct TestApp {
    running: Option<RunningApp>,
    address: SocketAddr,
    folder: Arc<TempDir>,
    http: HttpClient,
    trust: Option<Trust>,
}

impl TestApp {
    /// A manager with default settings.
    pub(crate) async fn start() -> Self {
        Plan::new().start().await
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The folder that it was started from.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn base(&self) -> String {
        format!("{}://{}", if self.trust.is_some() { "https" } else { "http" }, self.address)
    }

    /// Stops it and waits for the end.
    pub(crate) async fn stop(mut self) -> Stopped {
        let stopped = self.running.take().expect("it is stopped once").stop().await;
        assert!(self.folder.path().exists(), "the folder outlives the manager");
        stopped
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        self.ask("POST", path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        self.ask("PUT", path, &[("content-type", "application/json")], body.to_string()).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask("DELETE", path, &[], "").await
    }

    /// Any request.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Reply {
        let method: Method = method.parse().expect("a method");
        if let Some(trust) = &self.trust {
            return trust.ask(self.address, method, path, headers, body.into()).await;
        }
        let url = format!("{}{path}", self.base());
        self.http.request(method, &url, headers, body).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Registers and expects 201.
    pub(crate) async fn register(&self, body: &Value) -> Reply {
        let reply = self.post("/api/v1/instances/register", body).await;
        assert_eq!(reply.status, 201, "{body}: {}", reply.text());
        reply
    }

    /// Starts a simulated instance with this id and registers it.
    pub(crate) async fn instance(&self, id: &str, world: World) -> FakeInstance {
        let instance = FakeInstance::start(Options::named(id, world)).await.expect("a simulated instance");
        self.register(&registration(&instance)).await;
        instance
    }

    /// The row of one instance in the list.
    pub(crate) async fn row(&self, id: &str) -> Value {
        let list = self.get("/api/v1/instances").await.json();
        let rows = list["instances"].as_array().cloned().unwrap_or_default();
        rows.into_iter().find(|row| row["instanceId"] == id).unwrap_or(Value::Null)
    }

    /// Waits until requests for the setup `s1` can be sent to this instance.
    pub(crate) async fn wait_for_setup(&self, id: &str) {
        wait_until(&format!("{id} to have its setup"), secs(30), || async {
            let reply = self.ask("GET", "/api/v1/setups/s1", &[("x-peegeeq-instance", id)], "").await;
            if reply.status == 200 { Ok(()) } else { Err(reply.text()) }
        })
        .await;
    }

    /// Waits until the list shows an instance with this status.
    pub(crate) async fn wait_for_status(&self, id: &str, status: &str) -> Value {
        self.wait_for_status_within(id, status, secs(30)).await
    }

    pub(crate) async fn wait_for_status_within(&self, id: &str, status: &str, deadline: Duration) -> Value {
        wait_until(&format!("{id} to be {status}"), deadline, || async {
            let row = self.row(id).await;
            if row["status"] == status { Ok(row) } else { Err(row.to_string()) }
        })
        .await
    }
}

/// What a simulated instance says of itself.
pub(crate) fn registration(instance: &FakeInstance) -> Value {
    json!({"instanceId": instance.name(), "host": instance.host(), "port": instance.port()})
}
