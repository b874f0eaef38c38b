//! What an open stream on which nothing happens costs in memory.

use std::net::SocketAddr;
use std::time::Duration;

use peegeeq_testkit::EventClient;

use super::contender::Contender;
use super::stub::STREAM;
use crate::bench::figures::{Goal, Measured};

const STREAMS: usize = 4_000;
/// Streams that are opened before a round, so that what a process needs once is not counted.
const FIRST: usize = 64;
const BOUND: Duration = Duration::from_secs(10);
/// For all streams of one contender.
const LONGEST: Duration = Duration::from_secs(60);

/// Opens the streams through each contender in turn.
pub(super) async fn streams(contenders: &[Contender], measured: &mut Measured) -> Result<(), String> {
    for contender in contenders.iter().filter(|contender| contender.is_proxy()) {
        let name = contender.name;
        let mut open = Vec::with_capacity(FIRST + STREAMS);
        let outcome = async {
            more(contender.address, FIRST, &mut open).await?;
            let before = contender.rss()?;
            more(contender.address, STREAMS, &mut open).await?;
            Ok::<_, String>((contender.rss()? - before) * 1024.0 / STREAMS as f64)
        };
        let outcome = tokio::time::timeout(LONGEST, outcome).await;
        match outcome.unwrap_or_else(|_| Err(format!("not all were open within {LONGEST:?}"))) {
            Ok(kib) => measured.figure(format!("{STREAMS} idle streams: {name}, memory of one"), kib, "KiB", Goal::None),
            Err(why) => measured.note(format!("{name} did not carry {STREAMS} idle streams: after {}: {why}", open.len())),
        }
    }
    Ok(())
}

/// Opens streams and waits for the first event of each.
async fn more(address: SocketAddr, count: usize, open: &mut Vec<EventClient>) -> Result<(), String> {
    for _ in 0..count {
        let mut stream = EventClient::open(address, STREAM, &[], BOUND).await.map_err(|error| error.to_string())?;
        if stream.head().status != 200 {
            return Err(format!("the answer is {}", stream.head().status));
        }
        stream.next_named("connected").await.map_err(|error| error.to_string())?;
        open.push(stream);
    }
    Ok(())
}
