//! How the room is set.

use std::time::Duration;

use ipnet::IpNet;
use peegeeq_domain::routing::accrual::AccrualPolicy;
use peegeeq_domain::routing::panic::PanicPolicies;
use peegeeq_domain::routing::pick::Strategies;
use peegeeq_domain::routing::retry::BudgetPolicy;
use peegeeq_domain::routing::table::Policy;

use super::hedge::HedgePolicy;

/// How requests are sent on.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Who this manager is, for the header by which loops are seen.
    pub manager_id: String,
    /// Who of several that can serve a request does.
    pub strategies: Strategies,
    /// Whether requests for one setup go to one instance, as long as it is not much busier than others.
    pub affinity_by_setup: bool,
    /// How the table is built: what is near, slow start, how many may be ejected.
    pub policy: Policy,
    /// What happens when nobody is well.
    pub panics: PanicPolicies,
    /// How many further attempts all requests together may have, over all workers.
    pub budget: BudgetPolicy,
    /// The most further attempts after a first one failed.
    pub retries_max: u32,
    /// When a read is sent to a second instance because the first takes long.
    pub hedge: HedgePolicy,
    /// When an instance is left alone because requests to it fail.
    pub accrual: AccrualPolicy,
    /// For the head of the answer, with all attempts. A body still being sent is not counted.
    pub timeout: Duration,
    /// The most that a client may ask for with `X-Request-Timeout-Ms`.
    pub timeout_max: Duration,
    /// The longest time in which a body or an upgraded connection may stand still.
    pub stream_idle: Duration,
    /// The longest time an answer may take to its end.
    pub stream_total: Duration,
    /// The most bytes of an answer's head.
    pub head_max: usize,
    /// The most requests under way to one instance.
    pub concurrency: usize,
    /// The most requests waiting for a place at one instance.
    pub queue_max: usize,
    /// How long one may wait.
    pub queue_timeout: Duration,
    /// The most unused connections that one worker keeps to one instance.
    pub idle_connections_max: usize,
    /// Networks whose proxies are believed what they say of the client.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether clients speak HTTPS to this manager.
    pub clients_speak_https: bool,
    /// Whether `Authorization` and `Cookie` of the client are sent on. The manager's own tokens never are.
    pub forward_credentials: bool,
    /// How many workers there are.
    pub workers: usize,
}

impl GatewaySettings {
    /// The part of the budget of one worker. The reserve is shared out; a worker has a retry a second if there is any reserve.
    pub(super) fn budget_of_worker(&self) -> BudgetPolicy {
        let workers = u32::try_from(self.workers.max(1)).unwrap_or(u32::MAX);
        BudgetPolicy { reserve_per_second: self.budget.reserve_per_second.div_ceil(workers), ..self.budget }
    }
}
