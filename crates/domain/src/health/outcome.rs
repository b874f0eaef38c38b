//! What one probe found.

/// Why a probe failed. Only *refused* is evidence of death; the rest is evidence of trouble somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureKind {
    /// Nobody listens on the port.
    Refused,
    /// No answer within the time allowed.
    Timeout,
    /// The name did not resolve.
    Name,
    /// The address may not be dialled.
    Forbidden,
    /// No route, network down, connection reset.
    Network,
    /// The TLS handshake failed.
    Tls,
    /// The answer was not HTTP, or was cut short.
    Protocol,
    /// The answer had a status that does not count as healthy.
    Status,
    /// The answer's body said the instance is not well.
    Body,
    /// Something else answers there.
    Identity,
    /// The manager itself could not ask: out of file descriptors, ports or memory. Says nothing about the instance.
    Local,
}

impl FailureKind {
    /// The word used on the wire and as a metric label.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Timeout => "timeout",
            Self::Name => "name",
            Self::Forbidden => "forbidden",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Status => "status",
            Self::Body => "body",
            Self::Identity => "identity",
            Self::Local => "local",
        }
    }
}

/// What one probe found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// The instance is well.
    Passed,
    /// It is not, or we could not find out.
    Failed(FailureKind),
}
