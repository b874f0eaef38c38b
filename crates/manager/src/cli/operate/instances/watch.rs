//! `instances watch`: a line for each change.

use std::collections::{BTreeMap, BTreeSet};

use peegeeq_service_manager_client::models::instances::{Instance, InstanceList};
use peegeeq_service_manager_client::{Filter, requests};

use super::state_of;
use crate::cli::operate::failure::{FAILED, Failure, USAGE};
use crate::cli::operate::line::{Format, Watch};
use crate::cli::operate::output::{Page, Tone, lines};
use crate::cli::operate::{Call, repeat};

/// What is shown of an instance, and compared.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    state: String,
    reason: Option<String>,
    weight: Option<u32>,
}

impl Seen {
    fn of(instance: &Instance) -> Self {
        Self { state: state_of(instance), reason: instance.status_reason.clone(), weight: instance.weight }
    }
}

/// A change: `from` is none for an instance that came, `to` for one that went.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Change<'a> {
    time: &'a str,
    instance_id: &'a str,
    from: Option<&'a str>,
    to: Option<&'a str>,
    reason: Option<&'a str>,
    weight: Option<u32>,
}

pub(super) async fn run(call: &Call, watch: Watch) -> Result<Page, Failure> {
    if call.format == Format::Yaml {
        return Err(Failure::usage("a watch has no end, so YAML does not fit; use --output json for one object a line"));
    }
    let filter = Filter { environment: watch.environment.clone(), region: watch.region.clone(), ..Filter::default() };
    let wanted: BTreeSet<&str> = watch.ids.iter().map(String::as_str).collect();
    let mut before: Option<BTreeMap<String, Seen>> = None;
    let mut etag = None;
    let mut is_away = false;
    repeat::every(watch.interval.0, async || {
        let request = requests::list_instances(&filter).unless(etag.clone());
        let path = request.path().to_owned();
        let answer = match call.client.ask(request).await.map_err(Failure::from) {
            Ok(answer) => answer,
            Err(failure) if before.is_none() || matches!(failure.code, FAILED | USAGE) => return Err(failure),
            Err(failure) => {
                // Told once, and asked again: a watch outlives a restart of the manager.
                if !std::mem::replace(&mut is_away, true) {
                    eprintln!("{}", failure.text);
                }
                return Ok(String::new());
            }
        };
        is_away = false;
        if answer.status == 304 {
            return Ok(String::new());
        }
        let list: InstanceList = call.client.read(&path, &answer.body)?;
        etag.clone_from(&answer.etag);
        let is_wanted = |instance: &&Instance| wanted.is_empty() || wanted.contains(&*instance.instance_id);
        let now: BTreeMap<_, _> =
            list.instances.iter().filter(is_wanted).map(|instance| (instance.instance_id.clone(), Seen::of(instance))).collect();
        let told = match &before {
            None if watch.changes_only => String::new(),
            before => told(call, before.as_ref().unwrap_or(&BTreeMap::new()), &now, &list.timestamp),
        };
        before = Some(now);
        Ok(told)
    })
    .await
}

fn told(call: &Call, before: &BTreeMap<String, Seen>, now: &BTreeMap<String, Seen>, time: &str) -> String {
    changes(before, now, time).iter().map(|change| written(call, change) + "\n").collect()
}

fn changes<'a>(before: &'a BTreeMap<String, Seen>, now: &'a BTreeMap<String, Seen>, time: &'a str) -> Vec<Change<'a>> {
    let ids: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    let change = |id: &'a String| {
        let (from, to) = (before.get(id), now.get(id));
        (from != to).then(|| Change {
            time,
            instance_id: id,
            from: from.map(|seen| &*seen.state),
            to: to.map(|seen| &*seen.state),
            reason: to.and_then(|seen| seen.reason.as_deref()),
            weight: to.and_then(|seen| seen.weight),
        })
    };
    ids.into_iter().filter_map(change).collect()
}

fn written(call: &Call, change: &Change<'_>) -> String {
    match call.format {
        Format::Json => serde_json::to_string(change).unwrap_or_default(),
        Format::Name => lines(change.instance_id),
        Format::Table | Format::Yaml => {
            let painted = |word: &str| Tone::of(word).paint(&lines(word), call.screen.has_color);
            let what = match (change.from, change.to) {
                (Some(from), Some(to)) if from == to => format!("{} (weight {})", painted(to), change.weight.unwrap_or_default()),
                (Some(from), Some(to)) => format!("{} -> {}", painted(from), painted(to)),
                (None, Some(to)) => painted(to),
                (_, None) => "gone".to_owned(),
            };
            let reason = change.reason.map(|reason| format!("  {}", lines(reason))).unwrap_or_default();
            format!("{}  {}  {what}{reason}", lines(change.time), lines(change.instance_id))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(of: &[(&str, &str)]) -> BTreeMap<String, Seen> {
        of.iter().map(|(id, state)| ((*id).to_owned(), Seen { state: (*state).to_owned(), reason: None, weight: Some(1) })).collect()
    }

    #[test]
    fn coming_going_and_changing_are_changes() {
        let (before, now) =
            (seen(&[("a", "healthy"), ("b", "healthy"), ("c", "unknown")]), seen(&[("b", "healthy"), ("c", "healthy"), ("d", "unknown")]));
        let found: Vec<_> =
            changes(&before, &now, "t").into_iter().map(|change| (change.instance_id.to_owned(), change.from, change.to)).collect();
        let expected = [
            ("a".to_owned(), Some("healthy"), None),
            ("c".to_owned(), Some("unknown"), Some("healthy")),
            ("d".to_owned(), None, Some("unknown")),
        ];
        assert_eq!(found, expected);
    }
}
