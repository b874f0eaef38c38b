//! Why an instance gave nothing to a federated answer.
//!
//! Owns the reasons, their code words and their sentences. Does not own how a failure is noticed.

use alloc::string::String;
use core::fmt;

/// Why a source did not answer. Never stops the whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FetchFailure {
    /// No complete answer within the source's deadline.
    Timeout {
        /// How long was waited, in milliseconds.
        after_millis: u64,
    },
    /// The connection was refused: evidence that nothing listens there.
    Refused,
    /// The address could not be reached for another reason, which is told.
    Unreachable(String),
    /// An answer came with a status that is no success.
    Status {
        /// The HTTP status.
        code: u16,
        /// What the instance said about it, if it said anything readable.
        reason: Option<String>,
    },
    /// The answer was longer than we read.
    TooLarge {
        /// The most bytes that are read.
        limit: u64,
    },
    /// The answer was read and makes no sense.
    BadBody {
        /// What is wrong with it, and where.
        reason: String,
    },
    /// Not asked, because the probes call it down.
    NotHealthy,
    /// Not asked, because the manager has too many questions open.
    Busy,
}

impl FetchFailure {
    /// The code word on the wire.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Timeout { .. } => "timeout",
            Self::Refused => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Status { .. } => "status",
            Self::TooLarge { .. } => "too-large",
            Self::BadBody { .. } => "bad-body",
            Self::NotHealthy => "not-healthy",
            Self::Busy => "busy",
        }
    }

    /// Whether the instance was asked at all.
    pub const fn was_asked(&self) -> bool {
        !matches!(self, Self::NotHealthy | Self::Busy)
    }
}

impl fmt::Display for FetchFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout { after_millis } => write!(f, "the instance gave no complete answer within {after_millis} ms"),
            Self::Refused => f.write_str("the instance refused the connection: nothing listens at its address"),
            Self::Unreachable(reason) => write!(f, "the instance could not be reached: {reason}"),
            Self::Status { code, reason: Some(reason) } => write!(f, "the instance answered with status {code}: {reason}"),
            Self::Status { code, reason: None } => {
                write!(f, "the instance answered with status {code}")
            }
            Self::TooLarge { limit } => write!(f, "the instance's answer is longer than the {limit} bytes that are read"),
            Self::BadBody { reason } => {
                write!(f, "the instance's answer could not be understood: {reason}")
            }
            Self::NotHealthy => f.write_str("the instance was not asked because its health probes fail"),
            Self::Busy => f.write_str("the instance was not asked because the manager has too many requests open"),
        }
    }
}

impl core::error::Error for FetchFailure {}
