//! Orders: `drain`, `resume`, `maintenance`.

use peegeeq_service_manager_client::models::instances::Ordered;
use peegeeq_service_manager_client::{Order, Request, requests};

use super::{Outcomes, state};
use crate::cli::operate::Call;
use crate::cli::operate::failure::{Failure, unless_too_old};
use crate::cli::operate::line::{Drain, Maintenance, Resume};
use crate::cli::operate::output::{Page, lines};

pub(super) async fn drain(call: &Call, asked: Drain) -> Result<Page, Failure> {
    let options = asked.order;
    let order =
        Order { reason: options.reason, until: options.until, lasting: options.lasting, deadline: asked.deadline, ..Order::default() };
    each(call, &asked.ids, |id| requests::drain(id, &order)).await
}

pub(super) async fn resume(call: &Call, asked: Resume) -> Result<Page, Failure> {
    let order = Order { reason: asked.reason, ..Order::default() };
    each(call, &asked.ids, |id| requests::resume(id, &order)).await
}

pub(super) async fn maintenance(call: &Call, asked: Maintenance) -> Result<Page, Failure> {
    let options = asked.order;
    let order = Order { reason: options.reason, until: options.until, lasting: options.lasting, ..Order::default() };
    each(call, &asked.ids, |id| requests::maintenance(id, &order)).await
}

async fn each(call: &Call, ids: &[String], request: impl Fn(&str) -> Request<Ordered>) -> Result<Page, Failure> {
    let mut outcomes = Outcomes::default();
    for id in ids {
        let outcome = ordered(call, id, request(id)).await;
        outcomes.add(id, outcome);
    }
    Ok(outcomes.page)
}

async fn ordered(call: &Call, id: &str, request: Request<Ordered>) -> Result<String, Failure> {
    let path = request.path().to_owned();
    let answer = call.client.ask(request).await.map_err(|error| unless_too_old(error, "drain, resume and maintenance"))?;
    let ordered: Ordered = call.client.read(&path, &answer.body)?;
    let page = Page::shaped(call.format, &answer.body, || vec![id.to_owned()], || sentence(id, &ordered))?;
    Ok(page.output.trim_end().to_owned())
}

fn sentence(id: &str, ordered: &Ordered) -> String {
    let until = ordered.order.as_ref().and_then(|order| order.until.as_deref());
    let until = until.map(|until| format!(" until {until}")).unwrap_or_default();
    let unchanged = if ordered.changed { "" } else { "; it was so before" };
    lines(&format!("{id}: {}{until}{unchanged}", state(&ordered.status, &ordered.presence)))
}
