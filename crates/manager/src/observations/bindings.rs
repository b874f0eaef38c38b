//! What was seen of setups, in the words in which the domain decides.
//!
//! Owns the step from the one to the other, for every room that hands setups to the domain.

use std::sync::Arc;

use peegeeq_domain::federation::{self, DatabaseAddress, SetupBinding};

use super::{SetupHealth, SetupSeen, SetupsSeen};

impl SetupsSeen {
    /// All of them.
    pub fn bindings(&self) -> Vec<SetupBinding> {
        let stale = self.stale.then(|| self.failure.as_deref().unwrap_or_default());
        self.setups.iter().map(|setup| setup.binding(stale)).collect()
    }
}

impl SetupSeen {
    /// `stale` is why what was seen is from an earlier look, if it is.
    pub fn binding(&self, stale: Option<&str>) -> SetupBinding {
        let database = self.database.as_ref().map(|database| DatabaseAddress {
            host: database.host.as_str().into(),
            port: database.port,
            database: database.name.as_str().into(),
            schema: database.schema.as_str().into(),
        });
        let health = match (&self.health, stale) {
            // Nobody asks about one that is gone: that it is missing says it all.
            _ if self.missing => federation::SetupHealth::Unknown,
            (SetupHealth::Down { reason }, _) => federation::SetupHealth::Down { reason: reason.clone() },
            (SetupHealth::Unknown { reason }, _) => federation::SetupHealth::Untold { reason: reason.clone() },
            (_, Some(failure)) => federation::SetupHealth::Untold { reason: failure.to_owned() },
            (SetupHealth::Up, None) => federation::SetupHealth::Up,
            (SetupHealth::NotAsked, None) => federation::SetupHealth::Unknown,
        };
        // The queues are asked for together with the address: without the one, an empty list of the other says nothing.
        let queues = database.is_some().then(|| Arc::from(self.queues.as_slice()));
        SetupBinding { setup: self.id.clone(), database, queues, health, missing: self.missing }
    }
}
