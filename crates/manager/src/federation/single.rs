//! One instance's own answer, handed on as it is.

use bytes::Bytes;
use peegeeq_domain::catalog::Entry;
use peegeeq_domain::federation::FetchFailure;
use peegeeq_domain::health::HealthState;
use peegeeq_domain::instance::Presence;

use super::FederationHandle;
use super::fetch::{FetchLimits, Fetched, fetch};
use super::questions;
use super::upstream::check_object;

/// What can be asked of one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Its overview.
    Overview,
    /// Its queues.
    Queues,
    /// Its consumer groups.
    ConsumerGroups,
    /// Its event stores.
    EventStores,
    /// Its metrics.
    Metrics,
}

impl Topic {
    const fn path(self) -> &'static str {
        match self {
            Self::Overview => questions::OVERVIEW,
            Self::Queues => questions::QUEUES,
            Self::ConsumerGroups => questions::CONSUMER_GROUPS,
            Self::EventStores => questions::EVENT_STORES,
            Self::Metrics => questions::METRICS,
        }
    }
}

/// Why an instance's own answer could not be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoAnswer {
    /// No instance of that id is registered.
    Unknown,
    /// It is registered and not routable, so it was not asked: its state, and why.
    NotRoutable(HealthState, String),
    /// It was asked in vain.
    Failed(FetchFailure),
}

impl FederationHandle {
    fn why_not(&self, entry: &Entry) -> String {
        let presence = entry.instance.presence;
        if presence != Presence::Serving {
            return format!("its presence is {}", presence.as_str());
        }
        let checkup = self.shared.observations.slot(entry.id().as_str()).and_then(|slot| slot.checkup());
        match checkup {
            None => "it was not probed yet".to_owned(),
            Some(checkup) => match &checkup.failure {
                Some(failure) => failure.sentence.clone(),
                None => "its health is not settled yet".to_owned(),
            },
        }
    }

    /// What the instance `id` says about `topic`: status and JSON object, unchanged.
    pub async fn of_instance(&self, id: &str, topic: Topic) -> Result<(u16, Bytes), NoAnswer> {
        let entry = self.shared.ground.catalog.current().get(id).cloned().ok_or(NoAnswer::Unknown)?;
        // Whoever names the instance may ask it, even if its weight says "nothing new".
        if entry.state() != HealthState::Healthy {
            return Err(NoAnswer::NotRoutable(entry.state(), self.why_not(&entry)));
        }
        let settings = &self.shared.ground.settings;
        let limits = FetchLimits { timeout: settings.fan_out_timeout(), body_max: settings.response_max };
        let endpoint = entry.instance.registration.endpoint.clone();
        let fetched = fetch(&self.shared.client, &endpoint, topic.path(), limits).await;
        let Fetched { status, body } = fetched.map_err(NoAnswer::Failed)?;
        if !(200..600).contains(&status) || (300..400).contains(&status) {
            return Err(NoAnswer::Failed(FetchFailure::Status { code: status, reason: None }));
        }
        check_object(&body).map_err(NoAnswer::Failed)?;
        Ok((status, body))
    }
}
