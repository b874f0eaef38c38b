//! Answers for the whole cluster, in both forms.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::words::Status;

/// What every federated answer says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Envelope {
    /// The manager's sentence.
    pub message: String,
    /// When the answer was made.
    pub timestamp: String,
    /// Instances that gave something.
    pub instance_count: u64,
    /// Whether nothing is missing. Managers that do not say are believed.
    pub complete: Option<bool>,
    /// How much of the cluster the answer speaks for.
    pub coverage: Option<Coverage>,
    /// What each instance gave, or why not.
    pub sources: Vec<Source>,
    /// Fields that no instance can supply.
    pub unavailable: Vec<String>,
    /// Databases that several instances show, counted once.
    pub shared_setups: Vec<Value>,
    /// Setups that do not work.
    pub degraded_setups: Vec<DegradedSetup>,
    /// How many pages there are.
    pub total_pages: Option<u64>,
}

/// How much of the cluster an answer speaks for.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Coverage {
    /// Instances asked.
    pub asked: u64,
    /// Instances that gave all they have.
    pub answered: u64,
    /// Instances that gave a part.
    pub degraded: u64,
    /// Instances that gave nothing.
    pub failed: u64,
    /// Instances that were not asked.
    pub skipped: u64,
}

/// What one instance gave.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Source {
    /// Its id.
    pub instance_id: String,
    /// `ok`, or why not.
    pub status: String,
    /// The sentence.
    pub error: Option<String>,
    /// How long it took.
    pub took_ms: Option<u64>,
    /// How old it is.
    pub age_ms: Option<u64>,
}

/// A setup that does not work.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DegradedSetup {
    /// Where.
    pub instance_id: String,
    /// Which.
    pub setup_id: String,
    /// How it stands.
    pub status: String,
    /// Why.
    pub reason: String,
    /// What to do.
    pub action: String,
}

/// Makes an answer: the envelope with fields of its own.
macro_rules! answer {
    ($(#[$what:meta])* $name:ident { $($(#[$which:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        $(#[$what])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            /// What the answer says of itself.
            #[serde(flatten)]
            pub envelope: Envelope,
            $($(#[$which])* pub $field: $kind,)*
        }
    };
}

/// Makes a part of an answer.
macro_rules! part {
    ($(#[$what:meta])* $name:ident { $($(#[$which:meta])* $field:ident: $kind:ty),* $(,)? }) => {
        $(#[$what])*
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            $($(#[$which])* pub $field: $kind,)*
        }
    };
}

answer! {
    /// The cluster in numbers.
    Overview {
        /// Sums.
        aggregated_data: Totals,
        /// Instance by instance.
        instance_details: Vec<InstanceNumbers>,
    }
}

/// The cluster in numbers, as the original's clients know it.
pub type FlatOverview = Overview;

part! {
    /// Sums over the cluster.
    Totals {
        /// Queues.
        total_queues: Option<i64>,
        /// Consumer groups.
        total_consumer_groups: Option<i64>,
        /// Event stores.
        total_event_stores: Option<i64>,
        /// Messages.
        total_messages: Option<i64>,
        /// Consumers.
        total_consumers: Option<i64>,
        /// Connections to databases.
        active_connections: Option<i64>,
    }
}

part! {
    /// One instance in numbers.
    InstanceNumbers {
        /// Its id.
        instance_id: String,
        /// Its environment.
        environment: String,
        /// Its region.
        region: String,
        /// Its state.
        status: Status,
        /// Queues.
        queues: Option<i64>,
        /// Consumer groups.
        consumer_groups: Option<i64>,
        /// Event stores.
        event_stores: Option<i64>,
        /// Messages.
        messages: Option<i64>,
        /// Consumers.
        consumers: Option<i64>,
    }
}

answer! {
    /// Queues by name.
    GroupedQueues {
        /// How many names.
        queue_count: u64,
        /// The queues.
        queues: Vec<NamedQueue>,
        /// Sums.
        aggregated_stats: QueueStats,
    }
}

part! {
    /// The queues of one name.
    NamedQueue {
        /// The name.
        queue_name: String,
        /// Where they are.
        instances: Vec<QueuePart>,
        /// Messages in all.
        total_messages: Option<i64>,
        /// Consumers in all.
        total_consumers: Option<i64>,
        /// Plain mean of the rates.
        average_processing_rate: Option<f64>,
    }
}

part! {
    /// A queue on one instance.
    QueuePart {
        /// Where.
        instance_id: String,
        /// In which setup.
        setup_id: Option<String>,
        /// Messages.
        message_count: Option<i64>,
        /// Consumers.
        consumer_count: Option<i64>,
        /// Messages a second.
        processing_rate: Option<f64>,
        /// How it stands.
        status: String,
        /// Whether it counts: `counted`, or why not.
        standing: Option<String>,
    }
}

part! {
    /// Sums over queues.
    QueueStats {
        /// Messages.
        total_messages: Option<i64>,
        /// Consumers.
        total_consumers: Option<i64>,
        /// Plain mean of the rates.
        average_processing_rate: Option<f64>,
        /// Names that stand well.
        healthy_queues: u64,
        /// Names that do not.
        unhealthy_queues: u64,
        /// Names of which nothing is known.
        unknown_queues: u64,
    }
}

answer! {
    /// Consumer groups by name.
    GroupedGroups {
        /// How many names.
        group_count: u64,
        /// The groups.
        consumer_groups: Vec<NamedGroup>,
        /// Sums.
        aggregated_stats: GroupStats,
    }
}

part! {
    /// The consumer groups of one name.
    NamedGroup {
        /// The name.
        group_id: String,
        /// Where they are.
        instances: Vec<GroupPart>,
        /// Consumers in all.
        total_consumers: Option<i64>,
        /// Messages processed in all.
        total_messages_processed: Option<i64>,
        /// Messages behind in all.
        total_lag: Option<i64>,
        /// Plain mean of the lag.
        average_lag: Option<f64>,
    }
}

part! {
    /// A consumer group on one instance.
    GroupPart {
        /// Where.
        instance_id: String,
        /// In which setup.
        setup_id: Option<String>,
        /// Of which queue.
        queue_name: Option<String>,
        /// Consumers.
        consumer_count: Option<i64>,
        /// Messages processed.
        messages_processed: Option<i64>,
        /// Messages behind.
        lag: Option<i64>,
        /// How it stands.
        status: String,
    }
}

part! {
    /// Sums over consumer groups.
    GroupStats {
        /// Consumers.
        total_consumers: Option<i64>,
        /// Messages processed.
        total_messages_processed: Option<i64>,
        /// Messages behind.
        total_lag: Option<i64>,
        /// Groups at work.
        active_groups: u64,
        /// Groups at rest.
        inactive_groups: u64,
    }
}

answer! {
    /// Event stores by name.
    GroupedStores {
        /// How many names.
        event_store_count: u64,
        /// The stores.
        event_stores: Vec<NamedStore>,
        /// Sums.
        aggregated_stats: StoreStats,
    }
}

part! {
    /// The event stores of one name.
    NamedStore {
        /// The name.
        store_name: String,
        /// Where they are.
        instances: Vec<StorePart>,
        /// Events in all.
        total_events: Option<i64>,
        /// Streams in all.
        total_streams: Option<i64>,
        /// Size in all.
        total_storage_size: Option<String>,
    }
}

part! {
    /// An event store on one instance.
    StorePart {
        /// Where.
        instance_id: String,
        /// In which setup.
        setup_id: Option<String>,
        /// Events.
        event_count: Option<i64>,
        /// Streams.
        stream_count: Option<i64>,
        /// Size.
        storage_size: Option<String>,
        /// How it stands.
        status: String,
    }
}

part! {
    /// Sums over event stores.
    StoreStats {
        /// Events.
        total_events: Option<i64>,
        /// Streams.
        total_streams: Option<i64>,
        /// Size.
        total_storage_size: Option<String>,
        /// Events by stream.
        average_events_per_stream: Option<f64>,
        /// Stores that stand well.
        healthy_stores: u64,
        /// Stores that do not.
        unhealthy_stores: u64,
    }
}

answer! {
    /// Metrics of the instances as one.
    Metrics {
        /// By field: `system`, `application`, `database`, `queues`, and those of the original.
        metrics: BTreeMap<String, Value>,
        /// Instance by instance.
        instance_metrics: Vec<InstanceFigures>,
    }
}

/// Metrics of the instances as one, as the original's clients know them.
pub type FlatMetrics = Metrics;

part! {
    /// Figures of one instance.
    InstanceFigures {
        /// Its id.
        instance_id: String,
        /// Per cent.
        cpu_usage: Option<f64>,
        /// With its unit.
        memory_usage: Option<String>,
        /// Requests a second.
        requests_per_second: Option<f64>,
        /// With its unit.
        response_time: Option<String>,
    }
}

part! {
    /// Something as an instance sent it, with where it came from.
    FlatRow {
        /// From whom.
        source_instance_id: String,
        /// From where.
        source_host: String,
        /// At which port.
        source_port: u16,
        /// Of which environment.
        source_environment: String,
        /// In which region.
        source_region: String,
        /// Everything else.
        #[serde(flatten)]
        fields: BTreeMap<String, Value>,
    }
}

answer! {
    /// Queues as sent.
    FlatQueues {
        /// How many rows.
        queue_count: u64,
        /// The rows.
        queues: Vec<FlatRow>,
    }
}

answer! {
    /// Consumer groups as sent.
    FlatGroups {
        /// How many rows.
        group_count: u64,
        /// The rows.
        consumer_groups: Vec<FlatRow>,
    }
}

answer! {
    /// Event stores as sent.
    FlatStores {
        /// How many rows.
        event_store_count: u64,
        /// The rows.
        event_stores: Vec<FlatRow>,
    }
}
