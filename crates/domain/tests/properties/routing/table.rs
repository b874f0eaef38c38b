//! Groups are those that a naive reading of the rules gives, and ejection keeps its cap.

use std::collections::{BTreeMap, BTreeSet};

use peegeeq_domain::federation::{SetupHealth, Source};
use peegeeq_domain::health::is_routable;
use peegeeq_domain::instance::InstanceId;
use peegeeq_domain::routing::accrual::ejectable;
use peegeeq_domain::routing::table::{Choice, Exclusion, Found, Group, Standing, Wanted};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::cluster::{NOW, One, cluster, table};

/// By database: who may be picked, ejections left aside. `None` if nobody in the choice has the setup.
fn naive(cluster: &[One], setup: &str, queue: Option<&str>, choice: &Choice<'_>) -> Option<BTreeSet<BTreeSet<usize>>> {
    let inside = |one: &One| choice.environment.is_none_or(|it| it == one.environment) && choice.region.is_none_or(|it| it == one.region);
    let mut has = Vec::new();
    for (number, one) in cluster.iter().enumerate().filter(|(_, one)| inside(one)) {
        has.extend(one.setups.iter().flatten().filter(|it| &*it.setup == setup).map(|binding| (number, one, binding)));
    }
    if has.is_empty() {
        return None;
    }
    let lives = has.iter().any(|(.., binding)| !binding.missing);
    let relevant: Vec<_> = has.iter().filter(|(.., binding)| !lives || !binding.missing).collect();
    let identity = |number: usize, one: &One, binding: &peegeeq_domain::federation::SetupBinding| {
        let source = Source {
            instance: InstanceId::parse("x").expect("a valid id"),
            host: format!("host{number}").into(),
            environment: one.environment.into(),
            region: one.region.into(),
        };
        binding.physical_identity(&source)
    };
    let somebody_told = relevant.iter().any(|(number, one, binding)| identity(*number, one, binding).is_some());
    let mut groups: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (number, one, binding) in &relevant {
        let key = match identity(*number, one, binding) {
            Some(identity) => format!("{identity:?}"),
            None if somebody_told => continue,
            None => number.to_string(),
        };
        let same = |other: &&&(usize, &One, &peegeeq_domain::federation::SetupBinding)| match identity(other.0, other.1, other.2) {
            Some(identity) => format!("{identity:?}") == key,
            None => other.0 == *number,
        };
        let knows = |queues: &Option<std::sync::Arc<[std::sync::Arc<str>]>>, queue: &str| {
            queues.as_ref().map(|all| all.iter().any(|it| &**it == queue))
        };
        let lacks = queue.is_some_and(|queue| {
            let told =
                |binding: &peegeeq_domain::federation::SetupBinding| if binding.missing { None } else { knows(&binding.queues, queue) };
            told(binding) == Some(false) && relevant.iter().filter(same).any(|other| told(other.2) == Some(true))
        });
        let well = is_routable(one.presence, one.verdict) && one.weight > 0;
        let works = !binding.missing && !matches!(binding.health, SetupHealth::Down { .. });
        let group = groups.entry(key).or_default();
        if well && works && !lacks {
            group.insert(*number);
        }
    }
    let mut sets: Vec<_> = groups.into_values().collect();
    sets.sort();
    // Several groups in which nobody can be picked are still several.
    Some(sets.into_iter().collect())
}

/// Everybody that may be picked, on probation, or was ejected.
fn eligible(group: &Group) -> BTreeSet<usize> {
    let ejected = group.excluded.iter().filter(|one| matches!(one.why, Exclusion::Ejected { .. })).map(|one| one.index);
    group.seats().map(|seat| seat.index).chain(group.probation.iter().map(|one| one.seat.index)).chain(ejected).collect()
}

fn groups<'t>(found: &Found<'t>) -> Option<Vec<&'t Group>> {
    match found {
        Found::Group(group) => Some(vec![*group]),
        Found::Conflict(groups) => Some(groups.iter().collect()),
        Found::Unknown(_) | Found::NoSuchInstance => None,
    }
}

proptest! {
    #[test]
    fn groups_are_what_the_rules_say(
        cluster in cluster(),
        setup in select(vec!["s0", "s1", "s2"]),
        queue in option::of(select(vec!["q0", "q1", "unheard"])),
        environment in option::of(select(vec!["prod", "test", "none"])),
        region in option::of(select(vec!["eu", "us"])),
    ) {
        let table = table(&cluster);
        let choice = Choice { instance: None, environment, region };
        let found = table.find(&Wanted::Setup { id: setup, queue }, &choice);
        let sets = groups(&found).map(|groups| groups.into_iter().map(eligible).collect::<BTreeSet<_>>());
        prop_assert_eq!(sets, naive(&cluster, setup, queue, &choice));
        if let Found::Conflict(groups) = found {
            prop_assert!(groups.len() > 1);
        }
    }

    #[test]
    fn the_cap_holds_after_every_ejection(cluster in cluster()) {
        let table = table(&cluster);
        for setup in ["s0", "s1", "s2"] {
            let found = table.find(&Wanted::Setup { id: setup, queue: None }, &Choice::default());
            for group in groups(&found).unwrap_or_default() {
                let (all, out) = (eligible(group).len(), eligible(group).len() - group.seats().count());
                prop_assert!(out <= ejectable(all, 34), "{} of {}", out, all);
                prop_assert!(all == 0 || group.seats().count() > 0);
                for one in group.probation.iter() {
                    prop_assert!(!matches!(cluster[one.seat.index].standing, Standing::In));
                }
                for one in &*group.excluded {
                    if let Exclusion::Ejected { until } = one.why {
                        prop_assert!(until > NOW);
                    }
                }
                prop_assert!(group.levels.iter().all(|level| !level.seats.is_empty()));
                let shares: u32 = group.levels.iter().map(|level| level.share).sum();
                prop_assert_eq!(shares, if all == 0 { 0 } else { 1000 });
            }
        }
    }

    #[test]
    fn environments_are_never_mixed(cluster in cluster(), setup in option::of(select(vec!["s0", "s1", "s2"]))) {
        let table = table(&cluster);
        let wanted = setup.map_or(Wanted::Any, |id| Wanted::Setup { id, queue: None });
        for group in groups(&table.find(&wanted, &Choice::default())).unwrap_or_default() {
            let environments: BTreeSet<_> = eligible(group).into_iter().map(|index| cluster[index].environment).collect();
            prop_assert!(environments.len() <= 1, "{environments:?}");
        }
    }
}
