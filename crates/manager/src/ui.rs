//! The web console: its built files, inside the binary, and how a browser may keep and run them.
//!
//! Owns the answers below `/ui/`. The files are built in `ui/` and committed, so that building the manager needs no Node. Does not own
//! routes, and knows nothing of what the pages ask.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// What the build of the console left.
struct Console {
    /// Changes with the page.
    tag: &'static str,
    /// The page itself; its `<base>` is written for each address.
    page: &'static str,
    /// Name, kind and gzip of each other file. A name contains the hash of its content.
    assets: &'static [(&'static str, &'static str, &'static [u8])],
}

/// Written by `ui/build/compress.mjs`.
const CONSOLE: Console = include!("../../../ui/dist/table.in");

const ASSETS: &str = "assets/";
const BASE: &str = "<base href=\"./\" />";

/// Deeper addresses are not the console's.
const DEEPEST: usize = 4;

/// Everything comes from the manager itself, and nothing is written into the page.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; \
     base-uri 'self'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html",
);
const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const GZIP: HeaderValue = HeaderValue::from_static("gzip");
const ENCODING: HeaderValue = HeaderValue::from_static("Accept-Encoding");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// The answer for a path below `/ui/`, as it was sent: a file, or the page for every address that is not one, because the page
/// knows its own addresses. `None` if there is no such file.
pub fn answer(path: &str, request: &HeaderMap) -> Option<Response> {
    match path.strip_prefix(ASSETS) {
        Some(name) => asset(name),
        None => page(path.matches('/').count(), request),
    }
}

/// Every browser reads gzip, so there is no other form.
fn asset(name: &str) -> Option<Response> {
    let (_, kind, content) = CONSOLE.assets.iter().find(|(known, _, _)| *known == name)?;
    let mut response = Response::new(Body::from(*content));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_ENCODING, GZIP);
    headers.insert(header::VARY, ENCODING);
    headers.insert(header::CACHE_CONTROL, IMMUTABLE);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    Some(response)
}

/// The page at `depth` folders below `/ui/`. A relative base works below any path that a proxy puts in front.
fn page(depth: usize, request: &HeaderMap) -> Option<Response> {
    if depth > DEEPEST {
        return None;
    }
    let tag = HeaderValue::try_from(format!("\"{}-{depth}\"", CONSOLE.tag)).ok()?;
    let mut response = if has_tag(request, &tag) {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(page_at(depth)))
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HTML);
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    headers.insert(header::CONTENT_SECURITY_POLICY, POLICY);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.insert("cross-origin-opener-policy", SAME_ORIGIN);
    Some(response)
}

fn page_at(depth: usize) -> String {
    let base = if depth == 0 { "./".to_owned() } else { "../".repeat(depth) };
    CONSOLE.page.replacen(BASE, &format!("<base href=\"{base}\" />"), 1)
}

fn has_tag(request: &HeaderMap, tag: &HeaderValue) -> bool {
    let said = request.get_all(header::IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    said.map(<[u8]>::trim_ascii).any(|one| one == b"*" || one.strip_prefix(b"W/").unwrap_or(one) == tag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(path: &str) -> Option<StatusCode> {
        answer(path, &HeaderMap::new()).map(|response| response.status())
    }

    #[test]
    fn every_file_that_the_page_names_is_there() {
        let named: Vec<&str> = CONSOLE.page.split('"').filter_map(|part| part.strip_prefix("./")).filter(|name| !name.is_empty()).collect();
        assert!(named.len() >= 3, "{named:?}");
        for name in named {
            assert_eq!(status(name), Some(StatusCode::OK), "{name}");
        }
        assert_eq!(status("assets/index.js"), None);
        assert_eq!(status("assets/../index.html"), None);
    }

    #[test]
    fn a_deep_address_gets_the_page_with_its_base() {
        assert!(CONSOLE.page.contains(BASE), "the build no longer writes the base as it is looked for here");
        assert!(page_at(0).contains("<base href=\"./\" />"));
        assert!(page_at(2).contains("<base href=\"../../\" />"));
        assert_eq!(status("instances/a"), Some(StatusCode::OK));
        assert_eq!(status("a/b/c/d/e/f"), None);
    }

    #[test]
    fn a_page_that_is_known_is_not_sent_again() {
        let first = answer("", &HeaderMap::new()).expect("page");
        let tag = first.headers()[header::ETAG].clone();
        let asking = |value: HeaderValue| HeaderMap::from_iter([(header::IF_NONE_MATCH, value)]);
        assert_eq!(answer("", &asking(tag.clone())).map(|response| response.status()), Some(StatusCode::NOT_MODIFIED));
        assert_eq!(answer("a/b", &asking(tag)).map(|response| response.status()), Some(StatusCode::OK), "another base, another page");
    }
}
