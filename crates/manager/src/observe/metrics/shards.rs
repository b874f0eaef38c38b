//! Numbers that every thread counts for itself, and that are added up for whoever looks.
//!
//! Owns which thread counts where. Two cores that count in one number hand its cache line to and fro, for every request.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many numbers one number is spread over. More threads than that share, which is slower and not wrong.
const COUNT: usize = 8;

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static OWN: usize = THREADS.fetch_add(1, Ordering::Relaxed) % COUNT;
}

/// One `T` for each of a few threads. Takes no room until it is used: most numbers never are.
#[derive(Debug)]
pub(super) struct Shards<T>(OnceLock<Box<[Alone<T>; COUNT]>>);

/// On cache lines of its own.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Alone<T>(T);

impl<T: Default> Shards<T> {
    pub(super) const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// The one of this thread.
    pub(super) fn own(&self) -> &T {
        let all = self.0.get_or_init(Box::default);
        &all[OWN.with(|own| *own)].0
    }

    /// All that were used.
    pub(super) fn all(&self) -> impl Iterator<Item = &T> {
        self.0.get().into_iter().flat_map(|all| all.iter().map(|alone| &alone.0))
    }
}
