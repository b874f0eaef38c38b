//! Bringing the store back after a failed commit.
//!
//! Owns the rule that nothing is built on bytes that may never have reached the disk. What a refused batch left in the
//! file is taken out again: its callers were told that it did not happen.

use std::collections::HashMap;
use std::sync::Arc;

use peegeeq_domain::instance::{Instance, InstanceId};
use redb::Database;

use super::index::IndexedJournal;
use super::inspect::{Contents, read_tables};
use super::medium::{Medium, rewrite};
use super::schema::{self, INSTANCES, SETUPS};
use super::{Store, instance_record, rolling_record};

impl<M: Medium> Store<M> {
    /// Does nothing while all is well. After a failure: writes the file again, reopens it, and makes it say exactly what
    /// was acknowledged.
    pub(super) fn recover(&mut self) -> Result<(), redb::Error> {
        if self.database.is_open() {
            return Ok(());
        }
        rewrite(&self.medium.open()?)?;
        let database = schema::open(self.medium.open()?, true)?;
        let found = read_tables(&database)?;
        if found.epoch != self.epoch {
            return Err(redb::Error::Corrupted(format!("the file was replaced: its epoch is {}, not {}", found.epoch, self.epoch)));
        }
        self.set_right(&database, &found)?;
        self.unsure_setups.clear();
        self.unsure_rolling.clear();
        self.database.set(Some(database));
        tracing::info!(file = self.medium.name(), "registry file verified after a failed write");
        Ok(())
    }

    fn set_right(&mut self, database: &Database, found: &Contents) -> Result<(), redb::Error> {
        let in_file: HashMap<&InstanceId, &Arc<Instance>> = found.instances.iter().map(|instance| (instance.id(), instance)).collect();
        let transaction = database.begin_write()?;
        {
            let mut instances = transaction.open_table(INSTANCES)?;
            for id in in_file.keys().filter(|id| !self.acknowledged.contains_key(**id)) {
                instances.remove(id.as_str())?;
            }
            for (id, instance) in self.acknowledged.iter().filter(|(id, instance)| in_file.get(id) != Some(instance)) {
                self.buffer.clear();
                instance_record::write(instance, &mut self.buffer);
                instances.insert(id.as_str(), &*self.buffer)?;
            }
            let mut setups = transaction.open_table(SETUPS)?;
            for (id, before) in self.unsure_setups.iter().rev() {
                match before {
                    Some(record) => drop(setups.insert(id.as_str(), &**record)?),
                    None => drop(setups.remove(id.as_str())?),
                }
            }
            rolling_record::set_back(&transaction, &self.unsure_rolling)?;
            IndexedJournal::open(&transaction)?.remove(self.journal.next..)?;
        }
        Ok(transaction.commit()?)
    }
}
