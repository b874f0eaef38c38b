//! What these answers say beside what an instance would: who was asked, what is missing, what was left out.

use bytes::Bytes;
use peegeeq_domain::federation::Part;

use super::conflicts::conflicts;
use crate::api::federation::envelope::{DEGRADED_MAX, sources};
use crate::api::federation::text::JsonText;
use crate::api::wire::federation::{CoverageView, DegradedSetupView, FailedInstance, SharedSetupView};
use crate::federation::{Attached, Content, Prepared};

/// Rows that strict readers would refuse and that could not be mended.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// How many.
    pub(super) rows: usize,
    /// What was wrong with the first of them.
    pub(super) first: Option<String>,
}

impl LeftOut {
    pub(super) fn add(&mut self, reason: String) {
        self.rows += 1;
        self.first.get_or_insert(reason);
    }
}

/// Writes an answer: first what changes with time, then how complete it is, then what `body` writes.
pub(super) fn prepare<C: Content>(content: &C, body: impl FnOnce(&mut JsonText) -> LeftOut) -> Prepared {
    let mut prepared = Prepared::default();
    prepared.text(b"{\"timestamp\":");
    prepared.now_millis();
    sources(&mut prepared, content.parts());
    let mut text = JsonText::default();
    standing(&mut text, content);
    let left_out = body(&mut text);
    text.field("leftOutRows", &left_out.rows);
    if let Some(reason) = &left_out.first {
        text.field("leftOutReason", reason);
    }
    text.raw(b"}");
    if text.is_too_long() {
        prepared.cut();
        return prepared;
    }
    prepared.rest(Bytes::from(text.into_bytes()));
    prepared
}

fn standing<C: Content>(text: &mut JsonText, content: &C) {
    let (parts, coverage) = (content.parts(), content.coverage());
    let failed: Vec<_> = parts.iter().filter_map(FailedInstance::of).collect();
    let shared: Vec<_> = content.shared().iter().map(|shared| SharedSetupView::of(shared, parts)).collect();
    text.field("complete", &coverage.complete()).field("coverage", &CoverageView::from(coverage));
    text.field("failedInstances", &failed).field("sharedSetups", &shared).field("degradedSetups", &degraded(parts));
    text.field("conflicts", &conflicts(parts));
}

fn degraded<T>(parts: &[Part<T, Attached>]) -> Vec<DegradedSetupView<'_>> {
    let all = parts.iter().flat_map(|part| part.degraded.iter().map(move |setup| DegradedSetupView::of(part, setup)));
    all.take(DEGRADED_MAX).collect()
}
