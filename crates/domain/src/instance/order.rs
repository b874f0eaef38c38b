//! What an operator ordered for an instance: which verb, by whom, why, since when, until when.
//!
//! Owns what a verb does to an order in force. An order stands over what the instance says of itself when it registers again,
//! and ends by the verb that lifts it or by its own end. Does not own the clock that finds out that it is over.

use alloc::sync::Arc;

use super::registration::Presence;
use crate::time::Timestamp;

/// The most characters of a reason.
pub const REASON_CHARACTERS_MAX: usize = 512;

/// What an operator can order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Finish what it has, give it nothing new.
    Drain,
    /// Take it out.
    Maintenance,
    /// Let it take part again.
    Resume,
    /// The end of an order has come: as [`Self::Resume`], but nobody said so.
    Expire,
}

impl Verb {
    /// The word in journal kinds and paths.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Drain => "drain",
            Self::Maintenance => "maintenance",
            Self::Resume => "resume",
            Self::Expire => "expired",
        }
    }

    /// What is ordered after it.
    pub const fn presence(self) -> Presence {
        match self {
            Self::Drain => Presence::Draining,
            Self::Maintenance => Presence::Maintenance,
            Self::Resume | Self::Expire => Presence::Serving,
        }
    }
}

/// An order in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Why, if that was said.
    pub reason: Option<Arc<str>>,
    /// Who gave it: the name of a token, or `anonymous`.
    pub by: Arc<str>,
    /// Since when the instance is in this presence by order.
    pub since: Timestamp,
    /// When it ends by itself.
    pub until: Option<Timestamp>,
    /// When draining: until when what is running may go on.
    pub deadline: Option<Timestamp>,
}

/// What a caller said with a verb. The outer `None`: not said, so what an order in force says stays. The inner one: nothing any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// The verb.
    pub verb: Verb,
    /// Who says it.
    pub by: Arc<str>,
    /// Why.
    pub reason: Option<Option<Arc<str>>>,
    /// When it ends.
    pub until: Option<Option<Timestamp>>,
    /// Until when what is running may go on.
    pub deadline: Option<Option<Timestamp>>,
}

impl Said {
    /// A verb without more.
    pub fn plain(verb: Verb, by: Arc<str>) -> Self {
        Self { verb, by, reason: None, until: None, deadline: None }
    }

    /// The presence and order after this, said at `now` to an instance with these. The same said again changes nothing.
    pub fn applied(self, presence: Presence, order: Option<&Order>, now: Timestamp) -> (Presence, Option<Order>) {
        let next = self.verb.presence();
        if next == Presence::Serving {
            return (next, None);
        }
        let kept = order.filter(|_| presence == next);
        let fresh = Order { reason: None, by: self.by.clone(), since: now, until: None, deadline: None };
        let before = kept.cloned().unwrap_or(fresh);
        let mut order = Order {
            reason: self.reason.unwrap_or_else(|| before.reason.clone()),
            until: self.until.unwrap_or(before.until),
            deadline: self.deadline.unwrap_or(before.deadline),
            ..before.clone()
        };
        if order != before {
            order.by = self.by;
        }
        (next, Some(order))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(millis: i64) -> Timestamp {
        Timestamp::from_epoch_millis(millis)
    }

    #[test]
    fn the_same_verb_again_changes_only_what_is_said() {
        let drain = |by: &str| Said::plain(Verb::Drain, by.into());
        let (presence, order) = Said { until: Some(Some(at(90))), ..drain("ann") }.applied(Presence::Serving, None, at(1));
        let order = order.expect("an order");
        assert_eq!((presence, order.since, order.until, &*order.by), (Presence::Draining, at(1), Some(at(90)), "ann"));
        assert_eq!(drain("bob").applied(presence, Some(&order), at(2)), (Presence::Draining, Some(order.clone())));
        let (_, changed) = Said { until: Some(None), ..drain("bob") }.applied(presence, Some(&order), at(3));
        let changed = changed.expect("an order");
        assert_eq!((changed.since, changed.until, &*changed.by), (at(1), None, "bob"));
    }

    #[test]
    fn another_verb_begins_anew_and_resuming_lifts() {
        let order = Order { reason: Some("disk".into()), by: "ann".into(), since: at(1), until: Some(at(9)), deadline: Some(at(8)) };
        let maintenance = Said::plain(Verb::Maintenance, "bob".into()).applied(Presence::Draining, Some(&order), at(2));
        let fresh = Order { reason: None, by: "bob".into(), since: at(2), until: None, deadline: None };
        assert_eq!(maintenance, (Presence::Maintenance, Some(fresh)));
        for verb in [Verb::Resume, Verb::Expire] {
            assert_eq!(Said::plain(verb, "ann".into()).applied(Presence::Draining, Some(&order), at(2)), (Presence::Serving, None));
        }
    }
}
