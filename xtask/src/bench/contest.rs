//! Two servers asked the same in turns, so that whatever else the machine does hurts both.
//!
//! Owns rounds, their order and medians. The ratio is the median of the rounds' ratios.

use super::figures::{Goal, Measured, median};
use super::load::{AnswerSize, Asker, Round};
use super::manager::Manager;
use super::peer::Peer;
use super::{Bench, machine, manager::Folder};
use peegeeq_testkit::HttpClient;

const ROUNDS: u32 = 5;
const SECONDS: u32 = 3;

/// One of the two.
struct Side {
    url: String,
    pid: u32,
}

/// One side in one round.
struct Turn {
    round: Round,
    /// Processor time for each answer, µs.
    cpu: f64,
}

impl Side {
    async fn turn(&self, asker: &Asker, size: AnswerSize) -> Result<Turn, String> {
        let before = machine::cpu(self.pid)?;
        let round = asker.ask(&self.url, size, SECONDS).await?;
        let used = machine::cpu(self.pid)?.saturating_sub(before);
        Ok(Turn { round, cpu: used.as_secs_f64() * 1e6 / round.answers })
    }
}

/// Compares `path` of the manager with a bare hyper server that returns the same bytes, and adds the figures. The manager's
/// own answers may differ from the first by `slack` bytes.
pub(super) async fn against_bare_hyper(
    bench: &Bench,
    manager: &Manager,
    path: &str,
    slack: u64,
    goal: f64,
    measured: &mut Measured,
) -> Result<(), String> {
    let folder = Folder::new(bench)?;
    let asker = Asker::choose(&folder)?;
    let url = manager.url(path);
    let like = HttpClient::default().get(&url).await.map_err(|error| format!("{url}: {error}"))?;
    if like.status != 200 {
        return Err(format!("{url} answers {}: {}", like.status, like.text()));
    }
    let peer = Peer::start(&folder, &like).await?;
    let (exactly, ours_about) = (size_of(&like, 0), size_of(&like, slack));
    let (ours, bare) = (Side { url, pid: manager.pid() }, Side { url: peer.url(), pid: peer.pid() });
    let (mut our_turns, mut bare_turns) = (Vec::new(), Vec::new());
    for number in 0..ROUNDS {
        if number % 2 == 0 {
            our_turns.push(ours.turn(&asker, ours_about).await?);
            bare_turns.push(bare.turn(&asker, exactly).await?);
        } else {
            bare_turns.push(bare.turn(&asker, exactly).await?);
            our_turns.push(ours.turn(&asker, ours_about).await?);
        }
    }
    measured.note(format!(
        "GET {path}: {} bytes of body; {}, {} connections, {ROUNDS} rounds of {SECONDS} s in turns with a bare hyper server that returns the same bytes and headers.",
        exactly.body,
        asker.name(),
        super::load::CONNECTIONS,
    ));
    let ratio = |of: fn(&Turn) -> f64| median(our_turns.iter().zip(&bare_turns).map(|(ours, bare)| of(ours) / of(bare)));
    let middle = |turns: &[Turn], of: fn(&Turn) -> f64| median(turns.iter().map(of));
    measured.figure(format!("{path}: rate, manager / bare hyper"), ratio(|turn| turn.round.rate), "", Goal::AtLeast(goal));
    measured.figure(format!("{path}: processor time, bare hyper / manager"), 1.0 / ratio(|turn| turn.cpu), "", Goal::None);
    for (name, turns) in [("manager", &our_turns), ("bare hyper", &bare_turns)] {
        measured.figure(format!("{path}: {name}"), middle(turns, |turn| turn.round.rate), "/s", Goal::None);
        measured.figure(format!("{path}: {name}, processor time an answer"), middle(turns, |turn| turn.cpu), "µs", Goal::None);
        measured.figure(format!("{path}: {name}, p99"), middle(turns, |turn| turn.round.p99), "ms", Goal::None);
    }
    Ok(())
}

/// The length of an answer as it goes over the wire.
pub(super) fn size_of(reply: &peegeeq_testkit::Reply, slack: u64) -> AnswerSize {
    let status = "HTTP/1.1 200 OK\r\n".len() + "\r\n".len();
    let headers: usize = reply.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    let body = reply.body.len();
    AnswerSize { whole: (status + headers + body) as u64, body: body as u64, slack }
}
