//! The description of the API, made from the code, and a page to browse it that loads nothing from outside.

use axum::extract::Path;
use axum::response::{Redirect, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use std::sync::LazyLock;
use utoipa::OpenApi;

use super::answer;

mod page;

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

pub(super) async fn page(request: HeaderMap) -> Response {
    page::answer("index.html", &request)
}

pub(super) async fn file(Path(path): Path<String>, request: HeaderMap) -> Response {
    page::answer(&path, &request)
}
