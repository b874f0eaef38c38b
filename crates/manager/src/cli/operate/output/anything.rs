//! Answers whose shape this version does not know by heart: fields as lines, lists of objects as tables.

use std::fmt::Write;

use super::table::harmless;
use super::{Cell, Column, Ordered, Screen, Table};

/// The most columns of a table made from whatever is there.
const COLUMNS_MAX: usize = 8;

/// Shows an answer. The manager's sentence and the time of the answer say nothing to a person who just asked.
pub(crate) fn show(value: &Ordered, screen: &Screen) -> String {
    let mut out = String::new();
    fields(value, "", screen, &mut out);
    out
}

fn fields(value: &Ordered, above: &str, screen: &Screen, out: &mut String) {
    let Ordered::Object(entries) = value else {
        let _ = writeln!(out, "{}", harmless(&value.plain()));
        return;
    };
    let is_wanted = |key: &str| !(above.is_empty() && matches!(key, "message" | "timestamp"));
    let (nested, plain): (Vec<_>, Vec<_>) = entries.iter().filter(|(key, _)| is_wanted(key)).partition(|(_, value)| is_nested(value));
    let width = plain.iter().map(|(key, _)| key.len()).max().unwrap_or_default();
    for (key, value) in plain {
        let _ = writeln!(out, "{:<width$}  {}", harmless(key), harmless(&value.plain()));
    }
    for (key, value) in nested {
        let path = if above.is_empty() { key.clone() } else { format!("{above}.{key}") };
        let _ = writeln!(out, "{}{}:", if out.is_empty() { "" } else { "\n" }, harmless(&path));
        match value {
            Ordered::List(rows) => out.push_str(&rows_table(rows, screen)),
            other => fields(other, &path, screen, out),
        }
    }
}

fn is_nested(value: &Ordered) -> bool {
    match value {
        Ordered::Object(fields) => !fields.is_empty(),
        Ordered::List(values) => values.iter().any(|value| matches!(value, Ordered::Object(_))),
        _ => false,
    }
}

/// A list of objects as a table of the fields that are no objects themselves.
pub(crate) fn rows_table(rows: &[Ordered], screen: &Screen) -> String {
    let mut keys: Vec<&str> = Vec::new();
    for row in rows {
        let Ordered::Object(fields) = row else { continue };
        for (key, value) in fields {
            if keys.len() < COLUMNS_MAX && !is_nested(value) && !keys.contains(&key.as_str()) {
                keys.push(key);
            }
        }
    }
    // Names of columns live as long as the program elsewhere; here the head is the first row.
    let mut columns: Vec<Column> = Vec::new();
    columns.resize_with(keys.len(), || super::text("", 0));
    let mut table = Table::new(&columns);
    table.row(keys.iter().map(|key| Cell::toned(key.to_uppercase(), super::Tone::Strong)));
    for row in rows {
        table.row(keys.iter().map(|key| Cell::state(row.get(key).map_or_else(|| "-".to_owned(), Ordered::plain))));
    }
    let text = table.render(screen);
    text.split_once('\n').map(|(_, rest)| rest.to_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_become_lines_and_lists_become_tables() {
        let body = br#"{"message": "ok", "strategy": "round_robin", "tags": ["a", "b"],
            "candidates": [{"instanceId": "a", "score": 1.5, "status": "healthy"}, {"instanceId": "b", "excluded": "draining"}],
            "limits": {"queue": 5, "deep": {"x": null}}}"#;
        let expected = "\
strategy  round_robin
tags      a, b

candidates:
INSTANCEID  SCORE  STATUS   EXCLUDED
a           1.5    healthy  -
b           -      -        draining

limits:
queue  5

limits.deep:
x  -
";
        assert_eq!(show(&Ordered::read(body).expect("JSON"), &Screen::wide()), expected);
    }
}
