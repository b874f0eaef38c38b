//! An incident as a page of Markdown, to paste into a report.
//!
//! Owns the page and its escaping: every name and sentence may come from outside, and none of it may become markup, a link or a
//! line of its own.

use std::fmt::Write as _;

use crate::api::wire::incident::{AffectedView, BeforeView, IncidentAnswer, IncidentView, StepView};

/// The page.
pub(super) fn page(told: &IncidentAnswer) -> String {
    let mut page = String::new();
    head(&mut page, &told.incident);
    before(&mut page, &told.before);
    affected(&mut page, &told.affected, told.affected_omitted);
    timeline(&mut page, &told.timeline, told.timeline_omitted);
    // Writing to memory cannot fail.
    let _ = writeln!(page, "\nWritten {}.", told.timestamp);
    page
}

fn head(page: &mut String, incident: &IncidentView) {
    let _ = writeln!(page, "# Incident {}: {}\n", incident.id, escaped(&incident.title));
    let mut row = |name: &str, value: &str| {
        let _ = writeln!(page, "- {name}: {value}");
    };
    row("Status", incident.status);
    let name = incident.scope.name.as_deref().map(|name| format!(" {}", escaped(name))).unwrap_or_default();
    row("Scope", &format!("{}{name}", incident.scope.kind));
    row("Began", &incident.started_at);
    row("Opened", &format!("{} by entry {}", incident.opened_at, incident.opened_by));
    row("Last trouble", &incident.last_bad_at);
    row("Nothing bad since", incident.stable_since.as_deref().unwrap_or("–"));
    row("Closed", incident.closed_at.as_deref().unwrap_or("–"));
    row("Duration", &format!("{} s", incident.duration_ms / 1000));
    row("Worst", incident.worst);
    let counts = &incident.affected;
    let (bad, recovered) = (counts.bad, counts.recovered);
    let now = format!("{bad} bad, {recovered} recovered, {} left, {} unknown", counts.left, counts.unknown);
    row("Affected", &format!("{} on {} instances: {now}", counts.total, counts.instances));
    row("Relapses", &incident.relapses.to_string());
}

fn before(page: &mut String, before: &[BeforeView]) {
    page.push_str("\n## What changed before\n\n");
    if before.is_empty() {
        return page.push_str("Nothing that the journal knows.\n");
    }
    page.push_str("| when | seconds before | relation | what | entry |\n|---|---|---|---|---|\n");
    for change in before {
        let (what, seconds) = (escaped(&change.summary), change.seconds_before);
        let _ = writeln!(page, "| {} | {seconds} | {} | {what} | {} |", change.at, change.relation, change.event);
    }
}

fn affected(page: &mut String, affected: &[AffectedView], omitted: usize) {
    page.push_str("\n## Affected\n\n");
    if affected.is_empty() {
        return page.push_str("No instance.\n");
    }
    page.push_str("| instance | setup | first bad | worst | now | recovered | times | reason |\n|---|---|---|---|---|---|---|---|\n");
    for one in affected {
        let setup = one.setup.as_deref().map_or_else(|| "–".to_owned(), escaped);
        let recovered = one.recovered_at.as_deref().unwrap_or("–");
        let (id, reason) = (escaped(&one.instance_id), escaped(&one.reason));
        let (first, worst, now, times) = (&one.first_bad_at, one.worst, one.now, one.times_bad);
        let _ = writeln!(page, "| {id} | {setup} | {first} | {worst} | {now} | {recovered} | {times} | {reason} |");
    }
    if omitted > 0 {
        let _ = writeln!(page, "\n{omitted} more are not listed.");
    }
}

fn timeline(page: &mut String, steps: &[StepView], omitted: u64) {
    page.push_str("\n## Timeline\n\n| when | step | what | entry |\n|---|---|---|---|\n");
    for step in steps {
        let event = step.event.as_deref().unwrap_or("–");
        let _ = writeln!(page, "| {} | {} | {} | {event} |", step.at, step.step, escaped(&step.summary));
    }
    if omitted > 0 {
        let _ = writeln!(page, "\n{omitted} steps in the middle are not kept.");
    }
}

/// A text from outside on one line, in which nothing means anything.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            // Entities, because a backslash does not keep all renderers from reading a tag or a bare address.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            ':' => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            character if character.is_control() || is_invisible(character) => out.push(' '),
            '.' | ',' | ' ' | '/' => out.push(character),
            character if character.is_ascii_punctuation() => {
                out.push('\\');
                out.push(character);
            }
            character => out.push(character),
        }
    }
    // A bare `www.` is a link to some.
    out.replace("www.", "www\\.")
}

/// Ends lines, or turns the direction of text.
const fn is_invisible(character: char) -> bool {
    matches!(character, '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{FEFF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let hostile = "<img src=x onerror=alert(1)> | [x](javascript:1)\n# head `code` ![i](http://e) *b* \u{202E}www.e.com a@b.c";
        let text = escaped(hostile);
        assert_eq!(
            text,
            "&lt;img src\\=x onerror\\=alert\\(1\\)&gt; \\| \\[x\\]\\(javascript&#58;1\\) \\# head \\`code\\` \\!\\[i\\]\\(http&#58;//e\\) \\*b\\*  www\\.e.com a&#64;b.c"
        );
    }
}
