//! Putting a whole answer together: what it says about itself first, because only there are times to fill in.

use bytes::Bytes;
use peegeeq_domain::federation::Part;

use super::query::{Page, View};
use super::shown::Shown;
use super::text::JsonText;
use crate::api::wire::federation::{CoverageView, DegradedSetupView, FailedInstance, SharedSetupView, StableSource};
use crate::federation::{Answer, Attached, Prepared};

/// What is said where nobody gave anything, in the original's words.
pub(super) const NOBODY: &str = "No healthy instances available";

/// The most degraded setups that are named.
pub(in crate::api) const DEGRADED_MAX: usize = 100;

/// What of an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it, or one page of the main array.
    Whole(View, Option<Page>),
    /// Only how complete it is.
    Completeness,
}

/// Writes an answer.
pub(super) fn prepare<C: Shown>(answer: &Answer<C>, extent: Extent) -> Prepared {
    let content = &answer.content;
    let mut prepared = Prepared::default();
    head(&mut prepared, content);
    let mut text = JsonText::default();
    standing(&mut text, content);
    if let Extent::Whole(view, page) = extent {
        if let Some(page) = page {
            let total = page.total(content.length(view));
            text.field("page", &page.number).field("pageSize", &page.size).field("totalPages", &total);
        }
        content.write(&mut text, view, page);
    }
    text.raw(b"}");
    if text.is_too_long() {
        prepared.cut();
        return prepared;
    }
    prepared.rest(Bytes::from(text.into_bytes()));
    prepared
}

/// Everything that changes with time.
fn head<C: Shown>(prepared: &mut Prepared, content: &C) {
    let message = match content.coverage().answered {
        0 => NOBODY.to_owned(),
        _ => format!("Federated {} retrieved successfully", C::SUBJECT),
    };
    let mut text = JsonText::default();
    text.raw(b"{\"message\":").value(&message).key("timestamp");
    prepared.text(&text.into_bytes());
    prepared.now();
    sources(prepared, content.parts());
}

/// Every instance, whether it was asked, and what came of it.
pub(in crate::api) fn sources<T>(prepared: &mut Prepared, parts: &[Part<T, Attached>]) {
    prepared.text(b",\"sources\":[");
    for (number, part) in parts.iter().enumerate() {
        source(prepared, number, part);
    }
    prepared.text(b"]");
}

fn source<T>(prepared: &mut Prepared, number: usize, part: &Part<T, Attached>) {
    let mut text = JsonText::with_capacity(256);
    text.value(&StableSource::of(part));
    let text = text.into_bytes();
    if number > 0 {
        prepared.text(b",");
    }
    prepared.text(text.strip_suffix(b"}").unwrap_or(&text));
    prepared.text(b",\"ageMs\":");
    match part.attached.took {
        Some(_) => prepared.millis_since(part.attached.at),
        None => prepared.text(b"null"),
    }
    prepared.text(b"}");
}

/// How complete the answer is, and why.
fn standing<C: Shown>(text: &mut JsonText, content: &C) {
    let (parts, coverage) = (content.parts(), content.coverage());
    let failed: Vec<_> = parts.iter().filter_map(FailedInstance::of).collect();
    let shared: Vec<_> = content.shared().iter().map(|shared| SharedSetupView::of(shared, parts)).collect();
    let degraded = parts.iter().flat_map(|part| part.degraded.iter().map(move |setup| (part, setup)));
    let degraded_count = degraded.clone().count();
    let degraded: Vec<_> = degraded.take(DEGRADED_MAX).map(|(part, setup)| DegradedSetupView::of(part, setup)).collect();
    let mut placeholders: Vec<_> = parts.iter().flat_map(|part| part.attached.placeholders.iter().copied()).collect();
    placeholders.sort_unstable();
    placeholders.dedup();
    let placeholders: Vec<_> = placeholders.into_iter().map(|placeholder| placeholder.field()).collect();
    text.field("instanceCount", &coverage.answered).field("instancesQueried", &coverage.asked);
    text.field("complete", &coverage.complete()).field("partial", &!coverage.complete()).field("coverage", &CoverageView::from(coverage));
    text.field("failedInstances", &failed).field("unavailable", &content.unavailable()).field("placeholders", &placeholders);
    text.field("sharedSetups", &shared).field("degradedSetups", &degraded).field("degradedSetupCount", &degraded_count);
}
