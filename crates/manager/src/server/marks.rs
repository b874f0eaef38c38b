//! Which of the headers that matter on the way are in a request at all.
//!
//! Owns seeing that in one pass: most requests have few headers, and each look for one that is not there costs as much as the
//! pass. Does not own what the headers mean.

use http::HeaderMap;

/// A header, or a group of them, that somebody on the way looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Mark {
    /// `Connection`
    Connection = 1,
    /// `Expect`
    Expect = 1 << 1,
    /// `Origin`
    Origin = 1 << 2,
    /// `Access-Control-Request-Method`
    Preflight = 1 << 3,
    /// `Sec-Fetch-Site`
    FetchSite = 1 << 4,
    /// `Transfer-Encoding`
    TransferEncoding = 1 << 5,
    /// `Upgrade`
    Upgrade = 1 << 6,
    /// `X-Request-Id`
    RequestId = 1 << 7,
    /// `X-Request-Timeout-Ms`
    Timeout = 1 << 8,
    /// The managers that the request passed.
    Hop = 1 << 9,
    /// Any other name that begins with `X-PeeGeeQ-`.
    Ours = 1 << 10,
}

/// The marks of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks(u16);

impl Marks {
    /// Those in these headers.
    pub fn of(headers: &HeaderMap) -> Self {
        Self(headers.keys().fold(0, |marks, name| marks | mark(name.as_str())))
    }

    /// Whether the header is there.
    pub fn has(self, mark: Mark) -> bool {
        self.0 & mark as u16 != 0
    }
}

fn mark(name: &str) -> u16 {
    let mark = match name {
        "connection" => Mark::Connection,
        "expect" => Mark::Expect,
        "origin" => Mark::Origin,
        "access-control-request-method" => Mark::Preflight,
        "sec-fetch-site" => Mark::FetchSite,
        "transfer-encoding" => Mark::TransferEncoding,
        "upgrade" => Mark::Upgrade,
        "x-request-id" => Mark::RequestId,
        "x-request-timeout-ms" => Mark::Timeout,
        "x-peegeeq-manager-hop" => Mark::Hop,
        name if name.starts_with("x-peegeeq-") => Mark::Ours,
        _ => return 0,
    };
    mark as u16
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;
    use crate::net::HOP_HEADER;

    #[test]
    fn a_header_that_is_there_is_seen() {
        let marks = |name: &HeaderName| Marks::of(&HeaderMap::from_iter([(name.clone(), HeaderValue::from_static("1"))]));
        let chosen = HeaderName::from_static("x-peegeeq-region");
        assert!(marks(&HOP_HEADER).has(Mark::Hop) && !marks(&HOP_HEADER).has(Mark::Ours));
        assert!(marks(&chosen).has(Mark::Ours) && !marks(&chosen).has(Mark::Hop));
        assert!(marks(&http::header::UPGRADE).has(Mark::Upgrade));
        assert_eq!(marks(&http::header::ACCEPT), Marks::default());
    }
}
