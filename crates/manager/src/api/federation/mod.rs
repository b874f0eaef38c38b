//! stub
use std::sync::Arc;
/// stub
#[derive(Debug)]
pub struct FederationApi;
impl FederationApi {
    /// stub
    pub fn new(_: crate::federation::FederationHandle, _: crate::config::EmptyStatus) -> Self {
        Self
    }
}
/// stub
pub fn routes() -> utoipa_axum::router::OpenApiRouter<Arc<FederationApi>> {
    utoipa_axum::router::OpenApiRouter::new().route("/zz", axum::routing::get(|| async {}))
}
