//! `gateway`: what it costs to pass a request on, against nginx, HAProxy and the least a hyper proxy can be, all in front
//! of the same two stubs.
//!
//! Owns the rounds and what is made of them. Requests counted by the stubs must be those that were answered, or the run is
//! worthless. A contender that is not installed, or a manager that does not pass requests on, is left out and said so.

pub(super) mod bare;
pub(super) mod contender;
mod idle;
mod paced;
pub(super) mod stub;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_testkit::HttpClient;

use self::contender::Contender;
use self::paced::quantile;
use self::stub::{PATH, Stub};
use super::contest::size_of;
use super::figures::{Goal, Measured, median};
use super::load::{AnswerSize, Asker, Round};
use super::manager::{Folder, Manager};
use super::post::{self, Drafts};
use super::{Bench, fleet};

const ROUNDS: usize = 5;
const SECONDS: u32 = 2;
const CONNECTIONS: u32 = 64;
const SIZES: [(usize, &str); 2] = [(1_024, "1 KB"), (65_536, "64 KB")];
/// Share of the rate of nginx at which latencies are compared.
const PACE: f64 = 0.6;
const PACED_FOR: Duration = Duration::from_secs(4);
const ONE_BY_ONE: usize = 3_000;
/// Set to anything, it leaves out all but the rounds of 1 KB: for those who try something out.
const SHORT: &str = "PEEGEEQ_BENCH_SHORT";
const GATEWAY: &str = "gateway";
const NGINX: &str = "nginx";
const HAPROXY: &str = "HAProxy";
const BARE: &str = "bare hyper proxy";
const DIRECT: &str = "direct";

/// One contender in one round.
#[derive(Clone, Copy)]
struct Turn {
    round: Round,
    /// Processor time of the proxy for each answer, µs.
    cpu: f64,
}

/// All turns of one contender, in the order of the rounds.
struct Record {
    name: &'static str,
    turns: Vec<Turn>,
}

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let folder = Folder::new(bench)?;
    let mut measured = Measured::default();
    let stubs = [Stub::start().await?, Stub::start().await?];
    let addresses = [stubs[0].address(), stubs[1].address()];
    let manager = Manager::start(&bench.program, &folder)?;
    let contenders = line_up(&folder, &manager, &addresses, &mut measured).await?;
    let asker = Asker::choose(&folder)?;
    measured.note(format!(
        "{}, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s in turns, two stubs of this program behind each; medians.",
        asker.name()
    ));
    let is_short = std::env::var_os(SHORT).is_some();
    for (size, words) in SIZES {
        let target = format!("{PATH}?size={size}");
        let records = rounds(&contenders, &stubs, &asker, &target, &mut measured).await?;
        report(&records, words, &mut measured);
        if is_short {
            return Ok(measured);
        }
        if size == SIZES[0].0 {
            let rate = records.iter().find(|record| record.name == NGINX).or(records.first()).map_or(0.0, |record| record.rate());
            at_the_same_rate(&contenders, &stubs, &target, rate * PACE, &mut measured).await?;
            one_by_one(&contenders, &stubs, &target, &mut measured).await?;
        }
    }
    idle::streams(&contenders, &mut measured).await?;
    Ok(measured)
}

/// Waits until something answers 200 there.
async fn answers(url: &str) -> Result<(), String> {
    let mut last = String::new();
    for _ in 0..250 {
        match HttpClient::default().get(url).await {
            Ok(reply) if reply.status == 200 => return Ok(()),
            Ok(reply) => last = format!("it answers {}: {}", reply.status, reply.text()),
            Err(error) => last = error.to_string(),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Err(format!("{url}: {last}"))
}

async fn line_up(folder: &Folder, manager: &Manager, stubs: &[SocketAddr; 2], measured: &mut Measured) -> Result<Vec<Contender>, String> {
    let mut contenders = Vec::new();
    match gateway(manager, stubs).await {
        Ok(gateway) => contenders.push(gateway),
        Err(why) => measured.note(format!("The gateway is left out: {why}")),
    }
    for (name, started) in [(NGINX, Contender::nginx(folder, stubs).await?), (HAPROXY, Contender::haproxy(folder, stubs).await?)] {
        match started {
            Some(contender) => contenders.push(contender),
            None => measured.note(format!("{name} is not installed and left out.")),
        }
    }
    contenders.extend(Contender::bare(stubs).await?);
    contenders.push(Contender::known(DIRECT, stubs[0], None));
    Ok(contenders)
}

/// Registers the stubs, and checks that a request reaches them.
async fn gateway(manager: &Manager, stubs: &[SocketAddr; 2]) -> Result<Contender, String> {
    let members = *stubs;
    let drafts: Drafts = Arc::new(move |number| {
        let (name, address) = (format!("stub-{number}"), members[number]);
        // The same labels for both: neither is nearer than the other.
        (name.clone(), fleet::draft(&name, &address.ip().to_string(), address.port(), 0))
    });
    let registered = post::register(manager.address(), &drafts, 0..stubs.len(), 1).await?;
    if registered.acknowledged.len() != stubs.len() {
        return Err(format!("not registered: {:?}", registered.refused));
    }
    fleet::healthy(manager, stubs.len()).await?;
    answers(&manager.url(&format!("{PATH}?size=1"))).await?;
    Ok(Contender::known(GATEWAY, manager.address(), Some(manager.pid())))
}

async fn counted(stubs: &[Stub]) -> Result<u64, String> {
    let mut sum = 0;
    for stub in stubs {
        sum += stub.count().await?;
    }
    Ok(sum)
}

/// Every contender in every round, each round beginning with another one.
async fn rounds(
    contenders: &[Contender],
    stubs: &[Stub],
    asker: &Asker,
    target: &str,
    measured: &mut Measured,
) -> Result<Vec<Record>, String> {
    let mut records: Vec<Record> = contenders.iter().map(|contender| Record { name: contender.name, turns: Vec::new() }).collect();
    for number in 0..ROUNDS {
        for place in 0..contenders.len() {
            let index = (place + number) % contenders.len();
            let (turn, reached) = turn(&contenders[index], stubs, asker, target).await?;
            let answers = turn.round.answers as u64;
            let name = contenders[index].name;
            // What was under way when the time was up has reached a stub and is no answer.
            measured.must((answers..=answers + u64::from(CONNECTIONS)).contains(&reached), || {
                format!("{name}, {target}: {answers} answers, but {reached} requests reached the stubs")
            });
            records[index].turns.push(turn);
        }
    }
    Ok(records)
}

async fn turn(contender: &Contender, stubs: &[Stub], asker: &Asker, target: &str) -> Result<(Turn, u64), String> {
    let url = format!("http://{}{target}", contender.address);
    let size = answer_size(&url).await?;
    let (before, reached) = (contender.cpu()?, counted(stubs).await?);
    let round = asker.ask_with(&url, size, SECONDS, CONNECTIONS).await.map_err(|error| format!("{}: {error}", contender.name))?;
    let used = contender.cpu()?.saturating_sub(before);
    let turn = Turn { round, cpu: used.as_secs_f64() * 1e6 / round.answers };
    // Requests that were cut off are counted within a moment.
    tokio::time::sleep(Duration::from_millis(50)).await;
    Ok((turn, counted(stubs).await? - reached))
}

async fn answer_size(url: &str) -> Result<AnswerSize, String> {
    let reply = HttpClient::default().get(url).await.map_err(|error| format!("{url}: {error}"))?;
    if reply.status != 200 {
        return Err(format!("{url} answers {}: {}", reply.status, reply.text()));
    }
    // Contenders may write numbers of changing length into their heads, such as ages.
    Ok(size_of(&reply, 24))
}

impl Record {
    fn middle(&self, of: fn(&Turn) -> f64) -> f64 {
        median(self.turns.iter().map(of))
    }

    fn rate(&self) -> f64 {
        self.middle(|turn| turn.round.rate)
    }
}

fn report(records: &[Record], words: &str, measured: &mut Measured) {
    if let Some(gateway) = records.iter().find(|record| record.name == GATEWAY) {
        for other in records.iter().filter(|record| [NGINX, HAPROXY, BARE].contains(&record.name)) {
            let ratios = gateway.turns.iter().zip(&other.turns).map(|(ours, theirs)| ours.round.rate / theirs.round.rate);
            measured.figure(format!("{words}: rate, gateway / {}", other.name), median(ratios), "", Goal::None);
        }
    }
    for record in records {
        let name = record.name;
        measured.figure(format!("{words}: {name}"), record.rate(), "/s", Goal::None);
        measured.figure(format!("{words}: {name}, p50"), record.middle(|turn| turn.round.p50), "ms", Goal::None);
        measured.figure(format!("{words}: {name}, p99"), record.middle(|turn| turn.round.p99), "ms", Goal::None);
        if name != DIRECT {
            measured.figure(format!("{words}: {name}, processor time a request"), record.middle(|turn| turn.cpu), "µs", Goal::None);
        }
    }
}

/// The same load for all, at a rate that all can carry.
async fn at_the_same_rate(
    contenders: &[Contender],
    stubs: &[Stub],
    target: &str,
    rate: f64,
    measured: &mut Measured,
) -> Result<(), String> {
    for contender in contenders {
        let before = counted(stubs).await?;
        let latencies = paced::at_rate(contender.address, target, rate, CONNECTIONS, PACED_FOR).await;
        let latencies = latencies.map_err(|error| format!("{}: {error}", contender.name))?;
        let reached = counted(stubs).await? - before;
        let (name, asked) = (contender.name, latencies.len() as u64);
        measured.must(asked == reached, || format!("{name}: {asked} requests at a fixed rate, but {reached} reached the stubs"));
        measured.figure(format!("1 KB at {rate:.0}/s: {name}, p99"), quantile(&latencies, 0.99), "ms", Goal::None);
    }
    Ok(())
}

/// What a proxy adds to a request that has the machine for itself.
async fn one_by_one(contenders: &[Contender], stubs: &[Stub], target: &str, measured: &mut Measured) -> Result<(), String> {
    let mut middles = vec![Vec::new(); contenders.len()];
    for _ in 0..3 {
        for (contender, middles) in contenders.iter().zip(&mut middles) {
            let before = counted(stubs).await?;
            let latencies = paced::one_by_one(contender.address, target, ONE_BY_ONE).await?;
            let reached = counted(stubs).await? - before;
            measured.must(reached == ONE_BY_ONE as u64, || format!("{}: {reached} of {ONE_BY_ONE} reached the stubs", contender.name));
            middles.push(quantile(&latencies, 0.5));
        }
    }
    let direct = middles.last().map_or(0.0, |direct| median(direct.iter().copied()));
    measured.figure("one connection: direct, p50", direct, "µs", Goal::None);
    for (contender, middles) in contenders.iter().zip(&middles).filter(|(contender, _)| contender.is_proxy()) {
        let added = median(middles.iter().copied()) - direct;
        measured.figure(format!("one connection: {} adds, p50", contender.name), added, "µs", Goal::None);
    }
    Ok(())
}
