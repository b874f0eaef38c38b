//! `GET /api/v1/updates` (an event stream) and `/ws/updates` (messages): the same things, in the same order.
//!
//! Owns what a subscriber may say, and both protocols. Does not own what is told (the room `updates` does).

mod render;
mod request;
mod socket;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::ApiError;
use crate::updates::{Refused, UpdatesHandle};
pub use render::Rows;

/// What handlers of live updates have at hand.
#[derive(Debug)]
pub struct UpdatesApi {
    /// Where subscribers come from.
    pub updates: UpdatesHandle,
    /// How long a message may wait for a client that does not read.
    pub patience: Duration,
}

pub(super) fn routes() -> OpenApiRouter<Arc<UpdatesApi>> {
    OpenApiRouter::new().routes(routes!(stream::stream_updates)).routes(routes!(socket::socket_updates))
}

fn refusal(refused: Refused) -> ApiError {
    match refused {
        Refused::Full => ApiError::busy("there are as many subscribers as allowed (updates.subscribers.max): try again later"),
        Refused::Stopping => ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "the manager is stopping: subscribe again when it is back"),
    }
}
