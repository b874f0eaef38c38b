//! Whether an answer has at least the keys of a golden document, with values of the same JSON type.
//!
//! Owns the comparison. More keys are allowed; `null` in the golden document stands for any type.

use serde_json::Value;

/// Every place where `answer` lacks something that `golden` has, as `path: what`.
pub(crate) fn missing(golden: &Value, answer: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("$", golden, answer, &mut found);
    found
}

fn compare(path: &str, golden: &Value, answer: &Value, found: &mut Vec<String>) {
    match (golden, answer) {
        (Value::Null, _) => {}
        (Value::Object(wanted), Value::Object(has)) => {
            for (key, value) in wanted {
                match has.get(key) {
                    Some(other) => compare(&format!("{path}.{key}"), value, other, found),
                    None => found.push(format!("{path}.{key}: absent")),
                }
            }
        }
        (Value::Array(wanted), Value::Array(has)) => {
            let Some(pattern) = wanted.first() else { return };
            if has.is_empty() {
                found.push(format!("{path}: empty, so its rows cannot be compared"));
            }
            has.iter().enumerate().for_each(|(index, row)| compare(&format!("{path}[{index}]"), pattern, row, found));
        }
        _ if kind(golden) == kind(answer) => {}
        _ => found.push(format!("{path}: {} instead of {}", kind(answer), kind(golden))),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "text",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn the_comparer_catches_planted_differences() {
    let golden = serde_json::json!({"a": 1, "b": {"c": "x"}, "d": [{"e": true}], "f": null});
    assert!(missing(&golden, &serde_json::json!({"a": 2.5, "b": {"c": ""}, "d": [{"e": false, "g": 1}], "f": 7, "h": 0})).is_empty());
    let bad = serde_json::json!({"a": "1", "b": {}, "d": [{"e": true}, {"e": 0}], "f": null});
    assert_eq!(missing(&golden, &bad), ["$.a: text instead of number", "$.b.c: absent", "$.d[1].e: number instead of boolean"]);
    assert_eq!(missing(&golden, &serde_json::json!({"a": 1, "b": {"c": ""}, "d": []})).len(), 2);
}
