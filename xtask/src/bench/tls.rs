//! `tls`: how fast the list of instances is answered over TLS, against nginx with the same certificate and the same bytes.
//!
//! Owns both sides: the manager with a fleet, and nginx with a file of one answer. Over kept connections, so that it is
//! the sealing of bytes that is compared and not the handshake.

use std::fs;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use peegeeq_testkit::World;

use super::figures::{Goal, Measured, median};
use super::gateway::contender::Contender;
use super::load::{AnswerSize, Asker, Round};
use super::manager::{Folder, Manager, free_address};
use super::{Bench, fleet, machine};

const INSTANCES: usize = 100;
const ROUNDS: usize = 5;
const SECONDS: u32 = 3;
const PATH: &str = "/api/v1/instances";
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// By how many bytes the heads of the two may differ.
const HEAD_SLACK: u64 = 512;

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    make_certificate(&folder)?;
    // The fleet is registered over plain HTTP; the registry remembers it.
    let plain = Manager::start(&bench.program, &folder)?;
    let _fleet = fleet::start(&plain, INSTANCES, World::with_queues("orders", 1)).await?;
    plain.kill();
    let file = |name: &str| folder.path().join(name).display().to_string();
    let files = [format!("-Dserver.tls.cert.file={}", file("cert.pem")), format!("-Dserver.tls.key.file={}", file("key.pem"))];
    let manager = Manager::start_with(&bench.program, &folder, &files, b"HTTP/1.1 400")?;
    let ours = format!("https://{}{PATH}", manager.address());
    let body = healthy(&ours)?;
    let mut measured = Measured::default();
    let Some(nginx) = nginx(&folder, &body)? else { return Err("nginx is not installed".to_owned()) };
    let theirs = format!("https://{}{PATH}", nginx.address());
    if asked(&theirs)? != body {
        return Err("nginx answers other bytes".to_owned());
    }
    let asker = Asker::choose(&folder)?;
    let Asker::Wrk(_) = &asker else { return Err("wrk is not installed, and the testkit's client speaks no TLS".to_owned()) };
    let size = AnswerSize { whole: body.len() as u64 + HEAD_SLACK, body: body.len() as u64, slack: HEAD_SLACK };
    measured.note(format!(
        "GET {PATH} over TLS 1.3: {} bytes of body, P-256; {}, {ROUNDS} rounds of {SECONDS} s in turns with nginx, 2 workers, a file of the same bytes.",
        body.len(),
        asker.name()
    ));
    let mut turns = Vec::new();
    for number in 0..ROUNDS {
        let our = async || turn(&asker, &ours, size, || manager.cpu()).await;
        let their = async || turn(&asker, &theirs, size, || nginx.cpu()).await;
        turns.push(if number % 2 == 0 {
            let first = our().await?;
            (first, their().await?)
        } else {
            let first = their().await?;
            (our().await?, first)
        });
    }
    let middle = |of: fn(&(Turn, Turn)) -> f64| median(turns.iter().map(of));
    measured.figure("rate, manager / nginx", middle(|(ours, theirs)| ours.round.rate / theirs.round.rate), "", Goal::AtLeast(0.8));
    measured.figure("processor time, nginx / manager", middle(|(ours, theirs)| theirs.cpu / ours.cpu), "", Goal::None);
    measured.figure("manager", middle(|(ours, _)| ours.round.rate), "/s", Goal::None);
    measured.figure("manager, processor time an answer", middle(|(ours, _)| ours.cpu), "µs", Goal::None);
    measured.figure("manager, p99", middle(|(ours, _)| ours.round.p99), "ms", Goal::None);
    measured.figure("nginx", middle(|(_, theirs)| theirs.round.rate), "/s", Goal::None);
    measured.figure("nginx, processor time an answer", middle(|(_, theirs)| theirs.cpu), "µs", Goal::None);
    measured.figure("nginx, p99", middle(|(_, theirs)| theirs.round.p99), "ms", Goal::None);
    measured.note(machine::description());
    Ok(measured)
}

/// One side in one round.
struct Turn {
    round: Round,
    /// Processor time for each answer, µs.
    cpu: f64,
}

async fn turn(asker: &Asker, url: &str, size: AnswerSize, cpu: impl Fn() -> Result<Duration, String>) -> Result<Turn, String> {
    let before = cpu()?;
    let round = asker.ask(url, size, SECONDS).await?;
    let used = cpu()?.saturating_sub(before);
    Ok(Turn { cpu: used.as_secs_f64() * 1e6 / round.answers, round })
}

fn make_certificate(folder: &Folder) -> Result<(), String> {
    let arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem -days 30 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1";
    let made = Command::new("openssl").args(arguments.split(' ')).current_dir(folder.path()).stderr(Stdio::null()).status();
    made.is_ok_and(|status| status.success()).then_some(()).ok_or_else(|| "openssl made no certificate".to_owned())
}

fn asked(url: &str) -> Result<Vec<u8>, String> {
    let output = Command::new("curl").args(["-sk", "--http1.1", url]).output().map_err(|error| format!("curl: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("{url} gives no answer to curl: {}", output.status)) }
}

/// The list once all are healthy.
fn healthy(url: &str) -> Result<Vec<u8>, String> {
    let end = Instant::now() + LONGEST_WAIT;
    loop {
        let body = asked(url)?;
        let count = String::from_utf8_lossy(&body).matches("\"status\":\"healthy\"").count();
        if count >= INSTANCES {
            return Ok(body);
        }
        if Instant::now() > end {
            return Err(format!("{count} of {INSTANCES} are healthy"));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn nginx(folder: &Folder, body: &[u8]) -> Result<Option<Contender>, String> {
    let address: SocketAddr = free_address()?;
    let home = folder.path().display();
    let answer = folder.path().join("www/api/v1/instances");
    let written = answer.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::write(&answer, body));
    written.map_err(|error| format!("{}: {error}", answer.display()))?;
    let configuration = format!(
        "daemon off;\nworker_processes 2;\npid {home}/nginx.pid;\nerror_log {home}/nginx.log;\nevents {{ worker_connections 4096; }}\n\
         http {{\n  access_log off;\n  keepalive_requests 1000000000;\n  sendfile on;\n  tcp_nopush on;\n  open_file_cache max=10;\n\
         \x20 client_body_temp_path {home}/nginx-body;\n  proxy_temp_path {home}/nginx-proxy;\n  fastcgi_temp_path {home}/nginx-fastcgi;\n\
         \x20 uwsgi_temp_path {home}/nginx-uwsgi;\n  scgi_temp_path {home}/nginx-scgi;\n  ssl_protocols TLSv1.2 TLSv1.3;\n\
         \x20 server {{\n    listen {address} ssl reuseport;\n    ssl_certificate {home}/cert.pem;\n    ssl_certificate_key {home}/key.pem;\n\
         \x20   root {home}/www;\n    default_type application/json;\n  }}\n}}\n"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, configuration).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut command = Command::new("nginx");
    command.arg("-e").arg(folder.path().join("nginx.log")).arg("-p").arg(folder.path()).arg("-c").arg(&file);
    let Some(nginx) = Contender::launch("nginx", address, command)? else { return Ok(None) };
    let end = Instant::now() + LONGEST_WAIT;
    while asked(&format!("https://{address}{PATH}")).is_err() {
        if Instant::now() > end {
            return Err("nginx does not answer over TLS".to_owned());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(Some(nginx))
}
