//! Names that the guide or the original knows and that do nothing here, with what to say about each.
//!
//! Owns these rows. They are accepted with a warning, so that a documented command line starts, and never silently.
// a table of data

/// One name without effect in this version.
#[derive(Debug)]
pub(super) struct Recognised {
    /// A dotted key, or a prefix when it ends in a dot.
    pub(super) key: &'static str,
    /// Why it does nothing, as the end of the sentence "… is …".
    pub(super) because: &'static str,
}

const NEVER_BLINDLY: &str =
    "not in effect, on purpose: an unchecked certificate protects from nobody; name the authority with instance.tls.ca.file";

/// Every name without effect.
pub(super) static RECOGNISED: &[Recognised] = &[
    Recognised { key: "metrics.jvm.enabled", because: "not in effect: this program has no JVM; /metrics shows the process instead" },
    Recognised { key: "metrics.reporting.interval", because: "not in effect: /metrics shows the values of the moment in which it is read" },
    Recognised { key: "instance.tls.insecure", because: NEVER_BLINDLY },
    Recognised { key: "server.tls.insecure", because: NEVER_BLINDLY },
    Recognised { key: "logging.pattern.", because: "not in effect: logging.format=text or logging.format=json chooses the form of a line" },
];

/// The row for a folded key, if there is one.
pub(super) fn find(folded: &str) -> Option<&'static Recognised> {
    RECOGNISED.iter().find(|row| if row.key.ends_with('.') { folded.starts_with(row.key) } else { folded == row.key })
}
