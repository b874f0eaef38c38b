//! Checks that need more than one value, or the file system: values that are fine each but not together.
//!
//! Owns these rules. Touches files only to see whether they can be read.

use super::build::{Values, consul_addresses, longest_source_timeout};
use super::fault::{ConfigFault, Origin, contradiction, unusable};
use super::typed::AnonymousRole;
use std::net::IpAddr;

/// One rule, and the settings that must have a valid value for it to be asked.
type Rule = (&'static [&'static str], fn(&Values<'_>) -> Option<ConfigFault>);

const WHO: &[&str] = &["service.bind", "security.tokens.file", "security.anonymous.role"];

const SERVER_PAIR: &[&str] = &["server.tls.cert.file", "server.tls.key.file"];
const INSTANCE_PAIR: &[&str] = &["instance.tls.cert.file", "instance.tls.key.file"];

const RULES: &[Rule] = &[
    (WHO, open_to_the_network),
    (WHO, closed_to_everybody),
    (&["cors.allowed.origins", "security.tokens.file"], any_page_with_tokens),
    (&["consul.host", "consul.port"], wrong_consul_host),
    (&["consul.registration"], agent_registration),
    (&["consul.token.value", "consul.token.file"], two_tokens),
    (&["consul.tls.ca.file"], |values| unreadable(values, "consul.tls.ca.file")),
    (&["consul.token.file"], |values| unreadable(values, "consul.token.file")),
    (&["instances", "registry.instances.max"], too_many_instances),
    (&["security.tokens.file"], |values| unreadable(values, "security.tokens.file")),
    (&["instance.tls.ca.file"], |values| unreadable(values, "instance.tls.ca.file")),
    (&["instance.tls.cert.file"], |values| unreadable(values, "instance.tls.cert.file")),
    (&["instance.tls.key.file"], |values| unreadable(values, "instance.tls.key.file")),
    (&["server.tls.cert.file"], |values| unreadable(values, "server.tls.cert.file")),
    (&["server.tls.key.file"], |values| unreadable(values, "server.tls.key.file")),
    (&["server.tls.client.ca.file"], |values| unreadable(values, "server.tls.client.ca.file")),
    (SERVER_PAIR, |values| half_a_pair(values, "server.tls.cert.file", "server.tls.key.file")),
    (INSTANCE_PAIR, |values| half_a_pair(values, "instance.tls.cert.file", "instance.tls.key.file")),
    (&["server.tls.client.ca.file", "server.tls.cert.file"], clients_without_tls),
];

/// Every fault that the values have together. A rule about a value that is wrong by itself is not asked: that fault is
/// told already, and what it was meant to be is unknown. Nor is one about a default that a file which could not be read,
/// `file_is_unread`, may have been meant to replace.
pub(super) fn faults(values: &Values<'_>, file_is_unread: bool) -> Vec<ConfigFault> {
    let is_known = |key: &&str| values.values.get(key).is_some_and(|(_, origin)| !(file_is_unread && *origin == Origin::Default));
    let asked = RULES.iter().filter(|(keys, _)| keys.iter().all(is_known));
    asked.filter_map(|(_, rule)| rule(values)).collect()
}

/// What is odd but possible.
pub(super) fn warnings(values: &Values<'_>) -> Vec<String> {
    let rules = [late_sources, idle_consul_host, rotation_without_file];
    rules.into_iter().filter_map(|rule| rule(values)).collect()
}

fn open_to_the_network(values: &Values<'_>) -> Option<ConfigFault> {
    let bind = values.bind();
    let is_guarded = values.path("security.tokens.file").is_some() || values.optional_text("security.anonymous.role") == Some("admin");
    (!is_loopback(bind) && !is_guarded).then(|| {
        contradiction(
            "service.bind",
            format!("service.bind is {bind}, which others can reach, and nothing says who may use the manager"),
            "set security.tokens.file to a file of tokens ('token hash' makes a line of it), or let everybody in with \
             -Dsecurity.anonymous.role=admin, or stay with -Dservice.bind=127.0.0.1"
                .to_owned(),
        )
    })
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

fn closed_to_everybody(values: &Values<'_>) -> Option<ConfigFault> {
    let nobody = values.anonymous_role() == AnonymousRole::None && values.path("security.tokens.file").is_none();
    // Beyond loopback the rule above has already said what to set.
    (nobody && is_loopback(values.bind())).then(|| {
        contradiction(
            "security.anonymous.role",
            "security.anonymous.role is none and there are no tokens, so nobody could use the manager".to_owned(),
            "set security.tokens.file, or security.anonymous.role=admin".to_owned(),
        )
    })
}

fn any_page_with_tokens(values: &Values<'_>) -> Option<ConfigFault> {
    let any = values.items("cors.allowed.origins").iter().any(|origin| origin == "*");
    (any && values.path("security.tokens.file").is_some()).then(|| {
        contradiction(
            "cors.allowed.origins",
            "cors.allowed.origins has * while security.tokens.file is set".to_owned(),
            "list the origins of the pages that may call the manager".to_owned(),
        )
    })
}

fn wrong_consul_host(values: &Values<'_>) -> Option<ConfigFault> {
    let reason = consul_addresses(values).err()?;
    let remedy = "write a host, or host:port, or several with commas between".to_owned();
    Some(contradiction("consul.host", format!("consul.host cannot be read: {reason}"), remedy))
}

fn agent_registration(values: &Values<'_>) -> Option<ConfigFault> {
    (values.optional_text("consul.registration") == Some("agent")).then(|| {
        contradiction(
            "consul.registration",
            "consul.registration is agent: this version registers in Consul's catalog only".to_owned(),
            "leave it at catalog, which every manager can change".to_owned(),
        )
    })
}

fn two_tokens(values: &Values<'_>) -> Option<ConfigFault> {
    (values.optional_text("consul.token.value").is_some() && values.path("consul.token.file").is_some()).then(|| {
        contradiction(
            "consul.token.value",
            "consul.token.value and consul.token.file are both set".to_owned(),
            "set one of them".to_owned(),
        )
    })
}

fn too_many_instances(values: &Values<'_>) -> Option<ConfigFault> {
    let (listed, most) = (values.registrations().len(), values.optional_number("registry.instances.max")?);
    (listed as u64 > most).then(|| {
        contradiction(
            "instances",
            format!("{listed} instances are listed and registry.instances.max is {most}"),
            "list fewer or raise registry.instances.max".to_owned(),
        )
    })
}

fn unreadable(values: &Values<'_>, key: &str) -> Option<ConfigFault> {
    let path = values.path(key)?;
    let origin = values.values.get(key).map_or(Origin::Default, |(_, origin)| origin.clone());
    let problem = match std::fs::File::open(&path).and_then(|file| file.metadata()) {
        Ok(metadata) if !metadata.is_dir() => return None,
        Ok(_) => "is a folder".to_owned(),
        Err(error) => format!("cannot be opened ({error})"),
    };
    let problem = format!("{key} is {}, which {problem},", path.display());
    Some(unusable(Some(key), Some(origin), problem, "name a readable file"))
}

fn half_a_pair(values: &Values<'_>, cert: &'static str, key: &'static str) -> Option<ConfigFault> {
    let (set, missing) = match (values.path(cert), values.path(key)) {
        (Some(_), None) => (cert, key),
        (None, Some(_)) => (key, cert),
        _ => return None,
    };
    Some(contradiction(
        set,
        format!("{set} is set and {missing} is not"),
        format!("set {missing} too: a certificate and its key go together"),
    ))
}

fn clients_without_tls(values: &Values<'_>) -> Option<ConfigFault> {
    let is_idle = values.path("server.tls.client.ca.file").is_some() && values.path("server.tls.cert.file").is_none();
    is_idle.then(|| {
        contradiction(
            "server.tls.client.ca.file",
            "server.tls.client.ca.file is set and the server speaks plain HTTP, over which nobody shows a certificate".to_owned(),
            "set server.tls.cert.file and server.tls.key.file too".to_owned(),
        )
    })
}

fn late_sources(values: &Values<'_>) -> Option<String> {
    let longest = longest_source_timeout(values);
    let is_set = values.values.get("federation.source.timeout").is_some_and(|(_, origin)| *origin != Origin::Default);
    (is_set && values.span("federation.source.timeout") > longest)
        .then(|| format!("federation.source.timeout is cut to {} ms, 0.8 times request.timeout", longest.as_millis()))
}

fn idle_consul_host(values: &Values<'_>) -> Option<String> {
    let is_embedded = values.optional_text("registry.backend") == Some("embedded");
    (is_embedded && values.optional_text("consul.host").is_some())
        .then(|| "consul.host has no effect because registry.backend is embedded".to_owned())
}

fn rotation_without_file(values: &Values<'_>) -> Option<String> {
    let is_set = |key: &&str| values.values.get(key).is_some_and(|(_, origin)| *origin != Origin::Default);
    let idle = ["logging.file.max-size", "logging.file.max-history"].into_iter().find(is_set)?;
    values.path("logging.file.name").is_none().then(|| format!("{idle} has no effect without logging.file.name"))
}
