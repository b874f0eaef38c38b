//! From what was written to what was meant: one value of each kind, checked.
//!
//! Owns reading single values. Does not own where they come from or how they play together.

use super::fault::shown;
use super::setting::{ItemRule, Kind, MOST_ITEMS};
use serde_json::Value as Json;
use std::net::IpAddr;

/// A value as it was found.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// From the command line, the environment, or a scalar in JSON.
    Text(String),
    /// A JSON array.
    Array(Vec<Json>),
}

impl Raw {
    /// The value for a message.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::Text(text) => shown(text),
            Self::Array(items) => match items.iter().map(Json::as_str).collect::<Option<Vec<_>>>() {
                Some(texts) => shown(&texts.join(",")),
                None => format!("an array of {}", items.len()),
            },
        }
    }
}

/// A value that its setting takes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(u64),
    Switch(bool),
    Text(String),
    Address(IpAddr),
    Items(Vec<String>),
    Registrations(Vec<Json>),
    Unset,
}

/// Reads `raw`; `None` when it is not what `kind` takes.
pub(super) fn read(kind: Kind, raw: &Raw) -> Option<Value> {
    match (kind, raw) {
        (Kind::Items(rule), raw) => items(rule, raw).map(Value::Items),
        (Kind::Registrations, Raw::Array(objects)) => objects.iter().all(Json::is_object).then(|| Value::Registrations(objects.clone())),
        (_, Raw::Array(_)) | (Kind::Registrations, Raw::Text(_)) => None,
        (kind, Raw::Text(text)) => scalar(kind, text.trim()),
    }
}

fn scalar(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Number { min, max, .. } => number(text, min, max).map(Value::Number),
        Kind::Bytes { min, max } => bytes(text).filter(|size| (min..=max).contains(size)).map(Value::Number),
        Kind::Switch => switch(text).map(Value::Switch),
        Kind::Choice(words) => {
            let word = words.iter().find(|word| word.eq_ignore_ascii_case(text))?;
            Some(Value::Text((*word).to_owned()))
        }
        Kind::Text => plain(text, 128).then(|| Value::Text(text.to_owned())),
        Kind::Path => plain(text, 4_096).then(|| Value::Text(text.to_owned())),
        Kind::Address => address(text).map(Value::Address),
        Kind::Items(_) | Kind::Registrations => None,
    }
}

fn number(text: &str, min: u64, max: u64) -> Option<u64> {
    // `parse` alone would also take a leading plus sign.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|value| digits && (min..=max).contains(value))
}

fn bytes(text: &str) -> Option<u64> {
    let split = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(split);
    let factor: u64 = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "K" | "KB" | "KIB" => 1 << 10,
        "M" | "MB" | "MIB" => 1 << 20,
        "G" | "GB" | "GIB" => 1 << 30,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

fn switch(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn plain(text: &str, longest: usize) -> bool {
    !text.is_empty() && text.chars().count() <= longest && !text.chars().any(char::is_control)
}

fn address(text: &str) -> Option<IpAddr> {
    if text.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::from([127, 0, 0, 1]));
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok()
}

fn items(rule: ItemRule, raw: &Raw) -> Option<Vec<String>> {
    let written: Vec<String> = match raw {
        Raw::Text(text) => text.split(',').map(str::to_owned).collect(),
        Raw::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<_>>()?,
    };
    let items: Vec<String> = written.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect();
    (items.len() <= MOST_ITEMS && items.iter().all(|item| fits(rule, item))).then_some(items)
}

fn fits(rule: ItemRule, item: &str) -> bool {
    match rule {
        ItemRule::HostName => is_host(item),
        ItemRule::Network => network(item).is_some(),
        ItemRule::Origin => item == "*" || is_origin(item),
    }
}

/// The network that an item names; a single address is a network of one.
pub(super) fn network(item: &str) -> Option<ipnet::IpNet> {
    item.parse().ok().or_else(|| item.parse::<IpAddr>().ok().map(ipnet::IpNet::from))
}

fn is_host(text: &str) -> bool {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    !text.is_empty() && text.len() <= 253 && text.bytes().all(letters)
}

fn is_origin(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://")) else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let literal = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host_fits = literal.map_or_else(|| is_host(host), |literal| literal.parse::<IpAddr>().is_ok());
    host_fits && port.is_none_or(|port| port == "*" || port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::setting::Unit;
    use super::*;

    fn text(kind: Kind, text: &str) -> Option<Value> {
        read(kind, &Raw::Text(text.to_owned()))
    }

    #[test]
    fn numbers_are_whole_and_within_their_limits() {
        let kind = Kind::Number { unit: Unit::Count, min: 1, max: 10 };
        assert_eq!(text(kind, " 10 "), Some(Value::Number(10)));
        for wrong in ["0", "11", "-1", "+1", "1.0", "1e1", "", "ten", "4294967297", "99999999999999999999999"] {
            assert_eq!(text(kind, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_take_units() {
        let kind = Kind::Bytes { min: 1, max: u64::MAX };
        assert_eq!(text(kind, "64KB"), Some(Value::Number(65_536)));
        assert_eq!(text(kind, "16 mib"), Some(Value::Number(16 << 20)));
        assert_eq!(text(kind, "7"), Some(Value::Number(7)));
        for wrong in ["KB", "-1", "1TB2", "18446744073709551615GB"] {
            assert_eq!(text(kind, wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lists_are_checked_item_by_item() {
        let origins = Kind::Items(ItemRule::Origin);
        for fine in ["*", "http://localhost:*", "https://a.example:8443, http://[::1]:3000", ""] {
            assert!(text(origins, fine).is_some(), "{fine}");
        }
        for wrong in ["localhost", "http://", "http://a b", "ftp://a", "http://a:99999", "http://a/path"] {
            assert_eq!(text(origins, wrong), None, "{wrong}");
        }
        let networks = Kind::Items(ItemRule::Network);
        assert!(text(networks, "169.254.0.0/16,10.0.0.1,fe80::/10").is_some());
        assert_eq!(text(networks, "10.0.0.0/33"), None);
        assert_eq!(read(networks, &Raw::Array(vec![Json::from(7)])), None);
    }

    #[test]
    fn addresses_may_be_written_as_people_write_them() {
        assert_eq!(text(Kind::Address, "localhost"), Some(Value::Address(IpAddr::from([127, 0, 0, 1]))));
        assert!(text(Kind::Address, "[::]").is_some());
        assert_eq!(text(Kind::Address, "example.com"), None);
    }
}
