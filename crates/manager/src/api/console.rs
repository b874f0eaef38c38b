//! Where the web console is reached. Its files and their headers are those of `ui`.

use axum::extract::Request;
use axum::response::{IntoResponse, Redirect, Response};
use http::StatusCode;

use super::error::ApiError;
use crate::ui;

/// Relative, because a proxy may have put a path in front: both `/` and `/ui` lead to `/ui/`.
pub(super) async fn redirect() -> Redirect {
    Redirect::temporary("ui/")
}

/// Anything below `/ui/`. The path is taken as it was sent: a decoded `/` must not count as one.
pub(super) async fn file(request: Request) -> Response {
    let path = request.uri().path();
    let below = path.strip_prefix("/ui/").unwrap_or_default();
    let missing = || ApiError::new(StatusCode::NOT_FOUND, format!("there is nothing at {path}: the console is at /ui/")).into_response();
    ui::answer(below, request.headers()).unwrap_or_else(missing)
}
