//! Where an instance listens and how it is asked whether it is well.
//!
//! Owns host, port, scheme, health path, weight and their rules. URLs are derived here and stored nowhere.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use core::fmt;
use core::net::{IpAddr, Ipv6Addr};
use core::num::NonZeroU16;

use super::id::is_deceptive;

/// Plain or encrypted HTTP towards the instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `http://`
    #[default]
    Http,
    /// `https://`
    Https,
}

impl Scheme {
    /// Reads `http` or `https`, in any case.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text {
            _ if text.eq_ignore_ascii_case("http") => Ok(Self::Http),
            _ if text.eq_ignore_ascii_case("https") => Ok(Self::Https),
            _ => Err("scheme must be 'http' or 'https'".into()),
        }
    }

    /// The word used in URLs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// A DNS name or a literal address. Kept as it was written; IPv6 literals without brackets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host {
    text: Arc<str>,
    address: Option<IpAddr>,
}

impl Host {
    /// Reads a DNS name, an IPv4 literal or an IPv6 literal (with or without brackets), or says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.is_empty() {
            return Err("host is required".into());
        }
        let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = bare.unwrap_or(text).parse::<IpAddr>() {
            if bare.is_some() && address.is_ipv4() {
                return Err("host must not put an IPv4 address in brackets".into());
            }
            return Ok(Self { text: address.to_string().into(), address: Some(address) });
        }
        if !is_dns_name(text) {
            return Err("host must be a DNS name, an IPv4 address or an IPv6 address, without scheme, port or path".into());
        }
        Ok(Self { text: text.into(), address: None })
    }

    /// The host as registered; IPv6 without brackets.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address, if the host is a literal.
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// Letters, digits, hyphens and underscores in labels of 1 to 63, at most 253 in all. A name made of digits and dots only
/// is refused: it is a mistyped IPv4 address, and some resolvers would read it as one (`127.1`, `2130706433`).
fn is_dns_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or(name);
    let numeric = last.bytes().all(|b| b.is_ascii_digit()) || last.starts_with("0x") || last.starts_with("0X");
    name.len() <= 253 && name.split('.').all(label) && !numeric
}

/// The path that is asked for health. Starts with `/`, at most 256 characters that may stand in a URL's path and query, default `/health`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HealthPath(Arc<str>);

impl HealthPath {
    /// Reads a path, or says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        // What may stand in a request's target: RFC 3986's characters for paths and queries.
        let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&b));
        if !text.starts_with('/') || text.starts_with("//") || text.len() > 256 || !plain {
            return Err("healthPath must start with one '/' and be at most 256 of the characters A-Z a-z 0-9 -._~!$&'()*+,;=:@/?%".into());
        }
        if text.split(['/', '?']).any(|segment| segment == "." || segment == "..") {
            return Err("healthPath must not contain '.' or '..' segments".into());
        }
        Ok(Self(text.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for HealthPath {
    fn default() -> Self {
        Self("/health".into())
    }
}

/// The status that a health answer must have: one number, or any 2xx when nothing was said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpectedStatus(Option<u16>);

impl ExpectedStatus {
    /// Exactly this status, 200 to 599, or a fault.
    pub fn exactly(status: u16) -> Result<Self, String> {
        if (200..=599).contains(&status) { Ok(Self(Some(status))) } else { Err("healthStatus must be between 200 and 599".into()) }
    }

    /// Whether an answer with this status counts as healthy.
    pub const fn accepts(self, status: u16) -> bool {
        match self.0 {
            Some(expected) => status == expected,
            None => status >= 200 && status < 300,
        }
    }

    /// The number, if one was set.
    pub const fn number(self) -> Option<u16> {
        self.0
    }
}

/// The share of traffic an instance should get relative to others: 0 to 1000, default 1. 0 means: nothing new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(u16);

impl Weight {
    /// Reads a weight, or says what is wrong.
    pub fn new(weight: u64) -> Result<Self, String> {
        let valid = u16::try_from(weight).ok().filter(|weight| *weight <= 1000);
        valid.map(Self).ok_or_else(|| "weight must be between 0 and 1000".into())
    }

    /// The weight as a number.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// Whether it gets nothing new.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl Default for Weight {
    fn default() -> Self {
        Self(1)
    }
}

/// Where an instance listens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint {
    /// Plain or encrypted.
    pub scheme: Scheme,
    /// Name or address.
    pub host: Host,
    /// TCP port.
    pub port: NonZeroU16,
}

impl Endpoint {
    /// `host:port`, with brackets around an IPv6 literal: the value of a `Host` header.
    pub fn authority(&self) -> String {
        match self.host.address() {
            Some(IpAddr::V6(address)) => bracketed(address, self.port),
            _ => format!("{}:{}", self.host.as_str(), self.port),
        }
    }

    /// `scheme://host:port`, without a slash at the end.
    pub fn base_url(&self) -> String {
        format!("{}://{}", self.scheme.as_str(), self.authority())
    }

    /// The root of the instance's management API.
    pub fn management_url(&self) -> String {
        format!("{}/api/v1/management", self.base_url())
    }
}

fn bracketed(address: Ipv6Addr, port: NonZeroU16) -> String {
    format!("[{address}]:{port}")
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.base_url())
    }
}

/// Whether text can be shown on one line without deceiving: no control, invisible or direction-changing characters.
pub(super) fn is_plain_text(text: &str) -> bool {
    !text.chars().any(|c| c.is_control() || is_deceptive(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names_or_literals() {
        for host in ["localhost", "10.0.1.100", "web-server-01.example.com", "::1", "[::1]", "my_host", "example.com."] {
            assert!(Host::parse(host).is_ok(), "{host}");
        }
        for host in [
            "",
            "  ",
            "http://x",
            "a b",
            "a/b",
            "host:80",
            "127.1",
            "2130706433",
            "0x7f.1",
            "-a",
            "a..b",
            "[10.0.0.1]",
            "user@host",
            "ä.de",
        ] {
            assert!(Host::parse(host).is_err(), "{host}");
        }
    }

    #[test]
    fn urls_put_brackets_around_ipv6_only() {
        let endpoint = |host: &str| Endpoint { scheme: Scheme::Http, host: Host::parse(host).unwrap(), port: NonZeroU16::new(80).unwrap() };
        assert_eq!(endpoint("::1").base_url(), "http://[::1]:80");
        assert_eq!(endpoint("a.b").management_url(), "http://a.b:80/api/v1/management");
    }

    #[test]
    fn health_paths_are_plain_paths() {
        assert!(HealthPath::parse("/health?deep=1").is_ok());
        for path in ["health", "//health", "/a b", "/a#b", "/../x", "/a\r\nX: y", "", "/a`b", "/a^", "/{a}", "/a|b", "/[a]"] {
            assert!(HealthPath::parse(path).is_err(), "{path:?}");
        }
    }
}
