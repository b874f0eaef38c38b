//! One row as its instance wrote it, mended where a strict reader would refuse it.
//!
//! Owns how fields are replaced and added, and that a reader can see which: `reported` holds what the instance said,
//! `assumed` names what nobody said. Does not own which fields matter.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::api::extract::Fields;
use crate::api::federation::text::JsonText;

/// What stands in a field instead of something that does not fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Instead<'a> {
    /// A text.
    Text(Cow<'a, str>),
    /// A count.
    Count(u64),
    /// Another number.
    Number(f64),
    /// Nobody knows: this stands there because readers insist on something.
    Assumed(&'static str),
}

/// A field on which readers rely.
pub(super) struct Need<'a> {
    /// Its name.
    pub(super) key: &'static str,
    /// Whether a JSON value can stand there.
    pub(super) fits: fn(&str) -> bool,
    /// What stands there otherwise. `None`: nothing, or if it is `required` the whole row is left out.
    pub(super) instead: Option<Instead<'a>>,
    /// Whether a row without it is of no use.
    pub(super) required: bool,
}

impl<'a> Need<'a> {
    /// A field that may be absent, but not something else.
    pub(super) fn of(key: &'static str, fits: fn(&str) -> bool, instead: Option<Instead<'a>>) -> Self {
        Self { key, fits, instead, required: false }
    }

    /// A field without which a row is of no use.
    pub(super) fn required(key: &'static str, fits: fn(&str) -> bool, instead: Option<Instead<'a>>) -> Self {
        Self { key, fits, instead, required: true }
    }
}

/// The fields of a row, in the instance's order.
pub(super) struct Sent<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Sent<'a> {
    /// Reads a row. A row that is only a name has no fields.
    pub(super) fn read(raw: &'a [u8]) -> Result<Self, String> {
        if raw.first() != Some(&b'{') {
            return Ok(Self(Vec::new()));
        }
        Fields::read(raw).map(|Fields(fields)| Self(fields))
    }

    /// The JSON of a field; `None` if it is absent or null.
    pub(super) fn get(&self, key: &str) -> Option<&'a str> {
        let found = self.0.iter().find(|(name, _)| name == key);
        found.map(|(_, value)| value.get()).filter(|value| *value != "null")
    }

    /// The text of a field that is one.
    pub(super) fn text(&self, key: &str) -> Option<Cow<'a, str>> {
        text_of(self.get(key)?)
    }
}

/// The text of a JSON text.
pub(super) fn text_of(json: &str) -> Option<Cow<'_, str>> {
    let inside = json.strip_prefix('"')?.strip_suffix('"')?;
    if inside.contains('\\') { serde_json::from_str::<String>(json).ok().map(Cow::Owned) } else { Some(Cow::Borrowed(inside)) }
}

/// Writes the row without its closing brace; its source follows. Fails with the reason if it has to be left out.
pub(super) fn write(text: &mut JsonText, sent: &Sent<'_>, needs: &[Need<'_>]) -> Result<(), String> {
    let unmet: Vec<&Need<'_>> = needs.iter().filter(|need| !sent.get(need.key).is_some_and(need.fits)).collect();
    if let Some(missing) = unmet.iter().find(|need| need.required && need.instead.is_none()) {
        return Err(format!("a row has no usable {}", missing.key));
    }
    text.raw(b"{");
    let mut first = true;
    for (name, value) in sent.0.iter().filter(|(name, _)| !unmet.iter().any(|need| need.key == name)) {
        name_of(text, &mut first, name).raw(value.get().as_bytes());
    }
    for need in &unmet {
        if let Some(instead) = &need.instead {
            write_instead(name_of(text, &mut first, need.key), instead);
        }
    }
    remarks(text, &mut first, sent, &unmet);
    Ok(())
}

/// What was replaced, and what was made up.
fn remarks(text: &mut JsonText, first: &mut bool, sent: &Sent<'_>, unmet: &[&Need<'_>]) {
    let replaced: Vec<_> = unmet.iter().filter_map(|need| Some((need.key, sent.get(need.key)?))).collect();
    if !replaced.is_empty() {
        name_of(text, first, "reported").raw(b"{");
        let mut first = true;
        for (key, value) in replaced {
            name_of(text, &mut first, key).raw(value.as_bytes());
        }
        text.raw(b"}");
    }
    let assumed: Vec<_> = unmet.iter().filter(|need| matches!(need.instead, Some(Instead::Assumed(_)))).map(|need| need.key).collect();
    if !assumed.is_empty() {
        name_of(text, first, "assumed").value(&assumed);
    }
}

fn write_instead(text: &mut JsonText, instead: &Instead<'_>) {
    match instead {
        Instead::Text(word) => text.value(word),
        Instead::Count(count) => text.value(count),
        Instead::Number(number) => text.value(number),
        Instead::Assumed(json) => text.raw(json.as_bytes()),
    };
}

fn name_of<'t>(text: &'t mut JsonText, first: &mut bool, name: &str) -> &'t mut JsonText {
    if !std::mem::take(first) {
        text.raw(b",");
    }
    text.value(&name).raw(b":")
}

/// Whether a JSON value is a text that is not empty.
pub(super) fn is_text(json: &str) -> bool {
    json.starts_with('"') && json.len() > 2
}

/// Whether a JSON value is a number.
pub(super) fn is_number(json: &str) -> bool {
    json.starts_with(|first: char| first == '-' || first.is_ascii_digit())
}

/// Whether a JSON value is a time that a browser can show: a text, or milliseconds within the calendar's range.
pub(super) fn is_time(json: &str) -> bool {
    const LAST: f64 = 8.64e15;
    is_text(json) || (is_number(json) && json.parse::<f64>().is_ok_and(|millis| millis.abs() <= LAST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn written(raw: &str, needs: &[Need<'_>]) -> Result<Value, String> {
        let sent = Sent::read(raw.as_bytes())?;
        let mut text = JsonText::default();
        write(&mut text, &sent, needs)?;
        text.raw(b"}");
        Ok(serde_json::from_slice(&text.into_bytes()).expect("JSON"))
    }

    #[test]
    fn what_fits_stays_as_it_is() {
        let need = Need::required("name", is_text, None);
        assert_eq!(written(r#"{"name":"q","odd":[1,{"a":2}]}"#, &[need]), Ok(json!({"name": "q", "odd": [1, {"a": 2}]})));
    }

    #[test]
    fn what_does_not_fit_is_replaced_and_shown() {
        let needs = [
            Need::required("status", |json| json == r#""active""#, Some(Instead::Assumed(r#""idle""#))),
            Need::of("messages", is_number, Some(Instead::Count(3))),
            Need::of("rate", is_number, None),
        ];
        let row = written(r#"{"status":"melting","messages":"3","rate":null,"x":1}"#, &needs);
        let expected =
            json!({"x": 1, "status": "idle", "messages": 3, "reported": {"status": "melting", "messages": "3"}, "assumed": ["status"]});
        assert_eq!(row, Ok(expected));
    }

    #[test]
    fn a_row_without_what_matters_is_left_out() {
        let needs = || [Need::required("setupId", is_text, None)];
        assert_eq!(written(r#"{"setupId":""}"#, &needs()), Err("a row has no usable setupId".to_owned()));
        assert!(written(r#""q""#, &needs()).is_err());
        assert!(written(r#"{"setupId":"s","setupId":"t"}"#, &needs()).is_err(), "readers disagree about what is said twice");
    }

    #[test]
    fn times_outside_the_calendar_are_no_times() {
        for (json, fits) in
            [("0", true), ("1795422953589", true), (r#""2026-01-01""#, true), ("9e15", false), ("1e999", false), ("true", false)]
        {
            assert_eq!(is_time(json), fits, "{json}");
        }
    }
}
