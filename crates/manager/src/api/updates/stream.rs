//! `GET /api/v1/updates`

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::{self, Stream};
use http::{HeaderName, HeaderValue, header};

use super::request::{self, UpdatesParameters};
use super::{UpdatesApi, refusal};
use crate::api::error::ErrorBody;
use crate::api::extract::query;
use crate::updates::{Delivery, Subscription};

/// How long a browser waits before it comes back, and a comment that makes proxies pass on the head at once.
const FIRST: &[u8] = b": welcome\nretry: 2000\n\n";

/// Tells what changes, as it changes: a `snapshot`, then `change` and `journal` events, and `resync` before another snapshot.
///
/// With the topic `incidents` also `incidents` (those that are open, with the snapshot: `{"incidents":[…],"timestamp":…}`) and `incident` (one that opened,
/// changed or closed: `{"incident":{…},"timestamp":…}`, in the shape of the list of incidents).
///
/// Any `metadata.KEY=VALUE` is a filter too. The id of each event is a position of the journal; a reconnecting browser goes on
/// from there. A comment comes every 15 seconds when nothing else does.
#[utoipa::path(
    get, path = "/api/v1/updates", tag = "updates", operation_id = "streamUpdates",
    params(UpdatesParameters),
    responses(
        (status = 200, description = "a stream of events that ends when the manager stops", body = String, content_type = "text/event-stream"),
        (status = 400, description = "a parameter is wrong", body = ErrorBody),
        (status = 401, description = "needs a token", body = ErrorBody),
        (status = 503, description = "too many subscribers, or stopping", body = ErrorBody),
    )
)]
pub(super) async fn stream_updates(State(api): State<Arc<UpdatesApi>>, request: Request) -> Response {
    let (view, since) = match request::read(query(request.uri()), request.headers()) {
        Ok(read) => read,
        Err(error) => return error.into_response(),
    };
    let subscription = match api.updates.subscribe(view, since) {
        Ok(subscription) => subscription,
        Err(refused) => return refusal(refused).into_response(),
    };
    let mut response = Response::new(Body::from_stream(texts(subscription)));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

fn texts(subscription: Subscription) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    let begun = (subscription, VecDeque::from([Bytes::from_static(FIRST)]));
    stream::unfold(begun, |(mut subscription, mut texts)| async move {
        if texts.is_empty() {
            match subscription.next().await {
                Delivery::Texts(more) => texts.extend(more),
                Delivery::End => return None,
            }
        }
        let text = texts.pop_front()?;
        Some((Ok(text), (subscription, texts)))
    })
}
