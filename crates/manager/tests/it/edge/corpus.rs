//! Malformed HTTP/1 requests, by name, with what becomes of each.
//!
//! Owns the bytes. `framing.rs` sends them.
// a table of data

use Fate::{Refused, Served};

/// What becomes of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// 4xx or 5xx, or the end of the connection.
    Refused,
    /// Read in the one way there is to read it.
    Served,
}

/// Name, bytes, fate. Every request asks the list, so that a second one smuggled behind it would be seen as a second answer.
pub(super) const CORPUS: &[(&str, &str, Fate)] = &[
    // Length.
    (
        "length and chunked",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunked and length",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "two lengths",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\n{}x",
        Refused,
    ),
    ("a list of lengths", "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2, 3\r\n\r\n{}x", Refused),
    ("length with plus", "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: +2\r\n\r\n{}", Refused),
    ("negative length", "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: -2\r\n\r\n{}", Refused),
    ("hexadecimal length", "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0x2\r\n\r\n{}", Refused),
    ("empty length", "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length:\r\n\r\n{}", Refused),
    ("length with underscore", "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1_0\r\n\r\n{}", Refused),
    (
        "length beyond 64 bits",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length: 18446744073709551617\r\n\r\n{}",
        Refused,
    ),
    (
        "space before the colon of a length",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ncontent-length : 2\r\n\r\n{}",
        Refused,
    ),
    // Transfer coding.
    (
        "unknown coding",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "comma before chunked",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: ,chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "identity after chunked",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "identity before chunked",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: identity, chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "two codings",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ntransfer-encoding: gzip\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunked twice",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunked after a vertical tab",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunked in quotes",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "space before the colon of a coding",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunked in HTTP/1.0",
        "POST /api/v1/instances/register HTTP/1.0\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "folded coding",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        Refused,
    ),
    // Lines.
    ("folded header", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx-a: 1\r\n 2\r\n\r\n", Refused),
    ("space before the first header", "GET /api/v1/instances HTTP/1.1\r\n host: localhost\r\n\r\n", Refused),
    ("NUL in a value", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx-a: 1\x002\r\n\r\n", Refused),
    ("CR in a value", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx-a: 1\r2\r\n\r\n", Refused),
    ("no colon", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx-a\r\n\r\n", Refused),
    ("empty name", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\n: 1\r\n\r\n", Refused),
    ("high byte in a name", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx-\u{e4}: 1\r\n\r\n", Refused),
    ("parenthesis in a name", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx-(a): 1\r\n\r\n", Refused),
    ("underscore in a name", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nx_a: 1\r\n\r\n", Served),
    // RFC 9112, 2.2 lets a server take a bare line feed for the end of a line, and hyper does.
    ("bare line feeds", "GET /api/v1/instances HTTP/1.1\nhost: localhost\n\n", Served),
    ("a bare line feed among headers", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\nx-a: 1\r\n\r\n", Served),
    // Target and host.
    ("no Host", "GET /api/v1/instances HTTP/1.1\r\n\r\n", Refused),
    ("two Hosts", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n\r\n", Refused),
    ("Host with a path", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost/x\r\n\r\n", Refused),
    ("Host with user information", "GET /api/v1/instances HTTP/1.1\r\nhost: a@localhost\r\n\r\n", Refused),
    ("absolute target", "GET http://localhost/api/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Served),
    ("absolute target of another host", "GET http://127.0.0.1/api/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    // What stands behind # is cut off before anything reads it.
    ("fragment", "GET /api/v1/instances#x HTTP/1.1\r\nhost: localhost\r\n\r\n", Served),
    ("space in the target", "GET /api/v1/inst ances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("NUL in the target", "GET /api/v1/instances\x00 HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("tabs between the parts", "GET\t/api/v1/instances\tHTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("lower-case version", "GET /api/v1/instances http/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("version 1.10", "GET /api/v1/instances HTTP/1.10\r\nhost: localhost\r\n\r\n", Refused),
    ("version 2.0", "GET /api/v1/instances HTTP/2.0\r\nhost: localhost\r\n\r\n", Refused),
    ("HTTP/0.9", "GET /api/v1/instances\r\n\r\n", Refused),
    ("bad method", "G(T /api/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("encoded dots", "GET /api/v1/%2e%2e/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("encoded slash where no id stands", "GET /api%2fv1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("backslash", "GET /api/v1\\instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("two slashes", "GET //api/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    // Chunks.
    (
        "hexadecimal chunk size",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunk size with plus",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n+2\r\n{}\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunk size with underscore",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2_\r\n{}\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunk size beyond 64 bits",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n10000000000000002\r\n{}\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "no chunk size",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "chunk with a bare line feed",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n",
        Refused,
    ),
    (
        "last chunk with a bare line feed",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\n\n",
        Refused,
    ),
    (
        "chunk without its end",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}XX0\r\n\r\n",
        Refused,
    ),
    (
        "Content-Length among trailers",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\ncontent-length: 5\r\n\r\n",
        Refused,
    ),
    // Other.
    ("upgrade to h2c", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n", Served),
    (
        "Connection names another header",
        "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\nconnection: x-forwarded-for\r\nx-forwarded-for: 1\r\n\r\n",
        Served,
    ),
    (
        "another expectation",
        "POST /api/v1/instances/register HTTP/1.1\r\nhost: localhost\r\nexpect: tea\r\ncontent-length: 2\r\n\r\n{}",
        Refused,
    ),
    ("CONNECT", "CONNECT localhost:80 HTTP/1.1\r\nhost: localhost:80\r\n\r\n", Refused),
    ("TRACE", "TRACE /api/v1/instances HTTP/1.1\r\nhost: localhost\r\n\r\n", Refused),
    ("GET with a body", "GET /api/v1/instances HTTP/1.1\r\nhost: localhost\r\ncontent-length: 2\r\n\r\n{}", Served),
];
