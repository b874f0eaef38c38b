//! `routing` and `route explain`: where requests go.

use peegeeq_service_manager_client::requests;
use serde_json::{Map, Value, json};

use super::failure::{Failure, unless_too_old};
use super::line::{Explain, Span};
use super::output::{Ordered, Page, anything};
use super::{Call, repeat};

pub(super) async fn show(call: &Call, watch: Option<Span>) -> Result<Page, Failure> {
    repeat::once_or_watch(watch, async || {
        let answer = call.client.ask(requests::routing()).await;
        let answer = answer.map_err(|error| unless_too_old(error, "routing to show (/api/v1/routing)"))?;
        shaped(call, &answer.body)
    })
    .await
}

pub(super) async fn explain(call: &Call, asked: Explain) -> Result<Page, Failure> {
    if !asked.path.starts_with('/') {
        return Err(Failure::usage("the path begins with /, as in /api/v1/queues/SETUP/QUEUE"));
    }
    let answer = call.client.ask(requests::explain_route(&question(asked))).await;
    let answer = answer.map_err(|error| unless_too_old(error, "explanation of routes (/api/v1/routing/explain)"))?;
    shaped(call, &answer.body)
}

/// The request that is asked about. An explicit choice is made by headers, as in a real request.
fn question(asked: Explain) -> Value {
    let mut headers: Map<String, Value> = asked.header.into_iter().map(|(name, value)| (name, Value::String(value))).collect();
    let choices =
        [("X-PeeGeeQ-Instance", asked.instance), ("X-PeeGeeQ-Environment", asked.environment), ("X-PeeGeeQ-Region", asked.region)];
    for (name, value) in choices {
        headers.extend(value.map(|value| (name.to_owned(), Value::String(value))));
    }
    json!({"method": asked.method.to_ascii_uppercase(), "path": asked.path, "headers": headers})
}

fn shaped(call: &Call, body: &[u8]) -> Result<Page, Failure> {
    let raw = Ordered::read(body)?;
    let chosen = || raw.get("chosen").or_else(|| raw.get("choice")).map(|chosen| chosen.get("instanceId").unwrap_or(chosen).plain());
    Page::shaped(call.format, body, || chosen().into_iter().collect(), || anything::show(&raw, &call.screen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_the_request_itself() {
        let asked = Explain { path: "/api/v1/x".into(), method: "post".into(), region: Some("eu".into()), ..Explain::default() };
        assert_eq!(question(asked), json!({"method": "POST", "path": "/api/v1/x", "headers": {"X-PeeGeeQ-Region": "eu"}}));
    }
}
