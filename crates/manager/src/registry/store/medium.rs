//! Where the bytes of the store lie, and two ways to handle them that the database does not offer.
//!
//! Owns looking at a file without changing it, and writing a file again in place. Does not own tables or records.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

/// Something that a store can lie on. It can be opened again after a failure.
pub trait Medium: Send + std::fmt::Debug + 'static {
    /// The open form.
    type Backend: StorageBackend;

    /// Opens what is there, for reading and writing. Creates nothing.
    fn open(&self) -> io::Result<Self::Backend>;

    /// What to call it in sentences: the path of the file.
    fn name(&self) -> String;

    /// Why what is open is not what would be found at the next start; `None` while it is.
    fn displacement(&self) -> Option<String> {
        None
    }
}

/// Bytes that are handled at once: the page size of the file.
const BLOCK: usize = 4096;

/// Writes every block again that holds something, and syncs.
///
/// After a failed sync the system may show bytes that never reached the disk, and call them clean. Only writing them
/// again makes the next sync speak for them. Blocks of zeros are left alone: they may be holes, and filling holes
/// needs space that a full disk does not have.
pub(super) fn rewrite(backend: &impl StorageBackend) -> io::Result<()> {
    let length = backend.len()?;
    let mut block = [0; BLOCK];
    let mut offset = 0;
    while offset < length {
        let size = usize::try_from(length - offset).map_or(BLOCK, |rest| rest.min(BLOCK));
        let part = &mut block[..size];
        backend.read(offset, part)?;
        if part.iter().any(|byte| *byte != 0) {
            backend.write(offset, part)?;
        }
        offset += size as u64;
    }
    backend.sync_data()
}

/// A backend over another one that keeps every change in memory: a file can be repaired and checked in it while its
/// bytes stay as they are.
#[derive(Debug)]
pub(super) struct Overlay<B> {
    below: B,
    above: Mutex<Above>,
}

#[derive(Debug)]
struct Above {
    length: u64,
    /// The file below counts as zeros from here on.
    below_until: u64,
    blocks: BTreeMap<u64, Box<[u8; BLOCK]>>,
}

impl Above {
    /// Whether the file below says it all: the usual case, which must not cost a copy of every page.
    fn is_untouched(&self, offset: u64, length: usize) -> bool {
        let end = offset + length as u64;
        end <= self.below_until && self.blocks.range(offset / BLOCK as u64..end.div_ceil(BLOCK as u64)).next().is_none()
    }
}

impl<B: StorageBackend> Overlay<B> {
    /// Nothing changed yet.
    pub(super) fn new(below: B) -> io::Result<Self> {
        let length = below.len()?;
        Ok(Self { below, above: Mutex::new(Above { length, below_until: length, blocks: BTreeMap::new() }) })
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn block(&self, above: &Above, number: u64) -> io::Result<Box<[u8; BLOCK]>> {
        if let Some(block) = above.blocks.get(&number) {
            return Ok(block.clone());
        }
        let mut block = Box::new([0; BLOCK]);
        let start = number * BLOCK as u64;
        let size = usize::try_from(above.below_until.saturating_sub(start)).map_or(BLOCK, |rest| rest.min(BLOCK));
        if size > 0 {
            self.below.read(start, &mut block[..size])?;
        }
        Ok(block)
    }
}

/// The parts of `offset..offset + length` block by block: number of the block, place within it, place within the part.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, std::ops::Range<usize>, usize)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let position = offset + done as u64;
        let within = (position % BLOCK as u64) as usize;
        let size = (length - done).min(BLOCK - within);
        let part = (size > 0).then(|| (position / BLOCK as u64, within..within + size, done));
        done += size;
        part
    })
}

impl<B: StorageBackend> StorageBackend for Overlay<B> {
    fn len(&self) -> io::Result<u64> {
        Ok(self.above().length)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let above = self.above();
        if offset.saturating_add(out.len() as u64) > above.length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if above.is_untouched(offset, out.len()) {
            return self.below.read(offset, out);
        }
        for (number, within, done) in parts(offset, out.len()) {
            let size = within.len();
            out[done..done + size].copy_from_slice(&self.block(&above, number)?[within]);
        }
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        let mut above = self.above();
        if length < above.length {
            above.below_until = above.below_until.min(length);
            above.blocks.split_off(&length.div_ceil(BLOCK as u64));
            let (last, within) = (length / BLOCK as u64, (length % BLOCK as u64) as usize);
            if let Some(block) = above.blocks.get_mut(&last) {
                block[within..].fill(0);
            }
        }
        above.length = length;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut above = self.above();
        for (number, within, done) in parts(offset, data.len()) {
            let mut block = self.block(&above, number)?;
            let size = within.len();
            block[within].copy_from_slice(&data[done..done + size]);
            above.blocks.insert(number, block);
        }
        above.length = above.length.max(offset + data.len() as u64);
        Ok(())
    }
}
