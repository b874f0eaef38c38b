//! Logger names: what the guide calls a logger and what this program calls a target are the same thing in two spellings.
//!
//! Owns the mapping in both directions. Does not own levels.

/// The package of the Java program, under which our lines are shown in JSON.
const PACKAGE: &str = "dev.mars.peegeeq.servicemanager";

/// Our crate, as targets spell it.
const CRATE: &str = "peegeeq_service_manager";

/// Packages of the Java program whose work lies elsewhere here.
const MOVED: &[(&str, &str)] = &[("registration", "registry"), ("discovery", "registry"), ("handlers", "api")];

/// Libraries whose lines may be asked for by their own name.
const LIBRARIES: &[&str] =
    &["peegeeq_domain", "peegeeq_testkit", "hyper", "hyper_util", "axum", "tower", "tower_http", "rustls", "tokio", "redb", "mio"];

/// The target whose lines a logger's level governs; `None` when this program has no such logger.
///
/// `dev.mars.peegeeq.servicemanager.health.HealthMonitor` is `peegeeq_service_manager::health`: the last segment is a Java class.
pub(crate) fn target_of(logger: &str) -> Option<String> {
    let dotted = logger.replace("::", ".");
    if inner(PACKAGE, &dotted).is_some() {
        // The package itself, or one around it: `dev.mars` governs all our lines.
        return Some(CRATE.to_owned());
    }
    if let Some(rest) = inner(&dotted, PACKAGE).or_else(|| inner(&dotted, CRATE)) {
        return Some(join(rest));
    }
    let library = dotted.split('.').next().filter(|first| LIBRARIES.contains(first));
    library.map(|_| dotted.replace('.', "::"))
}

/// The name under which a target's lines are shown.
pub(crate) fn logger_of(target: &str) -> String {
    let dotted = target.replace("::", ".");
    match inner(&dotted, CRATE) {
        Some("") => PACKAGE.to_owned(),
        Some(rest) => format!("{PACKAGE}.{rest}"),
        None => dotted,
    }
}

/// What of `name` lies inside `package`: nothing for the package itself, `None` outside.
fn inner<'a>(name: &'a str, package: &str) -> Option<&'a str> {
    let rest = name.strip_prefix(package)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_prefix('.') }
}

fn join(rest: &str) -> String {
    let mut target = CRATE.to_owned();
    let is_module = |segment: &&str| segment.starts_with(|first: char| first.is_lowercase());
    for (depth, segment) in rest.split('.').filter(is_module).enumerate() {
        let moved = MOVED.iter().find(|(package, _)| depth == 0 && *package == segment);
        target.push_str("::");
        target.push_str(moved.map_or(segment, |(_, module)| module));
    }
    target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn java_names_govern_our_targets() {
        let cases = [
            ("dev", "peegeeq_service_manager"),
            ("dev.mars.peegeeq", "peegeeq_service_manager"),
            ("dev.mars.peegeeq.servicemanager", "peegeeq_service_manager"),
            ("dev.mars.peegeeq.servicemanager.health.HealthMonitor", "peegeeq_service_manager::health"),
            ("dev.mars.peegeeq.servicemanager.registration", "peegeeq_service_manager::registry"),
            ("peegeeq_service_manager::health::probe", "peegeeq_service_manager::health::probe"),
            ("hyper.proto", "hyper::proto"),
        ];
        for (logger, target) in cases {
            assert_eq!(target_of(logger).as_deref(), Some(target), "{logger}");
        }
        for foreign in ["io.vertx.ext.web", "java.util", "dev.marsh", "dev.mars.peegeeq.servicemanagerx", "com"] {
            assert_eq!(target_of(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn a_shown_name_governs_what_it_shows() {
        for target in ["peegeeq_service_manager", "peegeeq_service_manager::registry::writer", "hyper::proto"] {
            assert_eq!(target_of(&logger_of(target)).as_deref(), Some(target));
        }
        assert_eq!(logger_of("peegeeq_service_manager::health"), "dev.mars.peegeeq.servicemanager.health");
    }
}
