//! Those that are compared: each a process that passes requests on to the same stubs.
//!
//! Owns starting and ending them, and what they cost. The configurations of nginx and HAProxy are the usual ones for many
//! kept connections; both log nothing.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::answers;
use crate::bench::machine;
use crate::bench::manager::{Folder, free_address};

/// One that is compared.
#[derive(Debug)]
pub(in crate::bench) struct Contender {
    pub(super) name: &'static str,
    pub(super) address: SocketAddr,
    /// Its first process; none for the way without anything between.
    pid: Option<u32>,
    /// To end it; the manager ends by itself.
    child: Option<Child>,
}

impl Contender {
    /// One that somebody else started.
    pub(super) fn known(name: &'static str, address: SocketAddr, pid: Option<u32>) -> Self {
        Self { name, address, pid, child: None }
    }

    /// nginx with two workers; `None` when it is not installed.
    pub(super) async fn nginx(folder: &Folder, stubs: &[SocketAddr]) -> Result<Option<Self>, String> {
        let address = free_address()?;
        let home = folder.path().display();
        let mut servers = String::new();
        for stub in stubs {
            let _ = writeln!(servers, "    server {stub};");
        }
        let configuration = format!(
            "daemon off;\nworker_processes 2;\nworker_rlimit_nofile 18000;\npid {home}/nginx.pid;\nerror_log {home}/nginx.log;\n\
             events {{ worker_connections 16384; }}\nhttp {{\n  access_log off;\n  keepalive_requests 1000000000;\n\
             \x20 client_body_temp_path {home}/nginx-body;\n  proxy_temp_path {home}/nginx-proxy;\n  fastcgi_temp_path {home}/nginx-fastcgi;\n\
             \x20 uwsgi_temp_path {home}/nginx-uwsgi;\n  scgi_temp_path {home}/nginx-scgi;\n\
             \x20 upstream stubs {{\n{servers}    keepalive 128;\n    keepalive_requests 1000000000;\n  }}\n\
             \x20 server {{\n    listen {address} reuseport;\n    location / {{\n      proxy_pass http://stubs;\n      proxy_http_version 1.1;\n\
             \x20     proxy_set_header connection \"\";\n      proxy_read_timeout 1h;\n      proxy_buffers 32 8k;\n      proxy_max_temp_file_size 0;\n    }}\n  }}\n}}\n"
        );
        let file = folder.path().join("nginx.conf");
        fs::write(&file, configuration).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new("nginx");
        command.arg("-e").arg(folder.path().join("nginx.log")).arg("-p").arg(folder.path()).arg("-c").arg(&file);
        Self::start("nginx", address, command).await
    }

    /// HAProxy with two threads; `None` when it is not installed.
    pub(super) async fn haproxy(folder: &Folder, stubs: &[SocketAddr]) -> Result<Option<Self>, String> {
        let address = free_address()?;
        let mut servers = String::new();
        for (number, stub) in stubs.iter().enumerate() {
            let _ = writeln!(servers, "  server stub{number} {stub}");
        }
        let configuration = format!(
            "global\n  nbthread 2\n  maxconn 8192\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
             frontend front\n  bind {address}\n  default_backend stubs\nbackend stubs\n  balance roundrobin\n  http-reuse always\n{servers}"
        );
        let file = folder.path().join("haproxy.cfg");
        fs::write(&file, configuration).map_err(|error| format!("{}: {error}", file.display()))?;
        let mut command = Command::new("haproxy");
        command.args(["-db", "-q", "-f"]).arg(&file);
        Self::start("HAProxy", address, command).await
    }

    /// A bare hyper proxy.
    pub(super) async fn bare(stubs: &[SocketAddr]) -> Result<Option<Self>, String> {
        let address = free_address()?;
        let own = std::env::current_exe().map_err(|error| format!("own program: {error}"))?;
        let list: Vec<_> = stubs.iter().map(ToString::to_string).collect();
        let mut command = Command::new(own);
        command.args(["bench", "child", "proxy", &address.to_string(), &list.join(",")]);
        Self::start("bare hyper proxy", address, command).await
    }

    async fn start(name: &'static str, address: SocketAddr, command: Command) -> Result<Option<Self>, String> {
        let Some(contender) = Self::launch(name, address, command)? else { return Ok(None) };
        answers(&format!("http://{address}/health")).await.map_err(|error| format!("{name}: {error}"))?;
        Ok(Some(contender))
    }

    /// Starts one without waiting for its first answer; `None` when it is not installed.
    pub(in crate::bench) fn launch(name: &'static str, address: SocketAddr, mut command: Command) -> Result<Option<Self>, String> {
        let child = match command.stdin(Stdio::null()).stdout(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{name}: {error}")),
        };
        Ok(Some(Self { name, address, pid: Some(child.id()), child: Some(child) }))
    }

    /// Where it answers.
    pub(in crate::bench) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Whether anything is between.
    pub(super) fn is_proxy(&self) -> bool {
        self.pid.is_some()
    }

    /// Processor time used so far by its processes.
    pub(in crate::bench) fn cpu(&self) -> Result<Duration, String> {
        self.processes().into_iter().map(machine::cpu).sum()
    }

    /// Memory of its processes in MiB.
    pub(super) fn rss(&self) -> Result<f64, String> {
        self.processes().into_iter().map(machine::rss).sum()
    }

    /// The first process and those it started.
    fn processes(&self) -> Vec<u32> {
        let Some(pid) = self.pid else { return Vec::new() };
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
        std::iter::once(pid).chain(children.split_whitespace().filter_map(|child| child.parse().ok())).collect()
    }
}

impl Drop for Contender {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // A killed master would leave its workers behind: it is asked politely first. One that is gone needs neither.
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
        for _ in 0..100 {
            if matches!(child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}
