//! "High Availability" of the guide, and what else keeps a cluster from standing on one leg.

use std::collections::BTreeMap;

use super::look::Look;
use super::{Item, Level, Section};

const SECTION: Section = Section("High availability");

/// Clocks that differ more make times in logs and answers hard to compare.
const CLOCK_SECONDS: i64 = 5;

pub(super) fn items(look: &Look) -> Vec<Item> {
    vec![managers(look), consul(look), balancer(), databases(look), disaster(), redundancy(look), clock(look)]
}

fn managers(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Multiple Service Manager instances deployed", level, found, advice);
    match look.managers {
        Some(count @ 2..) => item(Level::Ok, format!("{count} managers"), ""),
        Some(_) => item(Level::Warn, "one manager".to_owned(), "start a second one on the same Consul"),
        None => item(
            Level::Warn,
            "this manager knows of no others".to_owned(),
            "it works alone: let something restart it at once (systemd, Kubernetes)",
        ),
    }
}

fn consul(look: &Look) -> Item {
    let item = |level, found: &str, advice: &str| SECTION.item("Consul cluster with multiple nodes", level, found, advice);
    match look.detail.as_ref().map(|detail| detail.health.consul.as_str()) {
        Ok("disabled") => item(Level::Warn, "no Consul", "needed for several managers only"),
        Ok("connected") => item(
            Level::Yours,
            "the manager speaks with one agent; how many servers stand behind it cannot be seen from here",
            "'consul operator raft list-peers' shows three or five",
        ),
        _ => item(Level::Fail, "Consul is away", "'consul members' on the manager's machine"),
    }
}

fn balancer() -> Item {
    SECTION.item(
        "Load balancer in front of Service Managers",
        Level::Yours,
        "cannot be seen from here",
        "let it ask /health/ready, and send long-lived streams through without a limit of time",
    )
}

fn databases(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Database backup and recovery tested", level, found, advice);
    match &look.overview {
        Err(why) => item(Level::Fail, format!("no federated answer: {why}"), "'overview' says which instances are missing"),
        Ok(overview) => match overview.envelope.degraded_setups.first() {
            Some(setup) => {
                let count = overview.envelope.degraded_setups.len();
                let found = format!("{count} setups do not work, first {} on {}: {}", setup.setup_id, setup.instance_id, setup.reason);
                item(Level::Fail, found, &setup.action)
            }
            None => item(
                Level::Yours,
                "every setup answers; backups cannot be seen from here".to_owned(),
                "restore each PostgreSQL database once from its backup",
            ),
        },
    }
}

fn disaster() -> Item {
    SECTION.item(
        "Disaster recovery procedures documented",
        Level::Yours,
        "cannot be seen from here",
        "write down who starts what in which order, and try it once",
    )
}

fn redundancy(look: &Look) -> Item {
    let item =
        |level, found: String, advice: &str| SECTION.item("More than one healthy instance in each environment", level, found, advice);
    let Ok(instances) = &look.instances else {
        return item(Level::Warn, "not known".to_owned(), "the manager must answer first");
    };
    let mut healthy: BTreeMap<&str, usize> = BTreeMap::new();
    for instance in instances {
        *healthy.entry(&instance.environment).or_default() += usize::from(instance.healthy);
    }
    let thin: Vec<String> = healthy.iter().filter(|(_, count)| **count < 2).map(|(name, count)| format!("{name} has {count}")).collect();
    match (instances.is_empty(), thin.is_empty()) {
        (true, _) => item(Level::Fail, "no instance is registered".to_owned(), "register them: 'instances register'"),
        (false, true) => {
            item(Level::Ok, healthy.iter().map(|(name, count)| format!("{name} has {count}")).collect::<Vec<_>>().join(", "), "")
        }
        (false, false) => item(Level::Warn, thin.join(", "), "add an instance, or accept that its failure stops the environment"),
    }
}

fn clock(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Clocks agree", level, found, advice);
    match look.clock_off {
        Some(off) if off.abs() > CLOCK_SECONDS => {
            item(Level::Warn, format!("the manager's clock differs from this one by {} s", off.abs()), "run NTP on both")
        }
        Some(_) => item(Level::Ok, "with this machine's".to_owned(), ""),
        None => item(Level::Warn, "not known".to_owned(), "the manager must answer first"),
    }
}
