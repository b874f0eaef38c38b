//! "Deployment Checklist" of the guide.

use peegeeq_service_manager_client::models::Status;

use super::look::Look;
use super::{Item, Level, Section};

const SECTION: Section = Section("Deployment");

pub(super) fn items(look: &Look) -> Vec<Item> {
    vec![
        registry(look),
        production(look),
        settings(look),
        health_checks(look),
        alerting(look),
        balancing(look),
        network(look),
        certificates(look),
        access(look),
        backup(look),
    ]
}

fn registry(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Consul cluster configured and running", level, found, advice);
    match &look.detail {
        Err(why) => item(Level::Fail, format!("not known: {why}"), "start the manager, or give its address and a token"),
        Ok(detail) => match detail.health.consul.as_str() {
            "connected" => item(Level::Ok, "connected".to_owned(), ""),
            "disabled" => {
                let found = format!("not used; registrations are in the {} registry of this one manager", detail.registry.backend);
                item(
                    Level::Warn,
                    found,
                    "good for one manager; several that share their registrations need Consul: set registry.backend=consul and consul.host",
                )
            }
            other => item(
                Level::Fail,
                other.to_owned(),
                "see that the agent runs and consul.host and consul.port lead to it; until then the last known picture is served",
            ),
        },
    }
}

fn production(look: &Look) -> Item {
    let item =
        |level, found: String, advice: &str| SECTION.item("Service Manager deployed with production configuration", level, found, advice);
    match &look.detail {
        Err(why) => item(Level::Fail, why.clone(), "start it, or give --server, --token-file, --ca-file"),
        Ok(detail) if !detail.ready => item(Level::Fail, "it does not take part yet".to_owned(), "look at /health/ready and its log"),
        Ok(detail) if !detail.health.degraded.is_empty() => {
            item(Level::Fail, format!("it runs degraded: {}", detail.health.degraded.join("; ")), "its log says since when and why")
        }
        Ok(detail) if detail.environment == "development" => item(
            Level::Warn,
            "its environment is 'development', the default".to_owned(),
            "set environment and region, such as -Denvironment=production",
        ),
        Ok(detail) => item(Level::Ok, format!("ready, environment {}, region {}", detail.environment, detail.region), ""),
    }
}

fn settings(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Settings on this machine", level, found, advice);
    match &look.settings {
        Err(faults) => {
            let all = faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
            item(Level::Fail, all, "correct them: a manager started here would refuse to start; 'config check' says the same")
        }
        Ok(loaded) if !loaded.warnings.is_empty() => item(Level::Warn, loaded.warnings.join("; "), "see 'config print'"),
        Ok(_) => item(Level::Ok, "no faults".to_owned(), ""),
    }
}

fn health_checks(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Health checks configured and working", level, found, advice);
    let instances = match &look.instances {
        Err(why) => return item(Level::Fail, format!("not known: {why}"), "the manager must answer first"),
        Ok(instances) if instances.is_empty() => {
            return item(Level::Fail, "no instance is registered".to_owned(), "register them: 'instances register'");
        }
        Ok(instances) => instances,
    };
    if let Some(doubt) = look.detail.as_ref().ok().and_then(|detail| detail.self_doubt.as_ref()) {
        return item(
            Level::Fail,
            format!("the manager doubts what it sees: {doubt}"),
            "look at its network and its load before its instances",
        );
    }
    let unchecked = instances.iter().filter(|instance| instance.last_health_check.is_none()).count();
    let sick: Vec<&str> =
        instances.iter().filter(|instance| instance.status == Status::Unhealthy).map(|instance| &*instance.instance_id).collect();
    match (sick.len(), unchecked) {
        (0, 0) => item(Level::Ok, format!("{} instances, all checked", instances.len()), ""),
        (0, _) => {
            item(Level::Warn, format!("{unchecked} of {} instances were never checked", instances.len()), "ask again in half a minute")
        }
        (count, _) if count == instances.len() => {
            item(Level::Fail, "no instance is healthy".to_owned(), "'instances list' says why for each")
        }
        (count, _) => {
            let named = sick.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            item(Level::Warn, format!("{count} of {} are unhealthy: {named}", instances.len()), "'instances check ID' says why")
        }
    }
}

fn alerting(look: &Look) -> Item {
    let item = |level, found: &str, advice: &str| SECTION.item("Monitoring and alerting set up", level, found, advice);
    match &look.metrics {
        Ok(text) if text.contains("peegeeq_instances") => item(
            Level::Yours,
            "the manager can be scraped at /metrics; whether anybody does cannot be seen from here",
            "scrape it, and alert on the lines under Monitoring",
        ),
        Ok(_) => item(Level::Fail, "/metrics has no metrics of a manager", "is that the manager itself, or something before it?"),
        Err(why) => item(Level::Fail, &format!("/metrics: {why}"), "set metrics.enabled=true, or give a token"),
    }
}

fn balancing(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Load balancing strategy selected", level, found, advice);
    match &look.routing {
        Some(routing) => {
            let strategy = routing.get("strategy").and_then(serde_json::Value::as_str).unwrap_or("told by 'routing'");
            item(Level::Ok, strategy.to_owned(), "")
        }
        None => item(
            Level::Warn,
            "this manager shows no routing (/api/v1/routing)".to_owned(),
            "its version does not route requests, or the token may not look; update it when routing is wanted",
        ),
    }
}

fn network(look: &Look) -> Item {
    let item = |level, found: &str, advice: &str| SECTION.item("Network security configured: in transit", level, found, advice);
    let plain =
        look.instances.as_ref().map(|all| all.iter().filter(|instance| instance.scheme.as_str() != "https").count()).unwrap_or_default();
    if look.target.server.starts_with("https://") {
        return match plain {
            0 => item(Level::Ok, "TLS to the manager and to every instance", ""),
            count => item(
                Level::Warn,
                &format!("TLS to the manager; {count} instances are spoken to in the clear"),
                "fine in a closed network; else register them with scheme https",
            ),
        };
    }
    if look.is_loopback() {
        return item(
            Level::Yours,
            "asked over loopback in the clear, which only this machine can see",
            "ask it by the address that others use, with https://",
        );
    }
    item(
        Level::Fail,
        "this request, and the token with it, went over the network in the clear",
        "set server.tls.cert.file and server.tls.key.file, or put TLS before the manager, and use https://",
    )
}

fn certificates(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Network security configured: certificates", level, found, advice);
    let Ok(detail) = &look.detail else { return item(Level::Warn, "not known".to_owned(), "the manager must answer first") };
    let own = detail.certificate.as_ref();
    let complaints = own.map(|own| own.complaints.join("; ")).unwrap_or_default();
    let is_over = own.is_some_and(|own| own.expires_in_days < 0);
    if !complaints.is_empty() {
        let level = if is_over { Level::Fail } else { Level::Warn };
        return item(level, complaints, "put new files in their place: the manager takes them by itself, or at SIGHUP");
    }
    let ending = &detail.instance_certificates;
    if let Some(first) = ending.first() {
        let found = format!(
            "{} instances have certificates that end soon, the first is {} on {}",
            ending.len(),
            first.instance_id,
            first.expires_at
        );
        return item(Level::Warn, found, "renew them there; one that has expired is not accepted");
    }
    let found = own.map_or_else(|| "none ends soon".to_owned(), |own| format!("the manager's is valid until {}", own.expires_at));
    item(Level::Ok, found, "")
}

fn access(look: &Look) -> Item {
    let item = |level, found: &str, advice: &str| SECTION.item("Network security configured: who may ask", level, found, advice);
    match look.is_open {
        Some(false) => item(Level::Ok, "it wants a token", ""),
        Some(true) if look.is_loopback() => {
            item(Level::Warn, "anybody on this machine may look and change", "set security.tokens.file before it listens beyond loopback")
        }
        Some(true) => item(
            Level::Fail,
            "anybody who reaches it may look without a token",
            "set security.tokens.file and take away security.anonymous.role",
        ),
        None => item(Level::Warn, "could not be tried", "ask again when the manager answers"),
    }
}

fn backup(look: &Look) -> Item {
    let item = |level, found: String, advice: &str| SECTION.item("Backup and recovery procedures documented", level, found, advice);
    let Some(loaded) = look.local() else {
        return item(
            Level::Yours,
            "cannot be seen from here".to_owned(),
            "keep a copy of the manager's data.dir and settings, and try once to start from it",
        );
    };
    let folder = &loaded.config.registry.data_dir;
    if std::fs::metadata(folder).is_err() {
        return item(
            Level::Warn,
            format!("data.dir {} cannot be looked at", folder.display()),
            "run the doctor where the manager runs, as its user",
        );
    }
    item(Level::Yours, format!("what must be kept is in {}", folder.display()), "copy it regularly, and try once to start from the copy")
}
