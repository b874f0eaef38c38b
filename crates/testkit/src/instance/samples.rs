//! Owns ready-made worlds and the walk that makes their numbers move. Does not own the types.

use super::world::{ConsumerGroup, EventStore, GroupStatus, Queue, QueueKind, Setup, World};

impl World {
    /// A world without any setup, as an instance is right after its first start.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// One setup as in the captures: queues `payments` (0 messages) and `orders` (42), three consumer groups,
    /// stores `audit-events` (3 events) and `order-events` (14).
    #[must_use]
    pub fn sample(setup_id: &str) -> Self {
        let mut setup = Setup::empty(setup_id);
        setup.queues = vec![
            Queue::new("payments", QueueKind::Native).with(0, 1, 0.0),
            Queue::new("orders", QueueKind::Native).with(42, 1, 1.235_294_117_647_058_9),
        ];
        setup.groups = vec![
            ConsumerGroup::new("payment-processors", "payments", 1, GroupStatus::Active),
            ConsumerGroup::new("order-processors", "orders", 1, GroupStatus::Active),
            ConsumerGroup::new("analytics", "orders", 0, GroupStatus::Paused),
        ];
        setup.stores = vec![
            EventStore::new("audit-events", 3, &[("Login", 3)]),
            EventStore::new("order-events", 10, &[("OrderShipped", 4), ("OrderCreated", 10)]),
        ];
        Self { setups: vec![setup] }
    }

    /// One setup as in the second capture: queues `orders` (30 messages, native) and `shipments` (8, outbox), two
    /// consumer groups, store `order-events` (7 events).
    #[must_use]
    pub fn second_sample(setup_id: &str) -> Self {
        let mut setup = Setup::empty(setup_id);
        setup.queues = vec![
            Queue::new("orders", QueueKind::Native).with(30, 1, 0.909_090_909_090_909_1),
            Queue::new("shipments", QueueKind::Outbox).with(8, 1, 0.0),
        ];
        setup.groups = vec![
            ConsumerGroup::new("order-processors", "orders", 1, GroupStatus::Active),
            ConsumerGroup::new("shippers", "shipments", 1, GroupStatus::Active),
        ];
        setup.stores = vec![EventStore::new("order-events", 7, &[("OrderCreated", 7)])];
        Self { setups: vec![setup] }
    }

    /// One setup with `count` queues `queue-0000` … in an order that is not sorted.
    ///
    /// Queue `i` holds `i` messages and has `i % 4` consumers; every third is an outbox queue. So `count` queues
    /// hold `count * (count - 1) / 2` messages.
    #[must_use]
    pub fn with_queues(setup_id: &str, count: usize) -> Self {
        let mut setup = Setup::empty(setup_id);
        setup.queues = (0..count as u64).map(numbered_queue).collect();
        setup.queues.sort_by_cached_key(|queue| scramble(queue.messages));
        Self { setups: vec![setup] }
    }

    /// The same world with the setups of another one added.
    #[must_use]
    pub fn and(mut self, other: World) -> Self {
        self.setups.extend(other.setups);
        self
    }

    /// A setup by id.
    #[must_use]
    pub fn setup(&self, id: &str) -> Option<&Setup> {
        self.setups.iter().find(|setup| setup.id == id)
    }

    /// A setup by id, to change it.
    pub fn setup_mut(&mut self, id: &str) -> Option<&mut Setup> {
        self.setups.iter_mut().find(|setup| setup.id == id)
    }

    /// One step of a walk: messages and rates move a little, events only grow. The same world and `seed` always
    /// give the same next world.
    pub fn tick(&mut self, seed: u64) {
        for (index, setup) in self.setups.iter_mut().enumerate() {
            let mut dice = Dice(scramble(seed ^ (index as u64).rotate_left(32)));
            setup.queues.iter_mut().for_each(|queue| move_queue(queue, &mut dice));
            setup.stores.iter_mut().for_each(|store| grow_store(store, &mut dice));
        }
    }
}

fn numbered_queue(number: u64) -> Queue {
    let kind = if number % 3 == 2 { QueueKind::Outbox } else { QueueKind::Native };
    Queue::new(format!("queue-{number:04}"), kind).with(number, number % 4, number as f64 * 0.5)
}

fn move_queue(queue: &mut Queue, dice: &mut Dice) {
    let arrived = dice.below(12);
    let pace = 3 + 5 * queue.consumers.min(3);
    let done = dice.below(pace).min(queue.messages + arrived);
    queue.messages = queue.messages + arrived - done;
    queue.processed += done;
    if done > 0 && dice.below(200) == 0 {
        queue.dead_lettered += 1;
    }
    let smoothed = queue.rate * 0.7 + done as f64 * 0.3;
    queue.rate = (smoothed * 1_000.0).round() / 1_000.0;
}

fn grow_store(store: &mut EventStore, dice: &mut Dice) {
    for (_, count) in &mut store.events {
        *count += dice.below(3);
    }
    store.aggregates += dice.below(2);
}

/// A small generator of numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = scramble(self.0);
        self.0 % limit.max(1)
    }
}

/// Mixes the bits of a number so that neighbours end far apart.
pub(crate) fn scramble(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_is_the_same_every_time_and_moves() {
        let (mut left, mut right) = (World::sample("alpha"), World::sample("alpha"));
        for seed in 0..50 {
            left.tick(seed);
            right.tick(seed);
        }
        assert_eq!(left, right);
        assert_ne!(left, World::sample("alpha"));
    }

    #[test]
    fn many_queues_are_all_there_and_not_sorted() {
        let world = World::with_queues("big", 2_000);
        let setup = world.setup("big").unwrap();
        assert_eq!(setup.queues.len(), 2_000);
        assert_eq!(setup.total_messages(), 2_000 * 1_999 / 2);
        assert!(!setup.queues.is_sorted_by(|left, right| left.name <= right.name));
    }
}
