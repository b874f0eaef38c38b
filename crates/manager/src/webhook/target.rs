//! Where deliveries go.

use std::num::NonZeroU16;

use http::Uri;
use peegeeq_domain::instance::{Endpoint, Host, Scheme};

/// A receiver, read from a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Whom to dial.
    pub endpoint: Endpoint,
    /// What to ask for.
    pub path: String,
}

impl Target {
    /// Reads `http://` or `https://`, a host, a port if it is not the usual one, and a path. User names and passwords have no
    /// place in it: the signature says who sends.
    pub fn parse(url: &str) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("webhook.url is no URL: {error}"))?;
        let (scheme, usual) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, 80),
            Some("https") => (Scheme::Https, 443),
            _ => return Err("webhook.url must begin with http:// or https://".to_owned()),
        };
        let authority = uri.authority().ok_or_else(|| "webhook.url needs a host".to_owned())?;
        if authority.as_str().contains('@') {
            return Err("webhook.url must hold no user name: deliveries are signed with the secret in webhook.secret.file".to_owned());
        }
        let host = Host::parse(authority.host()).map_err(|rule| format!("webhook.url: {rule}"))?;
        let port = NonZeroU16::new(authority.port_u16().unwrap_or(usual)).ok_or_else(|| "webhook.url: port 0".to_owned())?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        Ok(Self { endpoint: Endpoint { scheme, host, port }, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_have_a_scheme_a_host_and_no_user() {
        let target = Target::parse("https://hooks.example.com/a?b=c").expect("a URL");
        assert_eq!((target.endpoint.authority(), &*target.path), ("hooks.example.com:443".to_owned(), "/a?b=c"));
        assert_eq!(Target::parse("http://[::1]:81").expect("a URL").endpoint.authority(), "[::1]:81");
        for url in ["", "hooks.example.com", "ftp://a/", "http://u:p@a/", "http://a:0/", "http://", "/x"] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
    }
}
