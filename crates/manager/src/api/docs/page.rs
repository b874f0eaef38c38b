//! The page at `/docs/`: its files, inside the binary, compressed as they are sent.
//!
//! Owns what of it is sent to whom: the compressed form to whoever reads gzip, the plain one to others. Does not own the description.

use std::sync::OnceLock;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use miniz_oxide::inflate::decompress_to_vec_with_limit;

use crate::api::error::ApiError;

/// Name, kind and content of a file that is small enough to be kept as it is.
type Small = (&'static str, &'static str, &'static str);

const SMALL: [Small; 3] = [
    ("index.html", "text/html; charset=utf-8", include_str!("index.html")),
    ("page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
    ("page.css", "text/css; charset=utf-8", include_str!("page.css")),
];

/// Name, kind and gzip of each file of Swagger UI. Written by `build.rs`.
const LARGE: &[(&str, &str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/api_page.in"));

/// The plain forms, made when somebody first needs one.
static PLAIN: [OnceLock<Option<Bytes>>; LARGE.len()] = [const { OnceLock::new() }; LARGE.len()];

/// What stands before and behind the compressed stream.
const HEAD: usize = 10;
const TAIL: usize = 8;

/// No file is larger than this.
const PLAIN_MAX: usize = 8 * 1024 * 1024;

/// The page's own script writes styles; nothing comes from anywhere else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'",
);

/// The answer for a file of the page.
pub(super) fn answer(name: &str, request: &HeaderMap) -> Response {
    if let Some((_, kind, content)) = SMALL.iter().find(|(known, _, _)| *known == name) {
        return file(kind, Bytes::from_static(content.as_bytes()));
    }
    let Some(place) = LARGE.iter().position(|(known, _, _)| *known == name) else {
        return ApiError::new(StatusCode::NOT_FOUND, "no such file of the API page: see /docs/").into_response();
    };
    let (_, kind, compressed) = LARGE[place];
    let mut response = if reads_gzip(request) {
        let mut response = file(kind, Bytes::from_static(compressed));
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        match plain(place) {
            Some(content) => file(kind, content),
            None => return ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error: the API page cannot be read").into_response(),
        }
    };
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    response
}

fn file(kind: &'static str, content: Bytes) -> Response {
    let mut response = Response::new(Body::from(content));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

fn plain(place: usize) -> Option<Bytes> {
    let make = || {
        let (_, _, compressed) = LARGE[place];
        let stream = compressed.get(HEAD..compressed.len().saturating_sub(TAIL))?;
        decompress_to_vec_with_limit(stream, PLAIN_MAX).ok().map(|plain| Bytes::from(plain.into_boxed_slice()))
    };
    PLAIN[place].get_or_init(make).clone()
}

/// Whether the client says that it reads gzip. Of a client that says nothing, nothing is assumed.
fn reads_gzip(request: &HeaderMap) -> bool {
    let said = request.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    let (mut named, mut any) = (None, None);
    for coding in said {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = parameters.split(';').filter_map(|one| one.trim().strip_prefix("q=")).any(|weight| weight.parse() == Ok(0.0));
        match name.trim() {
            "*" => any = Some(!refused),
            name if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") => named = Some(!refused),
            _ => {}
        }
    }
    named.or(any).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_reads_gzip() {
        let asking = |value: &str| HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_str(value).expect("a header"))]);
        for yes in ["gzip", "deflate, GZIP;q=0.5", "br, *", "*;q=0, x-gzip"] {
            assert!(reads_gzip(&asking(yes)), "{yes}");
        }
        for no in ["", "br", "gzip;q=0, *", "identity, gzip; q=0.000", "*;q=0"] {
            assert!(!reads_gzip(&asking(no)), "{no}");
        }
        assert!(!reads_gzip(&HeaderMap::new()));
    }

    #[test]
    fn the_plain_form_is_the_whole_file() {
        for (place, (name, _, compressed)) in LARGE.iter().enumerate() {
            let plain = plain(place).expect(name);
            let length = compressed.last_chunk().map(|length| u32::from_le_bytes(*length));
            assert_eq!(u32::try_from(plain.len()).ok(), length, "{name}");
            assert!(compressed.len() * 2 < plain.len(), "{name}");
        }
    }
}
