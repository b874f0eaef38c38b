//! stub
use std::time::Duration;
/// stub
#[derive(Clone, Debug)]
pub struct FederationHandle;
#[expect(missing_docs)]
pub struct FederationSettings {
    pub max_age: Option<Duration>,
    pub source_timeout: Duration,
    pub request_timeout: Duration,
    pub concurrency: usize,
    pub response_max: usize,
}
/// stub
pub fn start(
    _: FederationSettings,
    _: crate::registry::CatalogReader,
    _: std::sync::Arc<crate::observations::Observations>,
    _: crate::net::Client,
    _: crate::tasks::Tasks,
) -> FederationHandle {
    FederationHandle
}
