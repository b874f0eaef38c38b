//! Reads `config.json`: nested or flat, in the end a list of dotted names with values.
//!
//! Owns the file. Does not know which settings exist.

use super::fault::{ConfigFault, Origin, unusable};
use super::value::Raw;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;
use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest configuration file that is read, in bytes; static lists of instances are the long part.
const LONGEST: u64 = 16 << 20;

/// One value of the file under its dotted name, as spelled in the file.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) raw: Raw,
}

/// The file to read: the one asked for, else `config.json` in the working directory when there is one.
pub(super) fn locate(asked: Option<&Path>, working_directory: &Path) -> Option<PathBuf> {
    match asked {
        Some(path) => Some(working_directory.join(path)),
        None => Some(working_directory.join("config.json")).filter(|path| path.exists()),
    }
}

/// Reads and flattens the file.
pub(super) fn read(path: &Path) -> Result<Vec<Entry>, ConfigFault> {
    let text = text_of(path)?;
    let document = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let tree: Node = serde_json::from_str(document).map_err(|error| broken(path, &error.to_string()))?;
    let Node::Group(members) = tree else {
        return Err(broken(path, "the outermost value has to be an object"));
    };
    let mut entries = Vec::new();
    flatten("", members, &mut entries);
    Ok(entries)
}

fn text_of(path: &Path) -> Result<String, ConfigFault> {
    let advice = "make the file readable or name another one with --config";
    let fault = |problem: String| unusable(None, Some(Origin::File(path.to_owned())), problem, advice);
    let file = std::fs::File::open(path).map_err(|error| fault(format!("cannot open the configuration: {error}")))?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| fault(format!("cannot read the configuration: {error}")))?;
    if bytes.len() as u64 > LONGEST {
        return Err(fault("more than 16 MB of configuration".to_owned()));
    }
    String::from_utf8(bytes).map_err(|_| fault("bytes that are not UTF-8".to_owned()))
}

fn broken(path: &Path, what: &str) -> ConfigFault {
    unusable(None, Some(Origin::File(path.to_owned())), format!("no valid JSON: {what},"), "correct the file, nothing of it was used")
}

fn flatten(prefix: &str, members: Vec<(String, Node)>, entries: &mut Vec<Entry>) {
    for (member, node) in members {
        let name = if prefix.is_empty() { member } else { format!("{prefix}.{member}") };
        match node {
            Node::Group(inner) => flatten(&name, inner, entries),
            Node::Array(items) => entries.push(Entry { name, raw: Raw::Array(items) }),
            Node::Text(text) => entries.push(Entry { name, raw: Raw::Text(text) }),
            // `null` is how JSON says that there is no value: the next source decides.
            Node::Null => {}
        }
    }
}

/// JSON that keeps members named twice, so that the second cannot silently replace the first.
enum Node {
    Null,
    Text(String),
    Array(Vec<Json>),
    Group(Vec<(String, Node)>),
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        source.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Text(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut group = Vec::new();
        while let Some(member) = members.next_entry()? {
            group.push(member);
        }
        Ok(Node::Group(group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(json: &str) -> Result<Vec<(String, Raw)>, ConfigFault> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("config.json");
        std::fs::write(&path, json).expect("a written file");
        read(&path).map(|entries| entries.into_iter().map(|entry| (entry.name, entry.raw)).collect())
    }

    #[test]
    fn nested_and_flat_become_the_same_names() {
        let found = entries(r#"{"consul":{"port":8500},"a.b":true,"c":null,"d":["x"],"e":{}}"#).expect("valid");
        let text = |text: &str| Raw::Text(text.to_owned());
        let expected = [("consul.port", text("8500")), ("a.b", text("true")), ("d", Raw::Array(vec![Json::from("x")]))];
        assert_eq!(found, expected.map(|(name, raw)| (name.to_owned(), raw)));
    }

    #[test]
    fn a_member_named_twice_is_kept_twice() {
        assert_eq!(entries(r#"{"region":"a","region":"b"}"#).expect("valid").len(), 2);
    }

    #[test]
    fn broken_files_name_line_and_column() {
        let fault = entries("{\n  \"service\": {,}\n}").expect_err("broken");
        assert!(fault.to_string().contains("at line 2 column 15"), "{fault}");
        for wrong in ["", "[]", "7", "{\"a\":1", &format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500))] {
            assert!(entries(wrong).is_err(), "{wrong:.20}");
        }
    }
}
