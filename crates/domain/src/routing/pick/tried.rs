//! Those that a request was already sent to.

/// The most instances one request is sent to.
pub const TRIED_MAX: usize = 16;

/// A small set of numbers of candidates. It does not allocate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tried {
    indices: [u32; TRIED_MAX],
    count: u8,
}

impl Tried {
    /// Adds a candidate. False if there is no room for it, or it has no place in a table: then the request must end.
    pub fn add(&mut self, index: usize) -> bool {
        if self.has(index) {
            return true;
        }
        let Ok(number) = u32::try_from(index) else { return false };
        let Some(free) = self.indices.get_mut(usize::from(self.count)) else { return false };
        *free = number;
        self.count += 1;
        true
    }

    /// Whether a candidate was tried.
    pub fn has(&self, index: usize) -> bool {
        self.indices[..self.len()].iter().any(|tried| *tried as usize == index)
    }

    /// How many were tried.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether nobody was tried.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }
}
