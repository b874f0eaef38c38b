//! The address of a manager, read once.

use crate::Error;

/// Where a manager is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    pub(crate) is_https: bool,
    /// Name or address without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As it stands in `Host`.
    pub(crate) authority: String,
    /// What stands before every path, without a slash at its end.
    pub(crate) prefix: String,
}

impl Server {
    /// Reads `http://host:port`, `https://host`, `host:port`, with a path before those of the manager if there is one.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = |why: &str| Error::Usage(format!("'{}' is no address of a manager: {why}", text.escape_debug()));
        let full = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        let uri: http::Uri = full.parse().map_err(|error| wrong(&format!("{error}")))?;
        let is_https = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(wrong("it must begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a name and password in an address are not used; give a token"));
        }
        if uri.query().is_some() {
            return Err(wrong("it must have no query"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() {
            return Err(wrong("it names no host"));
        }
        Ok(Self {
            is_https,
            host: host.to_owned(),
            port: authority.port_u16().unwrap_or(if is_https { 443 } else { 80 }),
            authority: authority.as_str().to_owned(),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// For people.
    pub(crate) fn shown(&self) -> String {
        format!("{}://{}{}", if self.is_https { "https" } else { "http" }, self.authority, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        Server::parse(text).map_or_else(|error| error.to_string(), |server| format!("{} {}", server.shown(), server.port))
    }

    #[test]
    fn addresses_as_people_write_them() {
        assert_eq!(shown("localhost:9090"), "http://localhost:9090 9090");
        assert_eq!(shown("https://m.example.com/peegeeq/"), "https://m.example.com/peegeeq 443");
        assert_eq!(shown("http://[::1]:9090"), "http://[::1]:9090 9090");
        assert_eq!(Server::parse("http://[::1]:9090").map(|server| server.host).ok().as_deref(), Some("::1"));
    }

    #[test]
    fn what_is_no_address_is_told() {
        for (text, why) in [
            ("ftp://a", "begin with http://"),
            ("http://a:b@c", "give a token"),
            ("", "no address of a manager"),
            ("http://a?x=1", "no query"),
            ("http://:9090", "no address of a manager"),
        ] {
            assert!(shown(text).contains(why), "{text}: {}", shown(text));
        }
    }
}
