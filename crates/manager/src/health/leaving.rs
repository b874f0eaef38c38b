//! Setups that were ordered to go from an instance: if they are gone soon, nobody misses them.
//!
//! Owns how long such an order is believed: the instance may refuse it, and a setup that stays may be lost later.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use peegeeq_domain::time::Moment;

/// An order is believed for this time.
const BELIEVED_FOR: Duration = Duration::from_secs(5 * 60);

/// The most orders that are remembered of one instance. Of more, the oldest is forgotten: its setup is then missing.
const ORDERS_MAX: usize = 100;

/// The orders, by setup.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    ordered: BTreeMap<Arc<str>, Moment>,
    changed: bool,
}

impl Leaving {
    /// A setup was ordered to go.
    pub(super) fn order(&mut self, setup: Arc<str>, now: Moment) {
        self.changed = true;
        self.ordered.insert(setup, now);
        if self.ordered.len() > ORDERS_MAX {
            let oldest = self.ordered.iter().min_by_key(|(_, at)| **at).map(|(setup, _)| setup.clone());
            oldest.map(|oldest| self.ordered.remove(&oldest));
        }
    }

    /// Ceases to believe what is too old, and says whether orders came or lapsed since this was last asked.
    pub(super) fn take_changed(&mut self, now: Moment) -> bool {
        let before = self.ordered.len();
        self.ordered.retain(|_, at| now.since(*at) < BELIEVED_FOR);
        std::mem::take(&mut self.changed) || self.ordered.len() < before
    }

    /// Whether a setup was ordered to go.
    pub(super) fn has(&self, setup: &str) -> bool {
        self.ordered.contains_key(setup)
    }

    /// Takes out the orders for which `carried_out` holds.
    pub(super) fn take_done(&mut self, mut carried_out: impl FnMut(&str) -> bool) -> Vec<Arc<str>> {
        self.ordered.extract_if(.., |setup, _| carried_out(setup)).map(|(setup, _)| setup).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::from_millis(seconds * 1_000)
    }

    #[test]
    fn an_order_is_believed_for_five_minutes() {
        let mut leaving = Leaving::default();
        leaving.order("a".into(), at(10));
        leaving.order("b".into(), at(20));
        assert!(leaving.take_changed(at(309)) && leaving.has("a"));
        assert!(!leaving.take_changed(at(309)));
        assert!(leaving.take_changed(at(310)), "one lapsed");
        assert_eq!((leaving.has("a"), leaving.has("b")), (false, true));
        assert_eq!(leaving.take_done(|setup| setup == "b"), ["b".into()]);
        assert!(!leaving.has("b") && !leaving.take_changed(at(310)));
    }

    #[test]
    fn of_too_many_orders_the_oldest_is_forgotten() {
        let mut leaving = Leaving::default();
        (0..=100).for_each(|n| leaving.order(format!("{n:03}").into(), at(n)));
        let kept = leaving.take_done(|_| true);
        assert_eq!((kept.len(), &*kept[0]), (100, "001"));
    }
}
