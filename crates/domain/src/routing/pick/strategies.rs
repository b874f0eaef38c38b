//! Which strategy is in force for a request.
//!
//! Owns what wins: the kind of the request, then the environment of those who can serve it, then what is usual.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;

use super::Strategy;
use crate::routing::ask::{Class, Effect};

/// The strategies that are set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strategies {
    /// Where nothing else is said.
    pub usual: Strategy,
    /// By environment of the instances.
    pub environments: BTreeMap<Arc<str>, Strategy>,
    /// For requests that only look.
    pub reads: Option<Strategy>,
    /// For all others.
    pub writes: Option<Strategy>,
    /// For streams, whether they only look or not.
    pub streams: Option<Strategy>,
}

/// What a strategy was chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StrategyFrom {
    /// Nothing special.
    Usual,
    /// The environment.
    Environment,
    /// It only looks.
    Reads,
    /// It may change something.
    Writes,
    /// It is a stream.
    Streams,
}

impl StrategyFrom {
    /// The word used on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Usual => "usual",
            Self::Environment => "environment",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Streams => "streams",
        }
    }
}

impl Strategies {
    /// The strategy for a request, and what it was chosen by. `environment` is asked for only if it may matter.
    pub fn of<'e>(&self, class: &Class<'_>, environment: impl FnOnce() -> Option<&'e str>) -> (Strategy, StrategyFrom) {
        let by_effect = match class.effect {
            Effect::Read => self.reads.map(|strategy| (strategy, StrategyFrom::Reads)),
            Effect::Write => self.writes.map(|strategy| (strategy, StrategyFrom::Writes)),
        };
        let by_stream = self.streams.filter(|_| class.stream).map(|strategy| (strategy, StrategyFrom::Streams));
        by_stream.or(by_effect).or_else(|| self.of_environment(environment)).unwrap_or((self.usual, StrategyFrom::Usual))
    }

    fn of_environment<'e>(&self, environment: impl FnOnce() -> Option<&'e str>) -> Option<(Strategy, StrategyFrom)> {
        if self.environments.is_empty() {
            return None;
        }
        self.environments.get(environment()?).map(|strategy| (*strategy, StrategyFrom::Environment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::ask::{Place, place};

    fn told(strategies: &Strategies, method: &str, path: &str) -> (Strategy, StrategyFrom) {
        let Ok(Place::Routed(routed)) = place(method, path, None) else { panic!("{path} is routed") };
        strategies.of(&routed.ask.class, || Some("production"))
    }

    #[test]
    fn the_kind_of_a_request_wins_over_its_environment() {
        let (queue, stream) = ("/api/v1/queues/s/q", "/api/v1/queues/s/q/messages/stream");
        let mut strategies = Strategies::default();
        assert_eq!(told(&strategies, "GET", queue), (Strategy::RoundRobin, StrategyFrom::Usual));
        strategies.environments.insert("production".into(), Strategy::PeakEwma);
        assert_eq!(told(&strategies, "GET", queue), (Strategy::PeakEwma, StrategyFrom::Environment));
        strategies.writes = Some(Strategy::Random);
        assert_eq!(told(&strategies, "POST", "/api/v1/queues/s/q/messages").1, StrategyFrom::Writes);
        assert_eq!(told(&strategies, "GET", queue).1, StrategyFrom::Environment);
        strategies.reads = Some(Strategy::FirstAvailable);
        assert_eq!(told(&strategies, "GET", queue).1, StrategyFrom::Reads);
        strategies.streams = Some(Strategy::LeastConnections);
        assert_eq!(told(&strategies, "GET", stream), (Strategy::LeastConnections, StrategyFrom::Streams));
        assert_eq!(told(&strategies, "GET", queue).1, StrategyFrom::Reads);
    }
}
