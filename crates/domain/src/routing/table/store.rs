//! Which setup is meant by an id that glues setup and store together with a hyphen.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::Table;

/// Why the setup of a store could not be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreFault {
    /// No known setup begins the id (404).
    Unknown,
    /// Several do (409): the id is of an order to delete, so nothing is guessed. Longest first.
    Ambiguous(Vec<String>),
}

impl fmt::Display for StoreFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("no known setup begins the id of the store"),
            Self::Ambiguous(setups) => write!(f, "the id may mean a store of any of these setups: {}", setups.join(", ")),
        }
    }
}

impl Table {
    /// The setup in `{setup}-{store}`: the only known one that begins it. Several fit an id with more hyphens, such as
    /// `a-b-c` where both `a` and `a-b` are known; then `DELETE /api/v1/eventstores/{setup}/{store}` says what is meant.
    pub fn setup_of_store<'i>(&self, id: &'i str) -> Result<&'i str, StoreFault> {
        let hyphens = id.rmatch_indices('-').map(|(at, _)| at).filter(|at| *at > 0 && at + 1 < id.len());
        let mut fitting = hyphens.map(|at| &id[..at]).filter(|setup| self.knows(setup));
        match (fitting.next(), fitting.next()) {
            (None, _) => Err(StoreFault::Unknown),
            (Some(only), None) => Ok(only),
            (Some(one), Some(other)) => Err(StoreFault::Ambiguous([one, other].into_iter().chain(fitting).map(Into::into).collect())),
        }
    }
}
