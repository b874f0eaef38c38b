//! Owns what an instance tells its own streams: messages, changes of queues, events. As in a real instance, only those
//! connected to the instance that did it hear of it.

use serde_json::Value;

/// Something that streams may want to tell.
#[derive(Clone, Debug)]
pub(crate) enum Happening {
    /// A message was taken by a queue.
    Message { setup: String, queue: String, id: String, payload: Value, headers: Value },
    /// A queue changed; `change` is the word on the wire.
    Queue { setup: String, queue: String, change: &'static str },
    /// An event was stored.
    Event { setup: String, store: String, event: Value },
}
