//! The tables of the store, and how its file is opened and first written.
//!
//! Owns names and types of tables, the format's version and the size of the cache. Does not own the records in them.

use redb::{Builder, Database, StorageBackend, TableDefinition};

/// Facts about the file itself, as text: `format`, `epoch`, `backend`. This table never changes its shape, so that
/// every version can read at least the format's version.
pub(super) const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
/// Instances by id.
pub(super) const INSTANCES: TableDefinition<&str, &[u8]> = TableDefinition::new("instances");
/// The setups once seen on an instance, by its id. A store of a release that did not keep them has no such table; such a
/// release opens a store that has one, and leaves it alone.
pub(super) const SETUPS: TableDefinition<&str, &[u8]> = TableDefinition::new("setups");
/// What happened, by a number that only grows.
pub(super) const JOURNAL: TableDefinition<u64, &[u8]> = TableDefinition::new("journal");
/// The numbers of the entries about each instance. Since format 2.
pub(super) const BY_INSTANCE: TableDefinition<(&str, u64), ()> = TableDefinition::new("journal_by_instance");
/// The numbers of the entries of each kind. Since format 2.
pub(super) const BY_KIND: TableDefinition<(&str, u64), ()> = TableDefinition::new("journal_by_kind");

/// Rolling restarts by id. A store of a release that knew none has no such table; such a release leaves it alone.
pub(super) const ROLLING: TableDefinition<&str, &[u8]> = TableDefinition::new("rolling_restarts");

/// Key of the format's version.
pub(super) const FORMAT: &str = "format";
/// Key of the number of openings.
pub(super) const EPOCH: &str = "epoch";
/// Key of the backend that was chosen when the file was made.
pub(super) const BACKEND: &str = "backend";

/// The format that this version writes and reads.
pub(super) const FORMAT_KNOWN: u64 = 2;
/// The backend that this file is for.
pub(super) const BACKEND_KNOWN: &str = "embedded";

/// The most memory that pages of the file may take.
const CACHE_BYTES: usize = 8 * 1024 * 1024;
/// Space of a journal entry with its places in the indexes, with some to spare.
const ENTRY_BYTES: u64 = 512;
/// Space of an instance, with some to spare.
const INSTANCE_BYTES: u64 = 2048;
/// Size of a page.
const PAGE_BYTES: u64 = 4096;
/// A file with fewer free pages than this is not worth compacting.
const FREE_PAGES_MIN: u64 = 1024;

/// Opens the database on a backend. `check`: read every page and compare its checksum.
pub(super) fn open(backend: impl StorageBackend, check: bool) -> Result<Database, redb::Error> {
    let mut builder = Builder::new();
    builder.set_cache_size(CACHE_BYTES).set_check_integrity_on_open(check);
    Ok(builder.create_with_backend(backend)?)
}

/// Whether the last owner closed the file, rather than died or failed.
pub(super) fn was_closed_well(backend: impl StorageBackend) -> bool {
    Builder::new().set_cache_size(CACHE_BYTES).open_read_only_with_backend(backend).is_ok()
}

/// Makes an empty store on an empty backend, and closes it again.
pub(super) fn initialise(backend: impl StorageBackend) -> Result<(), redb::Error> {
    let database = open(backend, false)?;
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert(FORMAT, FORMAT_KNOWN.to_string().as_bytes())?;
        meta.insert(EPOCH, b"0".as_slice())?;
        meta.insert(BACKEND, BACKEND_KNOWN.as_bytes())?;
        transaction.open_table(INSTANCES)?;
        transaction.open_table(JOURNAL)?;
        transaction.open_table(BY_INSTANCE)?;
        transaction.open_table(BY_KIND)?;
    }
    transaction.commit()?;
    Ok(database.close()?)
}

/// Whether more than half of a file of `bytes` may be unused: it has twice the size that its content explains. To know it,
/// every page must be read, so the answer decides whether that is done at all.
pub(super) fn may_be_half_free(bytes: u64, journal_entries: u64, instances: u64) -> bool {
    let explained = journal_entries.saturating_mul(ENTRY_BYTES).saturating_add(instances.saturating_mul(INSTANCE_BYTES));
    bytes / 2 >= explained.max(FREE_PAGES_MIN * PAGE_BYTES)
}

/// Gives space back to the file system when more than half of a file of `bytes` is unused, and that is worth the work.
pub(super) fn compact_if_much_is_free(database: &mut Database, bytes: u64) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    let stats = transaction.stats()?;
    transaction.abort()?;
    let pages = bytes / u64::try_from(stats.page_size()).unwrap_or(u64::MAX);
    let free = pages.saturating_sub(stats.allocated_pages());
    if free >= FREE_PAGES_MIN && free > stats.allocated_pages() {
        database.compact()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_journal_is_not_searched_for_free_space_and_an_emptied_one_is() {
        const MIB: u64 = 1024 * 1024;
        assert!(!may_be_half_free(170 * MIB, 1_000_000, 200));
        assert!(!may_be_half_free(8 * MIB - 1, 1, 0));
        assert!(may_be_half_free(8 * MIB, 1, 0));
        assert!(may_be_half_free(170 * MIB, 1_000, 200));
    }
}
