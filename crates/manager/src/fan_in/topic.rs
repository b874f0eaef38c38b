//! Which stream of an instance.

use std::sync::Arc;

/// A kind of stream that instances have.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// `/ws/monitoring`: statistics and management events.
    Monitoring,
    /// `/api/v1/sse/metrics`
    Metrics,
    /// `/api/v1/sse/queues/{setup}`
    Queues(Arc<str>),
}

impl Topic {
    /// The word in metrics.
    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Monitoring => "monitoring",
            Self::Metrics => "metrics",
            Self::Queues(_) => "queues",
        }
    }

    /// Its path at an instance.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Monitoring => "/ws/monitoring".to_owned(),
            Self::Metrics => "/api/v1/sse/metrics".to_owned(),
            Self::Queues(setup) => {
                let setup = percent_encoding::utf8_percent_encode(setup, percent_encoding::NON_ALPHANUMERIC);
                format!("/api/v1/sse/queues/{setup}")
            }
        }
    }

    /// The setup it is about, if it is about one.
    pub(super) fn setup(&self) -> Option<&str> {
        match self {
            Self::Queues(setup) => Some(setup),
            Self::Monitoring | Self::Metrics => None,
        }
    }
}
