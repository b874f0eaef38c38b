//! The paths of instances and of the manager, read segment by segment.

use alloc::borrow::Cow;

use super::text::{self, AskFault, decode, spells};
use super::{Ask, Class, ClusterAnswer, DirectoryChange, FanIn, HealthShape, Need, Owned, Owner, Place, Routed, Through};
use crate::routing::hash;

/// The most segments after the area that any known path has: the rest of a longer path changes nothing.
const SEGMENTS_MAX: usize = 8;

/// First words after `/api/v1/` that are the manager's, beside `instances`.
const OWN_AREAS: [&str; 7] = ["federation", "federated", "routing", "events", "updates", "managers", "incidents"];

type Read<'a> = Result<Ask<'a>, AskFault>;

/// The segments after the area, as written. Beyond the end they are empty.
struct Segments<'a> {
    texts: [&'a str; SEGMENTS_MAX],
    count: usize,
    /// Nothing is encoded, as in nearly all requests.
    is_plain: bool,
}

impl<'a> Segments<'a> {
    fn of(rest: &'a str) -> Self {
        let mut segments = Self { texts: [""; SEGMENTS_MAX], count: 0, is_plain: true };
        let mut from = 0;
        // One pass: this is done for every request.
        for (at, byte) in rest.bytes().chain([b'/']).enumerate() {
            segments.is_plain &= byte != b'%';
            if byte == b'/' {
                if let Some(slot) = segments.texts.get_mut(segments.count).filter(|_| at > from) {
                    *slot = &rest[from..at];
                    segments.count += 1;
                }
                from = at + 1;
            }
        }
        segments
    }

    fn is(&self, index: usize, word: &str) -> bool {
        if self.is_plain { self.texts[index] == word } else { spells(self.texts[index], word) }
    }

    fn id(&self, index: usize) -> Result<Cow<'a, str>, AskFault> {
        if self.is_plain { Ok(Cow::Borrowed(self.texts[index])) } else { decode(self.texts[index]) }
    }

    fn last_is(&self, word: &str) -> bool {
        self.count > 0 && self.is(self.count - 1, word)
    }
}

/// Whose a path is, and what a request to it needs. `path` begins with a slash and is as the client wrote it.
///
/// Only paths that are routed are held against the rules for encodings: ids of instances may hold anything.
pub fn place<'a>(method: &str, path: &'a str, query: Option<&'a str>) -> Result<Place<'a>, AskFault> {
    if let Some(rest) = path.strip_prefix("/api/v1/") {
        let (area, rest) = rest.split_once('/').unwrap_or((rest, ""));
        let area = decode(area)?;
        return match &*area {
            "instances" => through(method, rest, query),
            own if OWN_AREAS.contains(&own) => Ok(Place::Own),
            area => text::check(path).and_then(|()| under_api(method, area, rest, query)),
        };
    }
    if let Some(rest) = path.strip_prefix("/sse/") {
        text::check(path)?;
        return sse(method, rest);
    }
    match path.strip_prefix("/ws/") {
        Some(rest) if spells(rest, "updates") => Ok(Place::Own),
        Some(rest) => text::check(path).and_then(|()| web_socket(method, rest)),
        None => Ok(Place::Own),
    }
}

fn under_api<'a>(method: &str, area: &str, rest: &'a str, query: Option<&'a str>) -> Result<Place<'a>, AskFault> {
    match area {
        "health" if rest.is_empty() => Ok(Place::Health(HealthShape::Json)),
        "sse" => sse(method, rest),
        area => routed(api(method, area, rest, query)?),
    }
}

fn routed(ask: Ask<'_>) -> Result<Place<'_>, AskFault> {
    Ok(Place::Routed(Routed { ask, through: None }))
}

/// `{id}/proxy/…` after `/api/v1/instances/`; anything else there is the manager's.
fn through<'a>(method: &str, rest: &'a str, query: Option<&'a str>) -> Result<Place<'a>, AskFault> {
    let Some((id, rest)) = rest.split_once('/') else { return Ok(Place::Own) };
    let inner = rest.strip_prefix("proxy").filter(|inner| inner.is_empty() || inner.starts_with('/'));
    let Some(inner) = inner else { return Ok(Place::Own) };
    let inner = if inner.is_empty() { "/" } else { inner };
    text::check(inner)?;
    let ask = match place(method, inner, query)? {
        Place::Routed(Routed { ask, through: None }) => ask,
        // A chosen instance answers for itself what the manager answers for all.
        Place::Own | Place::Health(_) | Place::Routed(_) => {
            let mut class = Class::of(method);
            class.stream = inner.starts_with("/ws/") || inner.contains("/sse/");
            class.asks_health = inner.ends_with("/health");
            Ask { need: Need::AnyInstance, class }
        }
    };
    Ok(Place::Routed(Routed { ask, through: Some(Through { instance: decode(id)?, inner }) }))
}

fn sse<'a>(method: &str, rest: &'a str) -> Result<Place<'a>, AskFault> {
    let segments = Segments::of(rest);
    let class = Class { stream: true, ..Class::of(method) };
    let need = match segments.count {
        1 if segments.is(0, "health") => return Ok(Place::Health(HealthShape::Sse)),
        1 if segments.is(0, "metrics") => Need::FanIn(FanIn::Metrics),
        2 if segments.is(0, "queues") => Need::FanIn(FanIn::QueueChanges { setup: segments.id(1)? }),
        _ => Need::AnyInstance,
    };
    routed(Ask { need, class })
}

fn web_socket<'a>(method: &str, rest: &'a str) -> Result<Place<'a>, AskFault> {
    let segments = Segments::of(rest);
    let class = Class { stream: true, ..Class::of(method) };
    let need = match segments.count {
        1 if segments.is(0, "health") => return Ok(Place::Health(HealthShape::WebSocket)),
        1 if segments.is(0, "monitoring") => Need::FanIn(FanIn::Monitoring),
        0 | 1 => Need::AnyInstance,
        _ if segments.is(0, "queues") => in_setup(&segments, 1, Some(2))?,
        _ => Need::AnyInstance,
    };
    routed(Ask { need, class })
}

fn api<'a>(method: &str, area: &str, rest: &'a str, query: Option<&'a str>) -> Read<'a> {
    let segments = Segments::of(rest);
    let mut class = Class::of(method);
    let need = match area {
        "management" => management(method, &segments, query)?,
        "setups" => setups(method, &segments, &mut class)?,
        "database-setup" => database_setup(method, &segments, &mut class)?,
        "queues" if segments.count > 0 => queues(method, &segments, &mut class)?,
        "consumer-groups" if segments.count > 0 => owner_of_group(&segments, Some(2))?,
        "eventstores" if segments.count > 0 => {
            class.stream = segments.last_is("stream");
            in_setup(&segments, 0, None)?
        }
        "webhook-subscriptions" if segments.count > 0 => {
            let key = segments.id(0)?;
            let affinity = hash::text(&key);
            Need::Owner(Owner { kind: Owned::WebhookSubscription, setup: None, key, affinity })
        }
        _ => Need::AnyInstance,
    };
    Ok(Ask { need, class })
}

fn in_setup<'a>(segments: &Segments<'a>, setup: usize, queue: Option<usize>) -> Result<Need<'a>, AskFault> {
    let queue = queue.filter(|index| *index < segments.count).map(|index| segments.id(index)).transpose()?;
    Ok(Need::Setup { id: segments.id(setup)?, queue })
}

fn management<'a>(method: &str, segments: &Segments<'a>, query: Option<&'a str>) -> Result<Need<'a>, AskFault> {
    let word = segments.id(0)?;
    let reads = matches!(method, "GET" | "HEAD");
    Ok(match (&*word, segments.count) {
        ("overview", 1) if reads => Need::Cluster(ClusterAnswer::Overview),
        ("queues", 1) if reads => Need::Cluster(ClusterAnswer::Queues),
        ("consumer-groups", 1) if reads => Need::Cluster(ClusterAnswer::ConsumerGroups),
        ("event-stores", 1) if reads => Need::Cluster(ClusterAnswer::EventStores),
        ("metrics", 1) if reads => Need::Cluster(ClusterAnswer::Metrics),
        ("queues" | "consumer-groups" | "event-stores", 1) if method == "POST" => Need::SetupInBody,
        ("messages", 1) => setup_in_query(query)?,
        ("queues" | "consumer-groups", 2..) => in_setup(segments, 1, Some(2))?,
        ("event-stores", 2) if method == "DELETE" => Need::StoreInId(segments.id(1)?),
        ("event-stores", 3..) => in_setup(segments, 1, None)?,
        _ => Need::AnyInstance,
    })
}

/// Without a setup every instance gives the same empty answer.
fn setup_in_query(query: Option<&str>) -> Result<Need<'_>, AskFault> {
    let value = |name| text::parameter(query, name).filter(|value| !value.is_empty()).map(text::decode_value).transpose();
    let Some(id) = value("setup")? else { return Ok(Need::AnyInstance) };
    Ok(Need::Setup { id, queue: value("queue")? })
}

fn setups<'a>(method: &str, segments: &Segments<'a>, class: &mut Class<'a>) -> Result<Need<'a>, AskFault> {
    match (segments.count, method) {
        (0, "GET" | "HEAD") => return Ok(Need::Cluster(ClusterAnswer::Setups)),
        (0, "POST") => {
            class.directory = Some(DirectoryChange::Adds);
            return Ok(Need::NewSetup);
        }
        (0, _) => return Ok(Need::AnyInstance),
        _ => {}
    }
    let drops = segments.count == 3 && segments.is(1, "database") && segments.is(2, "drop");
    let removes = match method {
        "DELETE" => segments.count == 1,
        "POST" => (segments.count == 2 && segments.is(1, "detach")) || drops,
        _ => false,
    };
    if removes {
        class.directory = Some(DirectoryChange::Removes(segments.id(0)?));
    }
    class.asks_health = segments.is(1, "health");
    class.about_setup = removes || class.asks_health || segments.count == 1 || (segments.count == 2 && segments.is(1, "status"));
    let queue = if segments.is(1, "queues") || segments.is(1, "subscriptions") { Some(2) } else { None };
    in_setup(segments, 0, queue)
}

fn database_setup<'a>(method: &str, segments: &Segments<'a>, class: &mut Class<'a>) -> Result<Need<'a>, AskFault> {
    match (segments.count, method) {
        (0, _) => return Ok(Need::AnyInstance),
        (1, "POST") if segments.is(0, "create") || segments.is(0, "connect") => {
            class.directory = Some(DirectoryChange::Adds);
            return Ok(Need::NewSetup);
        }
        (1, "DELETE") => class.directory = Some(DirectoryChange::Removes(segments.id(0)?)),
        _ => {}
    }
    class.about_setup = segments.count == 1 || segments.is(1, "status");
    in_setup(segments, 0, None)
}

fn queues<'a>(method: &str, segments: &Segments<'a>, class: &mut Class<'a>) -> Result<Need<'a>, AskFault> {
    if segments.is(2, "consumer-groups") {
        return owner_of_group(segments, Some(3));
    }
    class.heeds_key = method == "POST" && segments.count == 3 && segments.is(2, "messages");
    class.stream = segments.count == 4 && segments.last_is("stream");
    in_setup(segments, 0, Some(1))
}

/// Groups of one queue should lie together, so that their list is whole.
fn owner_of_group<'a>(segments: &Segments<'a>, group: Option<usize>) -> Result<Need<'a>, AskFault> {
    let (setup, queue) = (segments.id(0)?, segments.id(1)?);
    let group = group.filter(|index| *index < segments.count).map(|index| segments.id(index)).transpose()?;
    let affinity = hash::join(hash::text(&setup), hash::text(&queue));
    let key = match group {
        Some(group) => alloc::format!("{setup}/{queue}/{group}"),
        None => alloc::format!("{setup}/{queue}"),
    };
    Ok(Need::Owner(Owner { kind: Owned::ConsumerGroup, setup: Some(setup), key: Cow::Owned(key), affinity }))
}
