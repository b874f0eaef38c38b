//! Rows as their instances sent them, with where they came from.

use peegeeq_domain::federation::{Part, Placed, Row};

use super::text::JsonText;
use crate::federation::{Attached, List, raw_row};

/// Writes an array of rows: every field that an instance sent, and the five of its source.
pub(super) fn write_rows<R: Row>(text: &mut JsonText, list: &List<R>, rows: &[Placed]) {
    let sources: Vec<Vec<u8>> = list.parts.iter().map(source).collect();
    text.array(rows, |text, placed| {
        let (part, source) = (&list.parts[placed.source], &sources[placed.source]);
        let name = list.row(*placed).map_or("", |row| row.name());
        write_row(text, raw_row(part, placed.row), name, source);
    });
}

/// The five fields with which each row of a part ends, and the brace behind them.
pub(in crate::api) fn source<T>(part: &Part<T, Attached>) -> Vec<u8> {
    let port = part.attached.entry.instance.registration.endpoint.port.get();
    let mut text = JsonText::default();
    text.key("sourceInstanceId").value(&part.source.instance.as_str()).field("sourceHost", &part.source.host);
    text.field("sourcePort", &port).field("sourceEnvironment", &part.source.environment).field("sourceRegion", &part.source.region);
    text.raw(b"}");
    text.into_bytes()
}

fn write_row(text: &mut JsonText, (raw, name_outside): (&[u8], bool), name: &str, source: &[u8]) {
    let inside = raw.strip_prefix(b"{").and_then(|raw| raw.strip_suffix(b"}"));
    text.raw(b"{");
    if inside.is_none() || name_outside {
        text.raw(b"\"name\":").value(&name);
    }
    let inside = inside.unwrap_or_default().trim_ascii();
    if name_outside && !inside.is_empty() {
        text.raw(b",");
    }
    text.raw(inside).raw(source);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(raw: &str, name_outside: bool) -> String {
        let mut text = JsonText::default();
        write_row(&mut text, (raw.as_bytes(), name_outside), "q\"1", b",\"sourceHost\":\"h\"}");
        String::from_utf8(text.into_bytes()).expect("UTF-8")
    }

    #[test]
    fn rows_keep_all_they_had() {
        assert_eq!(row(r#"{"name":"q","odd":[1,{"a":2}] }"#, false), r#"{"name":"q","odd":[1,{"a":2}],"sourceHost":"h"}"#);
        assert_eq!(row(r#""q""#, false), r#"{"name":"q\"1","sourceHost":"h"}"#);
        assert_eq!(row(r#"{"messages":3}"#, true), r#"{"name":"q\"1","messages":3,"sourceHost":"h"}"#);
        assert_eq!(row("{ }", true), r#"{"name":"q\"1","sourceHost":"h"}"#);
    }
}
