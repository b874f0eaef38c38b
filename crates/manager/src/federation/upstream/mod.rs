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
pub(super) use list::ReadList;
pub use list::{Faults, Placeholder, RawRow};
pub(super) use list::{RowReader, read_list};
pub(super) use metrics::read_metrics;
pub use overview::Figures;
pub(super) use overview::read_overview;
pub(super) use queues::QueueReader;
pub(super) use stores::StoreReader;
