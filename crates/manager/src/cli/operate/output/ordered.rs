//! JSON whose fields keep their order: programs get what the manager sent, only indented.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::cli::operate::failure::Failure;

/// A JSON value.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ordered {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Ordered>),
    Object(Vec<(String, Ordered)>),
}

impl Ordered {
    /// Reads a body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(body).map_err(|error| Failure::failed(format!("the manager's answer is no JSON: {error}")))
    }

    /// Indented, with a newline at the end.
    pub(crate) fn json(&self) -> String {
        serde_json::to_string_pretty(self).map_or_else(|error| error.to_string(), |text| text + "\n")
    }

    /// As YAML.
    pub(crate) fn yaml(&self) -> Result<String, Failure> {
        yaml_serde::to_string(self).map_err(|error| Failure::failed(format!("the answer cannot be written as YAML: {error}")))
    }

    /// A field of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        let Self::Object(fields) = self else { return None };
        fields.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The elements of a list; none for anything else.
    pub(crate) fn list(&self) -> &[Self] {
        if let Self::List(values) = self { values } else { &[] }
    }

    /// On one line, without quotation marks around a text.
    pub(crate) fn plain(&self) -> String {
        match self {
            Self::Null => "-".to_owned(),
            Self::Text(text) => text.clone(),
            Self::List(values) if values.is_empty() => "none".to_owned(),
            Self::List(values) if values.iter().all(|value| !matches!(value, Self::Object(_) | Self::List(_))) => {
                values.iter().map(Self::plain).collect::<Vec<_>>().join(", ")
            }
            other => serde_json::to_string(other).unwrap_or_default(),
        }
    }
}

impl Serialize for Ordered {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Number(value) => value.serialize(serializer),
            Self::Text(value) => serializer.serialize_str(value),
            Self::List(values) => serializer.collect_seq(values),
            Self::Object(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (key, value) in fields {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Ordered {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Ordered;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Ordered, E> {
        Ok(Ordered::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Ordered, E> {
        Ok(Ordered::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Ordered, E> {
        Ok(Ordered::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Ordered, E> {
        Ok(Ordered::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Ordered, E> {
        Ok(serde_json::Number::from_f64(value).map_or(Ordered::Null, Ordered::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Ordered, E> {
        Ok(Ordered::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Ordered, E> {
        Ok(Ordered::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Ordered, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = elements.next_element()? {
            values.push(value);
        }
        Ok(Ordered::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Ordered, A::Error> {
        let mut fields = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            fields.push(entry);
        }
        Ok(Ordered::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_numbers_stay() {
        let body = br#"{"z": 1, "a": [18446744073709551615, -1, 2.5, null, true], "m": {"b": "x", "a": ""}}"#;
        let value = Ordered::read(body).expect("JSON");
        let compact = serde_json::to_string(&value).expect("JSON");
        assert_eq!(compact, r#"{"z":1,"a":[18446744073709551615,-1,2.5,null,true],"m":{"b":"x","a":""}}"#);
        assert_eq!(value.yaml().expect("YAML"), "z: 1\na:\n- 18446744073709551615\n- -1\n- 2.5\n- null\n- true\nm:\n  b: x\n  a: ''\n");
    }

    #[test]
    fn what_is_no_json_is_told() {
        assert_eq!(Ordered::read(b"<html>").expect_err("no JSON").code, 1);
    }
}
