//! `register`: durable registrations over HTTP, against a loop of single commits, and what is left after `kill -9`.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use peegeeq_domain::instance::{Draft, Instance, Registration};
use peegeeq_domain::journal::JournalEvent;
use peegeeq_service_manager::clock;
use peegeeq_service_manager::registry::store::{Store, StoreSettings, Write};
use peegeeq_testkit::HttpClient;

use super::figures::{Goal, Measured, median};
use super::manager::{Folder, Manager, free_address};
use super::post::{self, Drafts};
use super::{Bench, fleet};

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
/// Registrations of a round: by many clients, by one, and straight into a store.
const BY_MANY: usize = 3000;
const BY_ONE: usize = 300;
const SINGLE_COMMITS: usize = 600;
const PAGE: usize = 1000;

pub(super) async fn measure(bench: &Bench) -> Result<Measured, String> {
    let (folder, single_folder) = (Folder::new(bench)?, Folder::new(bench)?);
    let manager = Manager::start(&bench.program, &folder)?;
    // Kept until the end, so that nobody else listens where the instances are said to be.
    let port = free_address()?.port();
    let drafts: Drafts = Arc::new(move |number| {
        let id = format!("instance-{number:06}");
        let draft = fleet::draft(&id, "127.0.0.1", port, number);
        (id, draft)
    });
    let mut measured = Measured::default();
    let (mut many, mut one, mut single) = (Vec::new(), Vec::new(), Vec::new());
    let (mut acknowledged, mut next) = (HashSet::new(), 0);
    let mut store = single_store(&single_folder)?;
    for _ in 0..ROUNDS {
        for (count, clients, rates) in [(BY_MANY, CLIENTS, &mut many), (BY_ONE, 1, &mut one)] {
            let round = post::register(manager.address(), &drafts, next..next + count, clients).await?;
            next += count;
            rates.push(round.rate());
            measured.must(round.refused.is_empty(), || format!("{} were not 201: {:?}", round.refused.len(), round.refused.first()));
            acknowledged.extend(round.acknowledged);
        }
        single.push(tokio::task::block_in_place(|| single_commits(&mut store))?);
    }
    manager.kill();
    let after = Manager::start(&bench.program, &folder)?;
    let found = all_ids(&after).await?;
    let lost = acknowledged.difference(&found).count();
    measured.must(lost == 0, || format!("{lost} of {} acknowledged registrations were lost by kill -9", acknowledged.len()));
    measured.note(format!(
        "POST /api/v1/instances/register with new ids, {ROUNDS} rounds in turns: {BY_MANY} by {CLIENTS} clients, {BY_ONE} by one client, {SINGLE_COMMITS} commits of one registration each straight into a store in this process. Nobody listens at the registered address, and the manager probes it meanwhile."
    ));
    measured.note(format!(
        "After kill -9 and a restart {} of {} acknowledged ids were there.",
        acknowledged.len() - lost,
        acknowledged.len()
    ));
    measured.figure(format!("{CLIENTS} clients"), median(many.iter().copied()), "/s", Goal::AtLeast(5000.0));
    measured.figure("one client", median(one.iter().copied()), "/s", Goal::None);
    measured.figure("single commits into a store", median(single.iter().copied()), "/s", Goal::None);
    let over = |base: &[f64]| median(many.iter().zip(base).map(|(many, base)| many / base));
    measured.figure(format!("{CLIENTS} clients / one client"), over(&one), "", Goal::AtLeast(10.0));
    measured.figure(format!("{CLIENTS} clients / single commits"), over(&single), "", Goal::AtLeast(10.0));
    measured.figure("acknowledged ids lost by kill -9", lost as f64, "", Goal::AtMost(0.0));
    Ok(measured)
}

fn single_store(folder: &Folder) -> Result<Store, String> {
    let settings = StoreSettings { journal_entries_max: 1_000_000, journal_age_max: Duration::from_secs(30 * 24 * 3600) };
    Store::open(&folder.path().join("single"), settings).map(|(store, _)| store).map_err(|error| error.to_string())
}

/// Commits a second, each of one registration with its journal entry, as the manager writes them.
fn single_commits(store: &mut Store) -> Result<f64, String> {
    let drafts = (0..SINGLE_COMMITS).map(|number| Draft {
        instance_id: Some(format!("single-{number:06}")),
        host: Some("127.0.0.1".to_owned()),
        port: Some(Some(9)),
        ..Draft::default()
    });
    let registrations: Result<Vec<_>, _> = drafts.map(Registration::from_draft).collect();
    let registrations = registrations.map_err(|faults| format!("{faults:?}"))?;
    let began = Instant::now();
    for registration in registrations {
        let now = clock::wall();
        let event =
            JournalEvent::Registered { id: registration.id.clone(), endpoint: registration.endpoint.base_url(), instance: None, by: None };
        let instance = Arc::new(Instance::registered(registration, now));
        store.commit(&[Write::Put(instance), Write::Note { at: now, event }], now).map_err(|error| error.sentence)?;
    }
    Ok(SINGLE_COMMITS as f64 / began.elapsed().as_secs_f64())
}

async fn all_ids(manager: &Manager) -> Result<HashSet<String>, String> {
    let mut ids = HashSet::new();
    for page in 1.. {
        let url = manager.url(&format!("/api/v1/instances?page={page}&pageSize={PAGE}"));
        let reply = HttpClient::default().get(&url).await.map_err(|error| format!("{url}: {error}"))?.json();
        let rows = reply["instances"].as_array().ok_or_else(|| format!("{url} lists nothing: {reply}"))?;
        ids.extend(rows.iter().filter_map(|row| row["instanceId"].as_str()).map(str::to_owned));
        if rows.len() < PAGE {
            break;
        }
    }
    Ok(ids)
}
