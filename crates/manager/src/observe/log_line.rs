//! One log line: a moment, a level, a logger, a message and fields, written for people or as JSON.
//!
//! Owns the two forms and that nothing in a value can forge a line or colour a terminal. Does not own where lines go.

use super::settings::LogFormat;
use serde_json::{Map, Value as Json};
use std::fmt::Write;
use tracing::Level;
use tracing::field::{Field, Visit};

/// Longest single line in bytes; a longer one is cut, which it says.
const LONGEST_LINE: usize = 64 << 10;

/// Message and fields of an event, or the fields of a span.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields {
    pub(super) message: String,
    /// In the order in which they were given; a later field of the same name replaces an earlier one.
    pub(super) values: Vec<(String, Json)>,
    /// The target that a line of the `log` crate carries as a field.
    pub(super) target: Option<String>,
}

impl Fields {
    /// Adds or replaces a field under its name in camel case.
    pub(super) fn set(&mut self, name: String, value: Json) {
        match self.values.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.values.push((name, value)),
        }
    }

    fn record(&mut self, field: &Field, value: Json) {
        match field.name() {
            "message" => self.message = plain(&value),
            "log.target" => self.target = Some(plain(&value)),
            name if name.starts_with("log.") => {}
            name => self.set(camel(name), value),
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.record(field, Json::from(format!("{value:?}")));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record(field, Json::from(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, Json::from(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record(field, Json::from(value));
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.record(field, Json::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, Json::from(value));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.record(field, Json::from(value.to_string()));
    }
}

/// Everything that stands on a line.
pub(super) struct Line<'a> {
    /// ISO 8601 in UTC with milliseconds.
    pub(super) timestamp: String,
    pub(super) level: Level,
    pub(super) target: &'a str,
    pub(super) fields: &'a Fields,
}

impl Line<'_> {
    /// The line with its end. Colours are for terminals only.
    pub(super) fn render(&self, format: LogFormat, has_colours: bool) -> String {
        let mut line = match format {
            LogFormat::Json => self.json(),
            LogFormat::Text => cut(self.text(has_colours)),
        };
        line.push('\n');
        line
    }

    fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("timestamp".to_owned(), Json::from(self.timestamp.as_str()));
        object.insert("level".to_owned(), Json::from(self.level.as_str()));
        object.insert("logger".to_owned(), Json::from(super::logger_names::logger_of(self.target)));
        object.insert("message".to_owned(), Json::from(cut(self.fields.message.clone())));
        ordered(&object, &self.fields.values)
    }

    fn text(&self, has_colours: bool) -> String {
        let (colour, plain_again) = if has_colours { (colour_of(self.level), "\u{1b}[0m") } else { ("", "") };
        let part = self.target.strip_prefix("peegeeq_service_manager::").unwrap_or(self.target);
        let mut text = format!("{} {colour}{:>5}{plain_again} {part}: ", self.timestamp, self.level.as_str());
        escape_into(&self.fields.message, &mut text);
        for (name, value) in &self.fields.values {
            text.push(' ');
            escape_into(name, &mut text);
            text.push('=');
            let value = plain(value);
            if value.is_empty() || value.contains([' ', '"', '=']) {
                // The quotes of JSON, so that one can see where the value ends.
                escape_into(&Json::from(value).to_string(), &mut text);
            } else {
                escape_into(&value, &mut text);
            }
        }
        text
    }
}

/// The guide's four members first, in the guide's order, then the fields in theirs; the map sorts by name.
fn ordered(head: &Map<String, Json>, fields: &[(String, Json)]) -> String {
    let mut line = String::from("{");
    let first = ["timestamp", "level", "logger", "message"].into_iter().filter_map(|name| Some((name, head.get(name)?)));
    let rest = fields.iter().filter(|(name, _)| !head.contains_key(name)).map(|(name, value)| (name.as_str(), value));
    for (name, value) in first.chain(rest) {
        let member = format!("{}{}:{value}", if line.len() > 1 { "," } else { "" }, Json::from(name));
        if line.len() + member.len() > 2 * LONGEST_LINE {
            break;
        }
        line.push_str(&member);
    }
    line.push('}');
    line
}

/// The text of a value, without the quotes of JSON.
fn plain(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// `instance_id` and `instance.id` are `instanceId`.
pub(super) fn camel(name: &str) -> String {
    let mut camel = String::with_capacity(name.len());
    let mut is_start = false;
    for letter in name.trim_start_matches('_').chars() {
        if matches!(letter, '_' | '.') {
            is_start = true;
        } else if is_start {
            camel.extend(letter.to_uppercase());
            is_start = false;
        } else {
            camel.push(letter);
        }
    }
    camel
}

/// Control characters, line separators and characters that turn the writing direction are written as escapes: a value
/// must not be able to begin a line, colour a terminal, or show itself backwards.
fn escape_into(value: &str, out: &mut String) {
    for letter in value.chars() {
        let is_hidden = letter.is_control() || matches!(letter, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if is_hidden {
            let _ = write!(out, "{}", letter.escape_default());
        } else {
            out.push(letter);
        }
    }
}

fn cut(mut line: String) -> String {
    if line.len() > LONGEST_LINE {
        let end = (0..=LONGEST_LINE).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
        line.truncate(end);
        line.push_str("… (cut)");
    }
    line
}

const fn colour_of(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\u{1b}[31m",
        Level::WARN => "\u{1b}[33m",
        Level::INFO => "\u{1b}[32m",
        Level::DEBUG => "\u{1b}[34m",
        Level::TRACE => "\u{1b}[35m",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str, values: &[(&str, Json)], format: LogFormat) -> String {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let fields = Fields { message: message.to_owned(), values, target: None };
        let timestamp = "2025-07-24T15:00:00.123Z".to_owned();
        Line { timestamp, level: Level::WARN, target: "peegeeq_service_manager::health", fields: &fields }.render(format, false)
    }

    #[test]
    fn json_is_the_guides_shape_in_its_order() {
        let values = [("instanceId", Json::from("peegeeq-prod-02")), ("failureCount", Json::from(2))];
        assert_eq!(
            line("health check failed", &values, LogFormat::Json),
            "{\"timestamp\":\"2025-07-24T15:00:00.123Z\",\"level\":\"WARN\",\"logger\":\"dev.mars.peegeeq.servicemanager.health\",\
             \"message\":\"health check failed\",\"instanceId\":\"peegeeq-prod-02\",\"failureCount\":2}\n"
        );
    }

    #[test]
    fn text_begins_with_the_date_and_names_its_part() {
        let values = [("instanceId", Json::from("a b")), ("failureCount", Json::from(2))];
        assert_eq!(
            line("health check failed", &values, LogFormat::Text),
            "2025-07-24T15:00:00.123Z  WARN health: health check failed instanceId=\"a b\" failureCount=2\n"
        );
    }

    #[test]
    fn no_value_can_forge_a_line() {
        let nasty = "x\n2025-07-24 INFO forged\u{1b}[31m\u{2028}\u{202e}";
        for format in [LogFormat::Text, LogFormat::Json] {
            let line = line(nasty, &[("a\nb", Json::from(nasty)), ("level", Json::from("OFF"))], format);
            assert_eq!(line.matches('\n').count(), 1, "{line}");
            assert!(!line.contains('\u{1b}'));
        }
        let parsed: Json = serde_json::from_str(&line("m", &[("level", Json::from("OFF"))], LogFormat::Json)).expect("JSON");
        assert_eq!(parsed["level"], "WARN");
    }

    #[test]
    fn a_line_has_an_end() {
        let huge = "ä".repeat(1 << 20);
        for format in [LogFormat::Text, LogFormat::Json] {
            let line = line(&huge, &[("a", Json::from(huge.as_str()))], format);
            assert!(line.len() <= 3 * LONGEST_LINE, "{}", line.len());
        }
        let json = line("short", &[("a", Json::from(huge.as_str())), ("b", Json::from(1))], LogFormat::Json);
        assert!(serde_json::from_str::<Json>(&json).is_ok());
    }

    #[test]
    fn names_become_camel_case() {
        for (name, shown) in [("instance_id", "instanceId"), ("tookMs", "tookMs"), ("http.status", "httpStatus"), ("_x", "x")] {
            assert_eq!(camel(name), shown);
        }
    }
}
