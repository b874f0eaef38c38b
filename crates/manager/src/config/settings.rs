//! Every setting of the manager, once. Help, documents, checks, environment names and suggestions come from here.
//!
//! Owns the rows. Does not own reading them (`sources.rs`) nor what they become (`typed.rs`).
// a table of data

use super::setting::{
    Default::{Is, Unset},
    ItemRule, Kind, Setting, Unit,
};

const fn millis(min: u64, max: u64) -> Kind {
    Kind::Number { unit: Unit::Milliseconds, min, max }
}

const fn count(min: u64, max: u64) -> Kind {
    Kind::Number { unit: Unit::Count, min, max }
}

const fn port(min: u64) -> Kind {
    Kind::Number { unit: Unit::Port, min, max: 65_535 }
}

const fn bytes(min: u64, max: u64) -> Kind {
    Kind::Bytes { min, max }
}

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;

/// Words for `logging.level.*`.
pub(super) const LEVELS: &[&str] = &["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "OFF"];

/// Words for `load.balancing.strategy`.
pub(super) const STRATEGIES: &[&str] =
    &["round_robin", "random", "first_available", "least_connections", "weighted_round_robin", "peak_ewma"];

/// Every setting, in the order in which documents show them.
pub(super) static SETTINGS: &[Setting] = &[
    // The service itself.
    Setting::new(
        "service.port",
        port(0),
        Is("9090"),
        "Port of the API and the pages; a bare number on the command line means the same.",
        "0 takes any free port, which is printed at start; a port in use refuses to start",
    )
    .also(&["port"])
    .variables(&["SERVICE_MANAGER_PORT"]),
    Setting::new(
        "service.bind",
        Kind::Address,
        Is("127.0.0.1"),
        "Address to listen on. Beyond loopback it needs security.tokens.file or security.anonymous.role=admin.",
        "refuses to start beyond loopback without one of the two",
    ),
    Setting::new("service.name", Kind::Text, Is("peegeeq-service-manager"), "Name under which this manager shows itself.", ""),
    Setting::new(
        "service.names",
        Kind::Items(ItemRule::HostName),
        Is(""),
        "Further host names under which this manager is reached; IP literals, localhost and the machine's own name always pass.",
        "a request without a token for any other Host is refused",
    ),
    Setting::new("environment", Kind::Text, Is("development"), "Environment of this manager. Instances that name none get 'default'.", ""),
    Setting::new("region", Kind::Text, Is("default"), "Region of this manager.", ""),
    Setting::new(
        "data.dir",
        Kind::Path,
        Is("peegeeq-service-manager-data"),
        "Folder of the embedded registry and its journal; made when it is missing. Relative to the working directory.",
        "a second manager on the same folder refuses to start",
    ),
    // Who may do what.
    Setting::new(
        "security.tokens.file",
        Kind::Path,
        Unset("none: no tokens"),
        "File with one hashed bearer token a line: hash, name, read or admin. 'token hash' makes such a line.",
        "",
    ),
    Setting::new(
        "security.anonymous.role",
        Kind::Choice(&["none", "admin"]),
        Unset("admin on loopback without a tokens file, otherwise none"),
        "What a request without a token may do.",
        "",
    ),
    Setting::new(
        "security.instance.networks",
        Kind::Items(ItemRule::Network),
        Is(""),
        "Networks that may be registered and probed although they are link-local or hold cloud metadata.",
        "an instance in such a network is refused unless it is listed",
    ),
    Setting::new(
        "cors.allowed.origins",
        Kind::Items(ItemRule::Origin),
        Is("http://localhost:*,http://127.0.0.1:*"),
        "Web pages that may call this manager, beside its own. '*' means every page and is refused together with a tokens file.",
        "a change asked for by any other page is answered 403",
    ),
    // Registry.
    Setting::new(
        "registry.backend",
        Kind::Choice(&["auto", "embedded", "consul"]),
        Is("auto"),
        "Where registrations are kept. auto: in Consul if consul.host is set or an agent answers on this machine at the first start, which is remembered in data.dir; otherwise embedded.",
        "",
    ),
    Setting::new(
        "registry.queue.max",
        count(1, 1_000_000),
        Is("4096"),
        "Registrations and other changes waiting to be stored.",
        "a further change is refused at once",
    ),
    Setting::new(
        "registry.instances.max",
        count(1, 1_000_000),
        Is("20000"),
        "Most instances the registry holds.",
        "a further new instance is refused; known ones can still be changed",
    ),
    // Consul.
    Setting::new(
        "consul.host",
        Kind::Text,
        Unset("localhost"),
        "Host of the Consul agent, or several with commas, each with its port if it is another, asked in turn. Setting it asks for Consul unless registry.backend=embedded.",
        "an agent that does not answer is left for the next one; meanwhile the last known picture is served",
    ),
    Setting::new("consul.port", port(1), Is("8500"), "Port of the Consul agent.", ""),
    Setting::new("consul.scheme", Kind::Choice(&["http", "https"]), Is("http"), "How the Consul agent is spoken to.", ""),
    Setting::new(
        "consul.tls.ca.file",
        Kind::Path,
        Unset("none: those of the operating system"),
        "PEM file with further certificate authorities that are trusted for the Consul agent.",
        "",
    ),
    Setting::new("consul.token.value", Kind::Text, Unset("none"), "Token for Consul. It is never shown.", "")
        .variables(&["CONSUL_HTTP_TOKEN"]),
    Setting::new(
        "consul.token.file",
        Kind::Path,
        Unset("none"),
        "File with the token for Consul, instead of consul.token; read again when it changes.",
        "",
    )
    .variables(&["CONSUL_HTTP_TOKEN_FILE"]),
    Setting::new("consul.datacenter", Kind::Text, Unset("the agent's own"), "Consul datacenter in which registrations are kept.", ""),
    Setting::new(
        "consul.registration",
        Kind::Choice(&["catalog", "agent"]),
        Is("catalog"),
        "How instances are registered in Consul. catalog: on a node of the managers, so that each of them can change it. In this version nothing else; asking for agent is refused.",
        "",
    ),
    Setting::new(
        "consul.service.name",
        Kind::Text,
        Is("peegeeq-instance"),
        "Name of the service under which PeeGeeQ instances stand in Consul.",
        "",
    ),
    Setting::new(
        "consul.node",
        Kind::Text,
        Is("peegeeq-instances"),
        "Name of the managers' own node in Consul's catalog; the same at all managers.",
        "",
    ),
    Setting::new(
        "consul.consistency",
        Kind::Choice(&["default", "stale", "consistent"]),
        Is("default"),
        "How up to date Consul's answers must be: what its leader believes, what any server has, or what the leader made sure of.",
        "",
    ),
    Setting::new(
        "consul.timeout",
        millis(100, 60_000),
        Is("3000"),
        "Time for one answer of Consul, beside the time that it was asked to wait.",
        "a write that is not answered is told as not known; a read leaves the last picture in force",
    ),
    Setting::new(
        "consul.wait",
        millis(1_000, 600_000),
        Is("55000"),
        "Longest time that Consul is asked to wait for something to tell. Proxies between must allow more.",
        "",
    ),
    Setting::new("consul.concurrency", count(1, 256), Is("16"), "Most writes to Consul at once.", "further ones wait"),
    Setting::new(
        "consul.response.max.bytes",
        bytes(64 * KIB, GIB),
        Is("64MB"),
        "Largest answer of Consul that is read.",
        "a larger one counts as none: the last picture stays in force",
    ),
    Setting::new(
        "cache.refresh.interval",
        millis(1_000, HOUR),
        Is("30000"),
        "Time between two full reads of Consul's catalog, beside the news that it tells at once.",
        "",
    ),
    Setting::new(
        "journal.max.age",
        Kind::Number { unit: Unit::Days, min: 1, max: 3_650 },
        Is("30"),
        "Days that the journal of changes is kept.",
        "older entries are removed, which a resuming reader sees",
    ),
    Setting::new(
        "journal.max.entries",
        count(1_000, 100_000_000),
        Is("1000000"),
        "Most entries of the journal of changes.",
        "the oldest entries are removed, which a resuming reader sees",
    ),
    // Incidents.
    Setting::new(
        "incidents.stable.after",
        millis(1_000, 24 * HOUR),
        Is("300000"),
        "An incident closes when nothing in it was bad for so long; what goes bad again before keeps it open.",
        "",
    ),
    Setting::new(
        "incidents.together",
        millis(1_000, HOUR),
        Is("120000"),
        "What fails on a host, or in most of a region or an environment, within this time is one incident.",
        "",
    ),
    Setting::new(
        "incidents.before",
        millis(0, 24 * HOUR),
        Is("600000"),
        "Registrations, orders, weight changes and starts of the manager so long before an incident are named in it.",
        "at most 50 are named, the nearest and newest",
    ),
    Setting::new(
        "incidents.kept.max",
        count(1, 10_000),
        Is("200"),
        "Most closed incidents that are kept in memory; the journal keeps what they are made of.",
        "the oldest are not shown any more",
    ),
    // The webhook.
    Setting::new(
        "webhook.url",
        Kind::Text,
        Unset("none: nothing is sent"),
        "Where transitions, registrations and orders are sent as they happen, signed. Put no secret into it: it is shown.",
        "an address that may not be dialled is refused like that of an instance; see security.instance.networks",
    ),
    Setting::new(
        "webhook.secret.file",
        Kind::Path,
        Unset("none"),
        "File with the secret that signs what is sent, 16 bytes or more; read again for every delivery.",
        "webhook.url without it refuses to start",
    ),
    Setting::new(
        "webhook.timeout",
        millis(100, 5 * MINUTE),
        Is("10000"),
        "Time for one delivery.",
        "it is sent again after 1 s, 2 s, and so on up to 1 minute, until it is taken",
    ),
    Setting::new(
        "webhook.queue.max",
        count(100, 10_000_000),
        Is("100000"),
        "Most entries of the journal by which the receiver may be behind.",
        "older ones are skipped, and the next delivery tells the gap",
    ),
    // Live updates.
    Setting::new(
        "updates.subscribers.max",
        count(0, 100_000),
        Is("1000"),
        "Most subscribers of live updates (/api/v1/updates and /ws/updates) at a time.",
        "one more is answered 503",
    ),
    Setting::new(
        "updates.buffer.max.bytes",
        bytes(64 * 1024, 1024 * 1024 * 1024),
        Is("8MB"),
        "Memory for what was told lately, for subscribers that are slow or come back.",
        "who needs more is told so and given everything anew",
    ),
    Setting::new(
        "instances",
        Kind::Registrations,
        Unset("none"),
        "Instances to register at every start, each an object as in POST /api/v1/instances/register.",
        "more than registry.instances.max refuses to start",
    ),
    // Health.
    Setting::new("health.check.interval", millis(50, DAY), Is("10000"), "Time between two probes of an instance that answers.", ""),
    Setting::new(
        "health.check.timeout",
        millis(10, 10 * MINUTE),
        Is("5000"),
        "How long one probe may take in all.",
        "a longer probe counts as failed",
    ),
    Setting::new("health.max.failures", count(1, 100), Is("3"), "Failed probes in a row before an instance is unhealthy.", ""),
    Setting::new(
        "health.retry.interval",
        millis(50, DAY),
        Is("30000"),
        "Time between two probes of an instance that has been unhealthy for a while; before that 1, 2, 4, 8 and 16 s.",
        "",
    ),
    Setting::new("health.recheck.interval", millis(10, HOUR), Is("500"), "Time until the next probe after a first failure.", ""),
    Setting::new(
        "health.recovery.successes",
        count(1, 100),
        Is("1"),
        "Successful probes in a row that make an unhealthy instance healthy again.",
        "",
    ),
    Setting::new(
        "health.check.jitter",
        Kind::Number { unit: Unit::Percent, min: 0, max: 40 },
        Is("10"),
        "By how much the time between two probes varies, so that probes never come in waves.",
        "0 probes at exact intervals",
    ),
    Setting::new(
        "health.check.concurrency",
        count(1, 4_096),
        Is("512"),
        "Most probes under way at once.",
        "further probes wait their turn",
    ),
    Setting::new(
        "health.tripwire.enabled",
        Kind::Switch,
        Is("true"),
        "Hold one idle connection to each instance; when it closes, a probe follows at once.",
        "off for one instance after three false alarms",
    ),
    Setting::new(
        "health.setups.interval",
        millis(100, DAY),
        Is("10000"),
        "Time between two looks at the setups of an instance; stretched for instances with more than ten setups.",
        "",
    ),
    Setting::new(
        "health.response.max.bytes",
        bytes(KIB, 16 * MIB),
        Is("64KB"),
        "Largest answer a probe reads.",
        "a larger answer is cut off and the probe judges by the status alone",
    ),
    // Federation.
    Setting::new(
        "request.timeout",
        millis(100, 10 * MINUTE),
        Is("10000"),
        "How long the manager takes at most for a whole answer: one that asks instances, or a change that waits for the disk.",
        "what is missing by then is named in the answer, or the answer is 504; a change that still waits is answered 503 with outcome unknown",
    ),
    Setting::new(
        "federation.max.age",
        millis(0, HOUR),
        Unset("20 times what the last fetch took, at least 2 s and at most 10 s"),
        "How old a federated answer may be.",
        "0 asks the instances each time",
    ),
    Setting::new(
        "federation.source.timeout",
        millis(50, 10 * MINUTE),
        Is("3000"),
        "How long one instance may take in a federated answer; never more than 0.8 times request.timeout.",
        "the instance is named in failedInstances and the answer is incomplete",
    ),
    Setting::new(
        "federation.concurrency",
        count(1, 1_024),
        Is("32"),
        "Instances asked at the same time for one federated answer.",
        "further instances are asked as others finish",
    ),
    Setting::new(
        "federation.response.max.bytes",
        bytes(KIB, GIB),
        Is("16MB"),
        "Largest answer read from one instance.",
        "a larger answer counts as a failure of that instance",
    ),
    Setting::new(
        "federation.empty.status",
        Kind::Choice(&["auto", "200", "503"]),
        Is("auto"),
        "Status of a federated answer when no instance is healthy; auto is 503 under /federation and 200 under /federated.",
        "",
    ),
    Setting::new(
        "streams.clients.max",
        count(1, 100_000),
        Is("1000"),
        "Clients at once of the streams that all instances feed: /ws/monitoring, /sse/metrics and /api/v1/sse/queues.",
        "further clients get 503",
    ),
    Setting::new(
        "streams.frames.max",
        count(1, 4_096),
        Is("64"),
        "Frames of such a stream that are kept for clients that are behind.",
        "a client that is further behind is told how many frames it missed",
    ),
    Setting::new(
        "http.client.max.pool.size",
        count(1, 10_000),
        Is("512"),
        "Most connections to instances open at once for federation.",
        "further requests wait for a connection within their deadline; with fewer than instances, connections are opened anew for every answer",
    ),
    Setting::new(
        "connection.timeout",
        millis(10, 5 * MINUTE),
        Is("5000"),
        "How long opening a connection to an instance may take, with name lookup and TLS.",
        "the attempt fails and says in which phase",
    ),
    Setting::new(
        "instance.tls.ca.file",
        Kind::Path,
        Unset("the system's certificate authorities only"),
        "PEM file with further certificate authorities for https instances.",
        "",
    ),
    Setting::new(
        "instance.tls.cert.file",
        Kind::Path,
        Unset("none: the manager shows no certificate to instances"),
        "PEM file with the certificate, then its chain, that the manager shows to https instances that ask for one.",
        "",
    ),
    Setting::new(
        "instance.tls.key.file",
        Kind::Path,
        Unset("none"),
        "PEM file with the key of instance.tls.cert.file: PKCS#8, PKCS#1 or SEC1, without a password.",
        "",
    ),
    // Routing.
    Setting::new(
        "load.balancing.strategy",
        Kind::Choice(STRATEGIES),
        Is("round_robin"),
        "Who of several instances that can serve a request gets it. load.balancing.strategy.<environment> says it for one environment.",
        "",
    ),
    Setting::new(
        "routing.strategy.reads",
        Kind::Choice(STRATEGIES),
        Unset("as load.balancing.strategy says"),
        "The strategy for requests that only look, in every environment.",
        "",
    ),
    Setting::new(
        "routing.strategy.writes",
        Kind::Choice(STRATEGIES),
        Unset("as load.balancing.strategy says"),
        "The strategy for requests that may change something, in every environment.",
        "",
    ),
    Setting::new(
        "routing.strategy.streams",
        Kind::Choice(STRATEGIES),
        Unset("as for other requests of the same kind"),
        "The strategy for event streams and WebSockets, in every environment.",
        "",
    ),
    Setting::new(
        "routing.affinity",
        Kind::Choice(&["none", "setup"]),
        Is("none"),
        "With 'setup' requests for one setup go to one instance as long as it is not much busier than others; overrides the strategy.",
        "an instance with more than 1.25 times its share is passed over",
    ),
    Setting::new(
        "routing.zone",
        Kind::Text,
        Unset("none: all of a region are equally near"),
        "Zone of this manager. Instances whose metadata value 'zone' is the same are preferred to others of the region.",
        "",
    ),
    Setting::new(
        "routing.failback.after",
        millis(0, DAY),
        Is("30000"),
        "How long an instance that came back must stay well before its zone or region takes its requests back from farther away.",
        "",
    ),
    Setting::new(
        "routing.regions.share.names",
        Kind::Switch,
        Is("false"),
        "A database host of the same name is the same database in all regions of an environment, so that any of them may serve its setups.",
        "",
    ),
    Setting::new(
        "routing.slow.start",
        millis(0, HOUR),
        Is("30000"),
        "How long the share of an instance that became healthy grows from a tenth to all; of no effect for strategies without weights.",
        "0 gives it all at once",
    ),
    Setting::new(
        "routing.panic.reads",
        Kind::Choice(&["best_evidence", "fail"]),
        Is("best_evidence"),
        "What becomes of a request that only looks when no instance is well: sent to the one that was healthy last, or failed.",
        "",
    ),
    Setting::new(
        "routing.panic.writes",
        Kind::Choice(&["best_evidence", "fail"]),
        Is("fail"),
        "The same for a request that may change something.",
        "",
    ),
    Setting::new(
        "routing.hedge.delay",
        millis(0, HOUR),
        Is("0"),
        "A read that takes longer than this is asked of a second instance too, and whoever answers first is passed on; never writes or streams. \
         Comes out of the budget of retries. 0: only routing.hedge.percentile counts.",
        "a read that the budget does not allow to be asked twice waits for the first",
    ),
    Setting::new(
        "routing.hedge.percentile",
        Kind::Number { unit: Unit::Percent, min: 0, max: 99 },
        Is("0"),
        "The same for a read that takes longer than this many of a hundred of the last 256 reads of its worker; routing.hedge.delay is then the \
         least. 0 and no delay: no read is asked twice.",
        "until 32 reads were answered none is asked twice",
    ),
    Setting::new(
        "routing.retry.budget.percent",
        Kind::Number { unit: Unit::Percent, min: 0, max: 100 },
        Is("20"),
        "Further attempts for a hundred requests of the last ten seconds.",
        "a request that fails then is not sent again",
    ),
    Setting::new(
        "routing.retry.budget.reserve",
        count(0, 10_000),
        Is("10"),
        "Further attempts a second that are allowed however few requests there are; no addition to the percentage.",
        "",
    ),
    Setting::new(
        "load.balancing.max.retries",
        count(0, 15),
        Is("3"),
        "Further attempts after a first one failed, each at another instance; only of what may be sent twice.",
        "then the failure is told with every attempt",
    ),
    Setting::new(
        "routing.ejection.failures",
        count(0, 1_000),
        Is("5"),
        "Failed requests in a row after which an instance is left alone for a while, as long as others remain; 0 turns this off.",
        "",
    ),
    Setting::new(
        "routing.ejection.duration",
        millis(100, HOUR),
        Is("30000"),
        "How long an instance is left alone at first; each further time longer by this, up to ten times.",
        "then one request finds out whether it is well",
    ),
    Setting::new(
        "routing.ejection.max.percent",
        Kind::Number { unit: Unit::Percent, min: 0, max: 100 },
        Is("34"),
        "The most of those that can serve a request that may be left alone at once; one of two always may, the last never.",
        "a further failing instance goes on being sent requests; 0 leaves nobody alone",
    ),
    Setting::new(
        "routing.timeout",
        millis(10, HOUR),
        Is("30000"),
        "How long an instance may take to begin its answer, with all attempts; a client says otherwise with X-Request-Timeout-Ms.",
        "504; outcome unknown if the instance may have acted on the request",
    ),
    Setting::new(
        "routing.max.timeout",
        millis(10, DAY),
        Is("600000"),
        "The most that a client may ask for with X-Request-Timeout-Ms.",
        "what is more counts as this",
    ),
    Setting::new(
        "routing.stream.idle.timeout",
        millis(100, DAY),
        Is("120000"),
        "How long nothing may come on a routed body or WebSocket.",
        "the connection is broken off on both sides",
    ),
    Setting::new(
        "routing.stream.max.duration",
        millis(100, 30 * DAY),
        Is("86400000"),
        "How long a routed answer or WebSocket may last in all.",
        "the connection is broken off on both sides",
    ),
    Setting::new("routing.header.max.bytes", bytes(8 * KIB, MIB), Is("64KB"), "Largest head of an instance's answer.", "502"),
    Setting::new(
        "routing.instance.concurrency",
        count(1, 1_000_000),
        Is("4096"),
        "Most requests and streams under way to one instance.",
        "a further request waits in a queue",
    ),
    Setting::new(
        "routing.queue.max",
        count(0, 1_000_000),
        Is("1024"),
        "Requests waiting for a place at one instance.",
        "a further request goes to another instance, or is answered 503 with Retry-After",
    ),
    Setting::new(
        "routing.queue.timeout",
        millis(0, HOUR),
        Is("1000"),
        "How long a request may wait for a place at one instance.",
        "it goes to another instance, or is answered 503 with Retry-After",
    ),
    Setting::new(
        "routing.connections.idle.max",
        count(0, 10_000),
        Is("128"),
        "Most unused connections that each worker keeps to one instance.",
        "further connections are closed after use; 0 keeps none",
    ),
    Setting::new(
        "routing.trusted.proxies",
        Kind::Items(ItemRule::Network),
        Is(""),
        "Networks whose proxies are believed what they say of the client in Forwarded and X-Forwarded-*.",
        "what others say there is replaced",
    ),
    Setting::new(
        "routing.forward.credentials",
        Kind::Switch,
        Is("false"),
        "Send Authorization and Cookie of the client on to the instance; tokens of the manager itself never are.",
        "",
    ),
    // Serving.
    Setting::new("server.workers", count(1, 64), Unset("the number of cores, at most 64"), "Threads that serve requests.", ""),
    Setting::new(
        "server.connections.max",
        count(1, 1_000_000),
        Is("10000"),
        "Most client connections at once.",
        "a further connection is answered 503 and closed",
    ),
    Setting::new(
        "server.header.timeout",
        millis(100, 10 * MINUTE),
        Is("10000"),
        "How long a client may take to send a request's head.",
        "the connection is closed",
    ),
    Setting::new(
        "server.body.timeout",
        millis(100, HOUR),
        Is("30000"),
        "How long a client may take to send a request's body.",
        "408, and the connection is closed",
    ),
    Setting::new("server.body.max.bytes", bytes(KIB, GIB), Is("10MB"), "Largest request body.", "413"),
    Setting::new(
        "server.body.total.max.bytes",
        bytes(KIB, 64 * GIB),
        Is("256MB"),
        "Bytes of all request bodies that are being read at the same time.",
        "503 with Retry-After",
    ),
    Setting::new("server.header.max.bytes", bytes(8 * KIB, MIB), Is("64KB"), "Largest request head.", "431"),
    Setting::new(
        "server.idle.timeout",
        millis(100, DAY),
        Is("75000"),
        "How long a client connection may stay open without a request.",
        "the connection is closed",
    ),
    Setting::new(
        "server.tls.cert.file",
        Kind::Path,
        Unset("none: plain HTTP"),
        "PEM file with the server's certificate, then its chain. With it the port speaks HTTPS only.",
        "a file that cannot be used, or does not belong to the key, refuses to start",
    ),
    Setting::new(
        "server.tls.key.file",
        Kind::Path,
        Unset("none"),
        "PEM file with the key of server.tls.cert.file: PKCS#8, PKCS#1 or SEC1, without a password.",
        "a key that every user of the machine may read is warned about",
    ),
    Setting::new(
        "server.tls.client.ca.file",
        Kind::Path,
        Unset("none: clients need no certificate"),
        "PEM file with certificate authorities: only clients that show a certificate of one of them are served. Tokens are needed all the same.",
        "",
    ),
    Setting::new(
        "server.tls.min.version",
        Kind::Choice(&["1.2", "1.3"]),
        Is("1.2"),
        "The oldest version of TLS that clients may speak.",
        "",
    ),
    Setting::new(
        "server.tls.handshake.timeout",
        millis(100, MINUTE),
        Is("5000"),
        "How long a TLS handshake may take, waiting for its turn included.",
        "the connection is closed",
    ),
    Setting::new(
        "server.tls.handshakes.max",
        count(1, 100_000),
        Is("512"),
        "Most TLS handshakes that are worked on at the same time.",
        "further ones wait, within server.tls.handshake.timeout",
    ),
    Setting::new(
        "server.tls.reload.interval",
        millis(0, DAY),
        Is("10000"),
        "How often the files of the certificate are looked at. New ones are taken without losing a connection; SIGHUP looks at once.",
        "0 looks only at SIGHUP",
    ),
    Setting::new(
        "server.http2.enabled",
        Kind::Switch,
        Is("true"),
        "Whether HTTP/2 is offered over TLS. WebSockets and plain HTTP stay with HTTP/1.1.",
        "",
    ),
    Setting::new(
        "server.http2.streams.max",
        count(1, 10_000),
        Is("100"),
        "Most requests at the same time on one HTTP/2 connection.",
        "the client is told, and a request beyond is refused",
    ),
    Setting::new(
        "tls.expiry.warning",
        Kind::Number { unit: Unit::Days, min: 1, max: 365 },
        Is("30"),
        "Days before their end at which certificates, the server's and those of instances, are warned about; in the last quarter of their life if that is shorter.",
        "an expired certificate is shown all the same; one of an instance is not accepted",
    ),
    Setting::new(
        "shutdown.delay",
        millis(0, MINUTE),
        Is("500"),
        "How long the manager goes on answering, saying 'not ready', once it was told to stop; part of shutdown.grace, at most half of it.",
        "then no more connections are accepted",
    ),
    Setting::new(
        "shutdown.grace",
        millis(0, 10 * MINUTE),
        Is("10000"),
        "How long stopping may take in all: the delay, requests under way, and flushing the registry.",
        "what is still open then is cut off; 0 waits for nothing",
    ),
    // Observability.
    Setting::new("metrics.enabled", Kind::Switch, Is("true"), "Collect metrics and serve them at /metrics.", "off: /metrics is 404"),
    Setting::new("metrics.export.format", Kind::Choice(&["prometheus"]), Is("prometheus"), "Format of /metrics.", ""),
    Setting::new(
        "logging.level.root",
        Kind::Choice(LEVELS),
        Is("INFO"),
        "Least severe line that is logged. logging.level.<logger> says otherwise for one part, also under the names of Java loggers.",
        "",
    ),
    Setting::new(
        "logging.format",
        Kind::Choice(&["text", "json"]),
        Is("text"),
        "Lines for people, or one JSON object a line; on standard output and in the file alike. Colours appear on a terminal only.",
        "",
    ),
    Setting::new(
        "logging.file.name",
        Kind::Path,
        Unset("none: standard output only"),
        "File that receives every line too.",
        "a full disk loses lines, counted in peegeeq_log_lines_lost_total, and stops nothing",
    ),
    Setting::new(
        "logging.file.max-size",
        bytes(KIB, 100 * GIB),
        Is("100MB"),
        "Size at which the file is put aside and a new one begun.",
        "",
    ),
    Setting::new("logging.file.max-history", count(1, 10_000), Is("30"), "How many files put aside are kept.", "the oldest is deleted"),
    Setting::new(
        "logging.queue.max",
        count(16, 1_000_000),
        Is("8192"),
        "Log lines waiting to be written, for each of standard output and the file; at most 16 MB in all.",
        "further lines are lost and counted in peegeeq_log_lines_lost_total",
    ),
];
