//! Looking back: `history`, `availability`.

use std::fmt::Write;

use peegeeq_service_manager_client::{EventQuery, requests};

use crate::cli::operate::failure::Failure;
use crate::cli::operate::line::{Availability, History};
use crate::cli::operate::output::{Cell, Ordered, Page, Screen, Table, Tone, cell, lines, text};
use crate::cli::operate::{Call, events};

/// What the journal says of one instance, the oldest first.
pub(super) async fn history(call: &Call, asked: History) -> Result<Page, Failure> {
    let query = EventQuery { kind: asked.kind, limit: Some(asked.limit), newest_first: true, ..EventQuery::default() };
    let answer = call.client.ask(requests::history(&asked.id, &query)).await?;
    events::page(call, &answer.body, &query)
}

/// How much of the time an instance was available.
pub(super) async fn availability(call: &Call, asked: Availability) -> Result<Page, Failure> {
    let answer = call.client.ask(requests::availability(&asked.id, asked.window.as_deref())).await?;
    let raw = Ordered::read(&answer.body)?;
    Page::shaped(call.format, &answer.body, || vec![asked.id.clone()], || available(&raw, &call.screen))
}

fn available(raw: &Ordered, screen: &Screen) -> String {
    let said = |name: &str| raw.get(name).filter(|value| **value != Ordered::Null).map(Ordered::plain);
    let span = |name: &str| said(name).and_then(|text| text.parse::<f64>().ok()).map(spelled);
    let words = |name: &str| lines(&said(name).unwrap_or_default());
    let share = match said("availability").and_then(|text| text.parse::<f64>().ok()) {
        Some(share) => format!("available {} % of the time that is known", percent(share)),
        None => "not known to have been available or not".to_owned(),
    };
    let mut out = format!("{}: {share}, over {}\n", words("instanceId"), words("window"));
    let known = [("knownSeconds", "known"), ("unknownSeconds", "unknown"), ("excludedSeconds", "not counted")];
    let known: Vec<String> = known.iter().filter_map(|(name, word)| Some(format!("{} {word}", span(name)?))).collect();
    let _ = write!(out, "{}; {} failures", known.join(", "), words("failures"));
    let means = [("mttrSeconds", "to repair"), ("mtbfSeconds", "between failures")];
    means.iter().filter_map(|(name, word)| Some((span(name)?, word))).for_each(|(span, word)| {
        let _ = write!(out, ", {span} {word}");
    });
    out.push_str("\n\n");
    let mut table = Table::new(&[text("FROM", 0), text("TO", 0), text("STATE", 0)]);
    for span in raw.get("spans").map(Ordered::list).unwrap_or_default() {
        let said = |name: &str| span.get(name).filter(|value| **value != Ordered::Null).map(Ordered::plain);
        let to = said("to").map_or_else(|| Cell::toned("now", Tone::Dim), cell);
        table.row([said("from").into(), to, Cell::state(said("state").unwrap_or_default())]);
    }
    out + &table.render(screen)
}

/// As many digits as say something, and never 100 for less.
fn percent(share: f64) -> String {
    let percent = (share * 100_000.0).floor() / 1_000.0;
    format!("{percent:.3}").trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A span in its two largest units.
fn spelled(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, and whole seconds are enough")]
    let whole = seconds.clamp(0.0, 1e12) as u64;
    match whole {
        0..60 => format!("{whole}s"),
        60..3_600 => format!("{}m {}s", whole / 60, whole % 60),
        3_600..86_400 => format!("{}h {}m", whole / 3_600, whole % 3_600 / 60),
        _ => format!("{}d {}h", whole / 86_400, whole % 86_400 / 3_600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_spans_are_told_honestly() {
        assert_eq!([1.0, 0.999_999_9, 0.5, 0.0].map(percent), ["100", "99.999", "50", "0"]);
        assert_eq!([0.4, 61.0, 7_260.0, 90_000.0].map(spelled), ["0s", "1m 1s", "2h 1m", "1d 1h"]);
    }

    #[test]
    fn what_is_not_known_is_not_told_as_a_number() {
        let raw = Ordered::read(br#"{"instanceId": "a", "window": "7d", "availability": null, "failures": 0, "knownSeconds": 0.0, "unknownSeconds": 604800.0, "excludedSeconds": 0.0, "mttrSeconds": null, "spans": [{"from": "t", "to": null, "state": "unknown"}]}"#);
        let told = available(&raw.expect("JSON"), &Screen::default());
        assert!(
            told.starts_with("a: not known to have been available or not, over 7d\n0s known, 7d 0h unknown, 0s not counted; 0 failures\n"),
            "{told}"
        );
        assert!(told.contains("t     now  unknown"), "{told}");
    }
}
