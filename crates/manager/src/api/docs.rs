//! The description of the API, made from the code, and a page to browse it that loads nothing from outside.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use std::sync::{Arc, LazyLock};
use utoipa::OpenApi;
use utoipa_swagger_ui::Config;

use super::answer;
use super::error::ApiError;

/// What stands above the operations.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "PeeGeeQ Service Manager",
        description = "Registry, health monitor, gateway and federated view in front of PeeGeeQ instances. Serves the paths of the guide \
                       (`/api/v1/federation/…`) and of the original (`/api/v1/federated/…`). Errors always have the same envelope, with a `requestId`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "instances", description = "Registering and reading instances"),
        (name = "health", description = "Checking instances now"),
        (name = "federation", description = "The whole cluster in one answer"),
        (name = "cluster as an instance", description = "The whole cluster in the shape of one instance, for its clients and its UI"),
        (name = "events", description = "What happened, and what was true at another time"),
        (name = "incidents", description = "What failed together, what changed before, and how it ended"),
        (name = "updates", description = "What changes, as it changes"),
        (name = "routing", description = "How requests on the instances' paths are spread, and what would become of one"),
        (name = "instance data", description = "One instance's own answers, passed on"),
        (name = "manager", description = "The manager itself"),
    ),
    modifiers(&Bearer)
)]
pub(super) struct Description;

/// Lets the page send a token; without tokens configured nobody needs one.
struct Bearer;

impl utoipa::Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme};
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_default().add_security_scheme("bearer", scheme);
        document.security = Some(vec![SecurityRequirement::default(), SecurityRequirement::new("bearer", Vec::<String>::new())]);
    }
}

/// The document as it is served at `/openapi.json` and kept in `contract/`.
static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
    let text = super::router::description().to_pretty_json().unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    Bytes::from(text + "\n")
});

static PAGE: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| Arc::new(Config::from("../openapi.json").validator_url("none")));

/// The description of the API as JSON text.
pub fn openapi_json() -> &'static str {
    std::str::from_utf8(&DOCUMENT).unwrap_or("{}")
}

pub(super) async fn openapi() -> Response {
    answer::bytes(StatusCode::OK, DOCUMENT.clone())
}

/// The page loads its parts by relative path, so it must end in a slash.
pub(super) async fn page_without_slash() -> Redirect {
    Redirect::permanent("/docs/")
}

pub(super) async fn page() -> Response {
    serve("index.html")
}

pub(super) async fn file(Path(path): Path<String>) -> Response {
    serve(&path)
}

fn serve(path: &str) -> Response {
    match utoipa_swagger_ui::serve(path, PAGE.clone()) {
        Ok(Some(file)) => {
            let mut response = Response::new(axum::body::Body::from(file.bytes.into_owned()));
            let kind = HeaderValue::try_from(file.content_type).unwrap_or(HeaderValue::from_static("application/octet-stream"));
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
            response
        }
        Ok(None) => ApiError::new(StatusCode::NOT_FOUND, "no such file of the API page: see /docs/").into_response(),
        Err(error) => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, format!("internal error: the API page cannot be read: {error}"))
            .into_response(),
    }
}

/// The page's own script writes styles; nothing comes from anywhere else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
);
