//! Reading what instances answer, in every dialect seen across their releases, into the rows of the domain.
//!
//! Owns where a list lies in an answer, which spelling of a field counts, and what is a placeholder. One wrong row costs that
//! row alone and is counted. Does not own fetching, nor how rows add up.

mod body;
mod groups;
mod lenient;
mod list;
mod metrics;
mod overview;
mod queues;
mod stores;
mod strict;
#[cfg(test)]
mod tests;

pub(super) use body::{check_object, refusal};
pub(super) use groups::GroupReader;
pub use list::{Faults, Placeholder, RawRow, ReadList};
pub(super) use list::{RowReader, read_list};
pub(super) use metrics::read_metrics;
pub use overview::Figures;
pub(super) use overview::read_overview;
pub(super) use queues::QueueReader;
pub(super) use stores::StoreReader;
pub use strict::check_row;

use peegeeq_domain::federation::{GroupRow, QueueRow, StoreRow};
use serde_json::value::RawValue;

/// The queues of a list that lies within something else; places are told from the beginning of the list.
pub fn read_queue_rows(list: &RawValue) -> ReadList<QueueRow> {
    list::read_rows::<QueueReader>(list)
}

/// The consumer groups of such a list.
pub fn read_group_rows(list: &RawValue) -> ReadList<GroupRow> {
    list::read_rows::<GroupReader>(list)
}

/// The event stores of such a list.
pub fn read_store_rows(list: &RawValue) -> ReadList<StoreRow> {
    list::read_rows::<StoreReader>(list)
}
