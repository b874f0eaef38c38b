//! Consul for tests: a real one as a process of its own, and a scripted one for what a real one will not do on command.
//!
//! Owns both. The real one is the `consul` on PATH or the one that `.ci/consul` fetches; without it these tests fail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use http::Method;
use peegeeq_testkit::{HttpClient, secs, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Plan, source};

fn program() -> &'static PathBuf {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let script = source::repository().join(".ci/consul");
        let found = Command::new(&script).output().expect(".ci/consul runs");
        assert!(found.status.success(), "the tests need Consul: {}", String::from_utf8_lossy(&found.stderr));
        String::from_utf8(found.stdout).expect("a path").trim().into()
    })
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// A real Consul with one server, its data in a folder.
pub(crate) struct Consul {
    child: Option<Child>,
    folder: TempDir,
    port: u16,
    server: u16,
    serf: u16,
    acl: bool,
    http: HttpClient,
}

impl Consul {
    /// Starts one and waits for its leader.
    pub(crate) async fn start() -> Self {
        Self::with_acl(false).await
    }

    /// One that permits nothing without a token; `root` may do everything.
    pub(crate) async fn with_acl(acl: bool) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (port, server, serf) = (free_port(), free_port(), free_port());
        let mut consul = Self { child: None, folder, port, server, serf, acl, http: HttpClient::default() };
        consul.run().await;
        consul
    }

    /// Starts it, again on what it held.
    pub(crate) async fn run(&mut self) {
        let data = self.folder.path().join("data");
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let port = |port: u16| port.to_string();
        let mut command = Command::new(program());
        command.args(["agent", "-server", "-bootstrap-expect", "1", "-node", "agent-1", "-bind", "127.0.0.1", "-client", "127.0.0.1"]);
        command.args(["-dns-port", "-1", "-grpc-port", "-1", "-serf-wan-port", "-1", "-disable-host-node-id"]);
        command.args(["-http-port", &port(self.port), "-server-port", &port(self.server), "-serf-lan-port", &port(self.serf)]);
        command.arg("-data-dir").arg(&data);
        // Elections as quick as they get, and no wait before leaving checks of a fresh agent.
        let mut settings = json!({"performance": {"raft_multiplier": 1}, "disable_update_check": true});
        if self.acl {
            settings["acl"] = json!({"enabled": true, "default_policy": "deny", "tokens": {"master": "root", "agent": "root"}});
        }
        let file = self.folder.path().join("settings.json");
        std::fs::write(&file, settings.to_string()).expect("a file");
        command.arg("-config-file").arg(&file);
        let child = command.stdout(log.try_clone().expect("a log")).stderr(log).stdin(Stdio::null()).spawn().expect("Consul starts");
        self.child = Some(child);
        wait_until("Consul to have a leader and its own node", secs(60), || async {
            let nodes = self.ask("GET", "/v1/catalog/nodes", "").await;
            match nodes {
                Ok((200, nodes)) if nodes.as_array().is_some_and(|nodes| !nodes.is_empty()) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Kills it without warning.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Forgets everything it held. It must not run.
    pub(crate) fn forget(&self) {
        std::fs::remove_dir_all(self.folder.path().join("data")).expect("it had data");
    }

    /// Stops or continues its process.
    pub(crate) fn signal(&self, signal: Signal) {
        let child = self.child.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).expect("a signal");
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// A plan for a manager on this Consul.
    pub(crate) fn plan(&self) -> Plan {
        on_port(self.port)
    }

    /// Any request; JSON or null comes back.
    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Result<(u16, Value), String> {
        let method: Method = method.parse().expect("a method");
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        let headers: &[(&str, &str)] = if self.acl { &[("x-consul-token", "root")] } else { &[] };
        let reply = self.http.request(method, &url, headers, body.to_owned()).await.map_err(|error| error.to_string())?;
        Ok((reply.status.as_u16(), serde_json::from_str(&reply.text()).unwrap_or(Value::Null)))
    }

    /// Writes, and expects that it was taken.
    pub(crate) async fn put(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.ask("PUT", path, &body.to_string()).await.expect("an answer");
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// The entries of PeeGeeQ instances.
    pub(crate) async fn entries(&self) -> Vec<Value> {
        let (_, entries) = self.ask("GET", "/v1/health/service/peegeeq-instance?consistent", "").await.expect("an answer");
        entries.as_array().cloned().unwrap_or_default()
    }

    /// The entry of one id.
    pub(crate) async fn entry(&self, id: &str) -> Option<Value> {
        self.entries().await.into_iter().find(|entry| entry["Service"]["ID"] == id)
    }
}

impl Drop for Consul {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A plan for a manager whose registry lies in the Consul on this port.
pub(crate) fn on_port(port: u16) -> Plan {
    Plan::new().with("-Dregistry.backend=consul").with("-Dconsul.host=127.0.0.1").with(&format!("-Dconsul.port={port}"))
}

/// What a scripted Consul does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Answers with this status, index and body.
    Answer(u16, u64, String),
    /// Answers what it likes.
    Raw(String),
    /// Never answers.
    Hang,
    /// Begins a body and never ends it.
    HangInBody,
    /// Closes without a word.
    Close,
}

type Script = Arc<Mutex<Box<dyn FnMut(&Asked) -> Act + Send>>>;

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: String,
    pub(crate) body: String,
}

/// A Consul that does what a script says.
pub(crate) struct ScriptedConsul {
    port: u16,
    asked: Arc<Mutex<Vec<Asked>>>,
    script: Script,
}

impl ScriptedConsul {
    /// Listens, and asks `script` about each request.
    pub(crate) fn start(script: impl FnMut(&Asked) -> Act + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let script: Script = Arc::new(Mutex::new(Box::new(script)));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (for_threads, noted) = (script.clone(), asked.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (script, noted) = (for_threads.clone(), noted.clone());
                std::thread::spawn(move || serve(stream, &script, &noted));
            }
        });
        Self { port, asked, script }
    }

    /// Does something else from now on.
    pub(crate) fn now(&self, script: impl FnMut(&Asked) -> Act + Send + 'static) {
        *self.script.lock().expect("not poisoned") = Box::new(script);
    }

    pub(crate) fn plan(&self) -> Plan {
        on_port(self.port)
    }

    /// What was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("not poisoned").clone()
    }
}

fn serve(stream: TcpStream, script: &Script, noted: &Mutex<Vec<Asked>>) {
    let mut reader = BufReader::new(stream.try_clone().expect("a second handle"));
    let mut stream = stream;
    while let Some(asked) = read(&mut reader) {
        noted.lock().expect("not poisoned").push(asked.clone());
        let act = (script.lock().expect("not poisoned"))(&asked);
        let written = match act {
            Act::Answer(status, index, body) => write!(
                stream,
                "HTTP/1.1 {status} Word\r\nContent-Type: application/json\r\nX-Consul-Index: {index}\r\nX-Consul-Knownleader: true\r\n\
                 X-Consul-Lastcontact: 0\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            ),
            Act::Raw(text) => stream.write_all(text.as_bytes()),
            Act::HangInBody => {
                write!(stream, "HTTP/1.1 200 OK\r\nX-Consul-Index: 9\r\nContent-Length: 1000\r\n\r\n[{{").and_then(|()| wait(&mut reader))
            }
            Act::Hang => wait(&mut reader),
            Act::Close => return,
        };
        if written.is_err() {
            return;
        }
    }
}

/// Until the other side is gone.
fn wait(reader: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let _ = reader.read(&mut [0]);
    Err(std::io::ErrorKind::BrokenPipe.into())
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|bytes| *bytes > 0)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok().filter(|bytes| *bytes > 0)?;
        if header == "\r\n" {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        headers.push_str(&header.to_ascii_lowercase());
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Asked { method, path, headers, body: String::from_utf8(body).ok()? })
}
