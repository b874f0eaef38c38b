//! Lists of rows from many instances: placed, sorted, grouped by name and totalled.
//!
//! Owns what queues, consumer groups and event stores have in common. Does not own their fields.

use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

use super::contribution::in_order;
use super::placement::{Placeable, Placement, View};
use super::{Condition, ConditionCounts, Contribution, Coverage, Part, SharedSetup, Standing};

/// One line of an instance's list.
pub trait Row: Placeable {
    /// What rows add up to.
    type Totals: Totals<Self>;

    /// The name by which rows of several instances are grouped.
    fn name(&self) -> &Arc<str>;

    /// The queue it belongs to, if it is not itself one.
    fn queue(&self) -> Option<&Arc<str>>;

    /// The row's status, boiled down.
    fn condition(&self) -> Condition;

    /// The condition of a name whose rows are in these conditions.
    fn condition_together(rows: &ConditionCounts) -> Condition;
}

/// What rows add up to.
pub trait Totals<R: ?Sized>: Clone + Default {
    /// Adds a row that counts.
    fn add(&mut self, row: &R);

    /// Notes that there is something whose numbers nobody knows.
    fn add_unknown(&mut self);

    /// Adds the totals of other rows.
    fn absorb(&mut self, other: &Self);
}

/// A row in its place within an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The number of the part that gave it.
    pub source: usize,
    /// Its number among the rows of that part, in the instance's own order.
    pub row: usize,
    /// Whether it counts.
    pub standing: Standing,
}

/// All rows of one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Named<T> {
    /// The name.
    pub name: Arc<str>,
    /// Which of the placed rows; they lie together, by instance.
    pub rows: Range<usize>,
    /// Sums over the rows that count.
    pub totals: T,
    /// The condition of the name as a whole.
    pub condition: Condition,
}

/// One answer made of many lists.
#[derive(Clone, Debug)]
pub struct ListAggregate<R: Row, A = ()> {
    /// The contributions, by instance.
    pub parts: Vec<Part<Vec<R>, A>>,
    /// Every row that anybody gave, by name, instance, setup and queue.
    pub rows: Vec<Placed>,
    /// The same rows grouped by name.
    pub names: Vec<Named<R::Totals>>,
    /// Sums over all rows that count.
    pub totals: R::Totals,
    /// How many *names* are in which condition.
    pub conditions: ConditionCounts,
    /// Physical setups that more than one attachment shows.
    pub shared: Vec<SharedSetup>,
    /// How much of the cluster the answer speaks for.
    pub coverage: Coverage,
}

impl<R: Row, A> ListAggregate<R, A> {
    /// The row behind a place in this answer.
    pub fn row(&self, placed: Placed) -> Option<&R> {
        row(&self.parts, placed)
    }

    /// The places of the rows of one name.
    pub fn rows_of(&self, named: &Named<R::Totals>) -> &[Placed] {
        self.rows.get(named.rows.clone()).unwrap_or_default()
    }
}

/// Makes one answer of many lists. Linear in rows, apart from sorting them.
pub fn aggregate<R: Row, A>(contributions: Vec<Contribution<Vec<R>, A>>) -> ListAggregate<R, A> {
    let mut parts = in_order(contributions);
    let views: Vec<_> = parts.iter().map(|part| View::of(part, part.outcome.as_deref().ok())).collect();
    let placement = Placement::of(&views);
    let rows = placed_rows(&parts, &placement);
    let findings = placement.findings;
    drop(views);
    for (part, degraded) in parts.iter_mut().zip(findings.degraded) {
        part.degraded = degraded;
    }
    let names = grouped(&parts, &rows);
    let mut totals = R::Totals::default();
    let mut conditions = ConditionCounts::default();
    for named in &names {
        totals.absorb(&named.totals);
        conditions.add(named.condition);
    }
    for _ in 0..findings.hidden {
        totals.add_unknown();
    }
    let coverage = Coverage::of(&parts, findings.setups);
    ListAggregate { parts, rows, names, totals, conditions, shared: findings.shared, coverage }
}

fn row<R, A>(parts: &[Part<Vec<R>, A>], placed: Placed) -> Option<&R> {
    parts.get(placed.source)?.outcome.as_ref().ok()?.get(placed.row)
}

fn placed_rows<R: Row, A>(parts: &[Part<Vec<R>, A>], placement: &Placement<'_>) -> Vec<Placed> {
    let mut found: Vec<(&R, Placed)> = Vec::new();
    for (source, part) in parts.iter().enumerate() {
        for (number, row) in part.outcome.iter().flatten().enumerate() {
            let standing = placement.standing(source, row);
            found.push((row, Placed { source, row: number, standing }));
        }
    }
    found.sort_by(|(a, at), (b, bt)| {
        (a.name(), at.source, a.setup(), a.queue(), at.row).cmp(&(b.name(), bt.source, b.setup(), b.queue(), bt.row))
    });
    found.into_iter().map(|(_, placed)| placed).collect()
}

fn grouped<R: Row, A>(parts: &[Part<Vec<R>, A>], rows: &[Placed]) -> Vec<Named<R::Totals>> {
    let name = |placed: &Placed| row(parts, *placed).map(Row::name);
    let mut names = Vec::new();
    let mut start = 0;
    for same in rows.chunk_by(|a, b| name(a) == name(b)) {
        let range = start..start + same.len();
        start = range.end;
        if let Some(name) = same.first().and_then(name) {
            names.push(total(parts, same, name.clone(), range));
        }
    }
    names
}

fn total<R: Row, A>(parts: &[Part<Vec<R>, A>], same: &[Placed], name: Arc<str>, rows: Range<usize>) -> Named<R::Totals> {
    let mut totals = R::Totals::default();
    let mut conditions = ConditionCounts::default();
    for placed in same {
        match (placed.standing, row(parts, *placed)) {
            (Standing::Counted, Some(row)) => {
                totals.add(row);
                conditions.add(row.condition());
            }
            (Standing::Unknown, _) => {
                totals.add_unknown();
                conditions.add(Condition::Unknown);
            }
            (Standing::SameAs(_), _) | (Standing::Counted, None) => {}
        }
    }
    Named { name, rows, totals, condition: R::condition_together(&conditions) }
}
