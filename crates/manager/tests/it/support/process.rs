//! The built program as a process: started, watched from outside, signalled, killed.
//!
//! Owns the child and its output, which goes to files. A child never outlives its value.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use peegeeq_testkit::{HttpClient, Reply, secs, wait_until};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How a process is started.
#[derive(Clone)]
pub(crate) struct Launch {
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    wrapper: Vec<String>,
    folder: Arc<TempDir>,
    data: PathBuf,
}

impl Launch {
    /// `serve` on a free port, its registry in a folder of its own.
    pub(crate) fn serve() -> Self {
        Self::command(&["serve", "-Dservice.port=0", "-Dregistry.backend=embedded"])
    }

    /// Exactly these arguments, in an empty folder and an empty environment.
    pub(crate) fn command(arguments: &[&str]) -> Self {
        let folder = Arc::new(tempfile::tempdir().expect("a temporary folder"));
        let data = folder.path().join("peegeeq-service-manager-data");
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { arguments, environment: Vec::new(), wrapper: Vec::new(), folder, data }
    }

    pub(crate) fn arg(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Runs it under another program, such as `strace`.
    pub(crate) fn under(mut self, wrapper: &[&str]) -> Self {
        self.wrapper = wrapper.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// Writes a file into the folder it is started from.
    pub(crate) fn file(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.folder().join(name), content).expect("a file in the folder");
        self
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of its registry.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    fn build(&self) -> Command {
        let program = env!("CARGO_BIN_EXE_peegeeq-service-manager").to_owned();
        let words: Vec<&String> = self.wrapper.iter().chain([&program]).chain(&self.arguments).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).env_clear().env("TMPDIR", self.folder()).current_dir(self.folder()).stdin(Stdio::null());
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it without waiting for anything.
    pub(crate) fn spawn(&self) -> ManagerProcess {
        let output = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str| File::create(output.path().join(name)).expect("a file for output");
        let child = self.build().stdout(file("out")).stderr(file("err")).spawn().expect("the program starts");
        ManagerProcess { child, output, base: String::new(), launch: self.clone(), http: HttpClient::default() }
    }

    /// Starts it and waits until it has said where it listens, or ended.
    pub(crate) async fn try_start(&self) -> Result<ManagerProcess, Finished> {
        let mut process = self.spawn();
        let base = wait_until("the program to say where it listens", secs(30), || {
            let said = process.base_in_output();
            let ended = process.child.try_wait().expect("the state of the child").is_some();
            std::future::ready(if said.is_some() || ended { Ok(said) } else { Err(process.output()) })
        })
        .await;
        match base {
            Some(base) => {
                process.base = base;
                Ok(process)
            }
            None => Err(process.finish().await),
        }
    }

    pub(crate) async fn start(&self) -> ManagerProcess {
        self.try_start().await.unwrap_or_else(|finished| panic!("it ended: {finished:?}"))
    }

    /// Runs a command that ends by itself.
    pub(crate) async fn run(&self) -> Finished {
        self.spawn().finish().await
    }

    /// Runs a command with text on its standard input.
    pub(crate) fn run_with_input(&self, input: &str) -> Finished {
        let file = self.folder().join("input");
        std::fs::write(&file, input).expect("a file for input");
        let output = self.build().stdin(File::open(file).expect("the input")).output().expect("the program runs");
        Finished { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// Runs a command, writes `input` once its output has `wanted`, and gives the whole output.
    pub(crate) async fn run_with_late_input(&self, wanted: &str, input: &str) -> String {
        let output = tempfile::tempdir().expect("a temporary folder");
        let file = |name: &str| File::create(output.path().join(name)).expect("a file for output");
        let mut child = self.build().stdin(Stdio::piped()).stdout(file("out")).stderr(file("err")).spawn().expect("the program starts");
        let mut writer = child.stdin.take().expect("its input");
        let launch = self.clone();
        let process = ManagerProcess { child, output, base: String::new(), launch, http: HttpClient::default() };
        process.wait_for_output(wanted).await;
        std::io::Write::write_all(&mut writer, input.as_bytes()).expect("it takes input");
        let finished = process.finish().await;
        drop(writer);
        finished.out
    }

    /// Starts it with a standard output that nobody reads.
    pub(crate) fn spawn_unread(&self) -> Child {
        self.build().stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts")
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// How a process ended and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    /// Exit code; none when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A process of the program.
pub(crate) struct ManagerProcess {
    child: Child,
    output: TempDir,
    base: String,
    launch: Launch,
    http: HttpClient,
}

impl ManagerProcess {
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    pub(crate) fn authority(&self) -> &str {
        self.base.trim_start_matches("http://")
    }

    /// The id of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn launch(&self) -> &Launch {
        &self.launch
    }

    /// All it has written to standard output so far.
    pub(crate) fn output(&self) -> String {
        self.read("out")
    }

    fn read(&self, name: &str) -> String {
        text(&std::fs::read(self.output.path().join(name)).unwrap_or_default())
    }

    fn base_in_output(&self) -> Option<String> {
        // Where standard output is for programs, people are told on standard error.
        let output = self.output() + &self.read("err");
        let line = output.lines().find_map(|line| line.trim_start().strip_prefix("instances "))?;
        line.trim().strip_suffix("/api/v1/instances").map(str::to_owned)
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.http.get(&format!("{}{path}", self.base)).await.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    pub(crate) async fn register(&self, body: &Value) -> Result<Reply, peegeeq_testkit::ClientError> {
        self.http.post_json(&format!("{}/api/v1/instances/register", self.base), body).await
    }

    /// Ids in the list.
    pub(crate) async fn ids(&self) -> Vec<String> {
        let list = self.get("/api/v1/instances").await.json();
        let rows = list["instances"].as_array().cloned().unwrap_or_default();
        rows.iter().map(|row| row["instanceId"].as_str().unwrap_or_default().to_owned()).collect()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("the process is there");
    }

    /// Waits until standard output has this text.
    pub(crate) async fn wait_for_output(&self, wanted: &str) {
        wait_until(&format!("the output to have {wanted:?}"), secs(30), || {
            let output = self.output();
            std::future::ready(if output.contains(wanted) { Ok(()) } else { Err(output) })
        })
        .await;
    }

    /// Ends it like `kill -9` and waits for the end.
    pub(crate) async fn kill(self) -> Finished {
        self.signal(Signal::KILL);
        self.finish().await
    }

    /// Waits for the end.
    pub(crate) async fn finish(mut self) -> Finished {
        let status: ExitStatus = wait_until("the program to end", secs(60), || {
            let ended = self.child.try_wait().expect("the state of the child");
            std::future::ready(ended.ok_or_else(|| text(&std::fs::read(self.output.path().join("out")).unwrap_or_default())))
        })
        .await;
        Finished { code: status.code(), out: self.read("out"), err: self.read("err") }
    }
}

impl Drop for ManagerProcess {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
