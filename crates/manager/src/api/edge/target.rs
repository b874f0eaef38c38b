//! The shape a request must have, whoever it is for: one reading of its target, one way its body ends.
//!
//! hyper lets through what two readers could read differently (see `reliability` in ARCHITECTURE.md); this refuses it.

use http::{HeaderMap, Method, Request, StatusCode, header};

use super::super::error::ApiError;
use crate::server::{Mark, Marks};

/// Reads the head of HTTP/2 as one of HTTP/1.1, so that everything behind sees one form: the authority is the `Host`, and cookies that
/// came in pieces are one again. What cannot be is refused.
pub(super) fn settle<B>(request: &mut Request<B>) -> Result<(), ApiError> {
    if request.uri().scheme().is_some_and(|scheme| *scheme != http::uri::Scheme::HTTPS) {
        return Err(ApiError::bad_request("the scheme must be https on a connection that is"));
    }
    if request.uri().path().starts_with(SOCKETS) {
        let message = "WebSockets are spoken over HTTP/1.1 here: connect without offering h2 (ALPN http/1.1 only)";
        return Err(ApiError::bad_request(message));
    }
    let authority = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let headers = request.headers_mut();
    if !headers.contains_key(header::HOST) {
        let host = authority.and_then(|authority| http::HeaderValue::try_from(authority).ok());
        headers.insert(header::HOST, host.ok_or_else(|| ApiError::bad_request(":authority or Host is required"))?);
    }
    if headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let pieces: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(http::HeaderValue::as_bytes).collect();
        let whole = http::HeaderValue::from_bytes(&pieces.join(&b"; "[..]));
        headers.insert(header::COOKIE, whole.map_err(|_| ApiError::bad_request("Cookie has characters that it must not have"))?);
    }
    Ok(())
}

/// Where WebSockets are.
const SOCKETS: &str = "/ws/";

/// Refuses a request that has two readings.
pub(super) fn check<B>(request: &Request<B>, marks: Marks, head_bytes_max: usize) -> Result<(), ApiError> {
    // hyper's own limit is that of its buffer, which holds part of a body too: it lets through somewhat more than was set.
    if head_bytes(request) > head_bytes_max {
        let message = format!("the request head is larger than {head_bytes_max} bytes (server.header.max.bytes)");
        return Err(ApiError::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, message).header(header::CONNECTION, CLOSE));
    }
    if request.method() == Method::CONNECT {
        return Err(ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "CONNECT is not offered: this is not a proxy"));
    }
    if marks.has(Mark::TransferEncoding) || marks.has(Mark::Expect) {
        framing(request.headers())?;
    }
    hosts(request)?;
    path(request.uri().path())
}

const CLOSE: http::HeaderValue = http::HeaderValue::from_static("close");

/// About as many bytes as the head took on the wire.
fn head_bytes<B>(request: &Request<B>) -> usize {
    let fields = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    let target = request.uri().path_and_query().map_or(1, |target| target.as_str().len());
    request.method().as_str().len() + target + 12 + fields.sum::<usize>()
}

fn framing(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let coding = codings.next();
    if codings.next().is_some() || coding.is_some_and(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
        return Err(ApiError::bad_request("Transfer-Encoding must be 'chunked', once, or absent"));
    }
    if coding.is_some() && headers.contains_key(header::CONTENT_LENGTH) {
        return Err(ApiError::bad_request("Content-Length and Transfer-Encoding must not be sent together"));
    }
    let expects_other = |value: &http::HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    if headers.get(header::EXPECT).is_some_and(expects_other) {
        return Err(ApiError::new(StatusCode::EXPECTATION_FAILED, "Expect must be '100-continue' or absent"));
    }
    Ok(())
}

fn hosts<B>(request: &Request<B>) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    if hosts.next().is_some() {
        return Err(ApiError::bad_request("Host must be sent once"));
    }
    if request.version() == http::Version::HTTP_11 && host.is_none() {
        return Err(ApiError::bad_request("Host is required in HTTP/1.1"));
    }
    let plain = |value: &http::HeaderValue| value.as_bytes().iter().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(b));
    if host.is_some_and(|host| !plain(host)) {
        return Err(ApiError::bad_request("Host must be a name or address with an optional port"));
    }
    if let (Some(authority), Some(host)) = (request.uri().authority(), host)
        && authority.as_str().as_bytes() != host.as_bytes()
    {
        return Err(ApiError::bad_request("Host must be the one of the request target"));
    }
    Ok(())
}

/// A path is refused when a decoder, a normaliser or a router could each read it differently.
fn path(path: &str) -> Result<(), ApiError> {
    if is_plain(path) {
        return Ok(());
    }
    if path.contains("//") || path.contains('\\') {
        return Err(ApiError::bad_request("the path must not contain '//' or '\\'"));
    }
    for segment in path.split('/') {
        // Most are what they look like.
        let plain = segment.bytes().all(|byte| byte != b'%' && byte != b'.' && byte != 0 && byte.is_ascii());
        if plain {
            continue;
        }
        let decoded =
            decode(segment).ok_or_else(|| ApiError::bad_request("the path must be percent-encoded UTF-8: '%' and two hex digits"))?;
        if matches!(&*decoded, "." | "..") {
            return Err(ApiError::bad_request("the path must not contain '.' or '..' segments, encoded or not"));
        }
        if decoded.contains('\0') {
            return Err(ApiError::bad_request("the path must not contain NUL"));
        }
    }
    Ok(())
}

/// Whether there is nothing in a path that could be read in two ways, as in nearly all of them.
fn is_plain(path: &str) -> bool {
    let mut after_slash = false;
    path.bytes().all(|byte| {
        let is_slash = byte == b'/';
        let plain = PLAIN[usize::from(byte)] && !(is_slash && after_slash);
        after_slash = is_slash;
        plain
    })
}

/// Bytes that every reader of a path takes for themselves.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 1;
    while byte < 128 {
        plain[byte] = !matches!(byte as u8, b'%' | b'.' | b'\\');
        byte += 1;
    }
    plain
};

/// `/health/` means `/health`, as it did in the original. Pages that load their parts by relative path keep their slash.
pub(super) fn forgive_trailing_slash<B>(request: &mut Request<B>) {
    let path = request.uri().path();
    let Some(shorter) = path.strip_suffix('/').filter(|shorter| !shorter.is_empty()) else { return };
    if path.starts_with("/docs") || path.starts_with("/ui") {
        return;
    }
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    if let Ok(uri) = format!("{shorter}{query}").parse() {
        *request.uri_mut() = uri;
    }
}

/// A segment decoded once, or `None` if it cannot be.
fn decode(segment: &str) -> Option<std::borrow::Cow<'_, str>> {
    let mut rest = segment.bytes();
    while let Some(byte) = rest.next() {
        let hex = |digit: Option<u8>| digit.is_some_and(|digit| digit.is_ascii_hexdigit());
        if byte == b'%' && !(hex(rest.next()) && hex(rest.next())) {
            return None;
        }
    }
    percent_encoding::percent_decode_str(segment).decode_utf8().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(build: impl FnOnce(http::request::Builder) -> http::request::Builder) -> Result<(), StatusCode> {
        let request = build(Request::builder().uri("/api/v1/instances").header("host", "localhost:9090")).body(()).expect("request");
        check(&request, Marks::of(request.headers()), 65_536).map_err(|error| error.status())
    }

    #[test]
    fn ordinary_requests_pass() {
        assert_eq!(verdict(|request| request), Ok(()));
        for path in ["/", "/api/v1/instances/a%20b", "/api/v1/instances/a%2Fb", "/api/v1/instances/%C3%A4", "/a..b", "/..a"] {
            assert_eq!(verdict(|request| request.uri(path)), Ok(()), "{path}");
        }
        assert_eq!(verdict(|request| request.header("transfer-encoding", "chunked")), Ok(()));
    }

    #[test]
    fn heads_of_http2_are_read_as_those_of_http1() {
        let settled = |uri: &str, headers: &[(&str, &str)]| {
            let mut request = Request::builder().version(http::Version::HTTP_2).uri(uri);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let mut request = request.body(()).expect("request");
            let checked = settle(&mut request).and_then(|()| check(&request, Marks::of(request.headers()), 65_536));
            checked.map(|()| request).map_err(|error| error.status())
        };
        let request = settled("https://m.example:9090/a?b", &[("cookie", "a=1"), ("cookie", "b=2")]).expect("settled");
        assert_eq!(
            (&request.headers()["host"], &request.headers()["cookie"]),
            (&"m.example:9090".parse().unwrap(), &"a=1; b=2".parse().unwrap())
        );
        assert!(settled("/a", &[("host", "m.example")]).is_ok());
        let refused = [
            ("/a", &[][..]),
            ("http://m.example/a", &[]),
            ("https://m.example/a", &[("host", "other")]),
            ("https://user@m.example/a", &[]),
            ("https://m.example/a//b", &[]),
            ("https://m.example/%2e%2e/b", &[]),
            ("https://m.example/ws/updates", &[]),
        ];
        for (uri, headers) in refused {
            assert_eq!(settled(uri, headers).err(), Some(StatusCode::BAD_REQUEST), "{uri}");
        }
    }

    #[test]
    fn what_has_two_readings_is_refused() {
        for path in ["/a/../b", "/a/./b", "/a/%2e%2E/b", "/a//b", "/%zz", "/%4", "/%", "/%00", "/%ff", "/a\\b"] {
            let Ok(uri) = path.parse::<http::Uri>() else { continue };
            assert_eq!(verdict(|request| request.uri(uri)), Err(StatusCode::BAD_REQUEST), "{path}");
        }
        for coding in [",chunked", "identity, chunked", "xchunked", "chunked, chunked", "gzip"] {
            assert_eq!(verdict(|request| request.header("transfer-encoding", coding)), Err(StatusCode::BAD_REQUEST), "{coding}");
        }
        let twice = |name: &'static str, value: &'static str| verdict(|request| request.header(name, value).header(name, value));
        assert_eq!(twice("transfer-encoding", "chunked"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(verdict(|request| request.header("host", "other")), Err(StatusCode::BAD_REQUEST));
        assert_eq!(
            verdict(|request| request.header("transfer-encoding", "chunked").header("content-length", "3")),
            Err(StatusCode::BAD_REQUEST)
        );
        assert_eq!(verdict(|request| request.uri("http://other/x")), Err(StatusCode::BAD_REQUEST));
        assert_eq!(verdict(|request| request.method("CONNECT")), Err(StatusCode::METHOD_NOT_ALLOWED));
        assert_eq!(verdict(|request| request.header("expect", "tea")), Err(StatusCode::EXPECTATION_FAILED));
    }
}
