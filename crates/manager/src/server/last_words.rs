//! What a client is told of bytes that never became a request: a malformed or too large head, or one that takes too long.
//!
//! hyper answers the first two by itself, without a body, and tells nobody beforehand. So its answer is recognised on its
//! way out and held back, and when the conversation is over the service's own words go out in its place. Owns that
//! recognition and the writing. Does not own the words.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use tokio::io::{AsyncWrite, AsyncWriteExt};

/// The longest time for the last words. Whether the client reads them is its own affair.
const TIME_MAX: Duration = Duration::from_secs(1);

/// hyper's own answers are shorter.
const OWN_ANSWER_MAX: usize = 256;

/// The status of an answer that hyper made by itself, if these bytes are one: a whole head without a body, and without the
/// name that every answer of the service has.
pub(super) fn own_answer(bytes: &[u8]) -> Option<StatusCode> {
    if bytes.len() > OWN_ANSWER_MAX || !bytes.starts_with(b"HTTP/1.") || !bytes.ends_with(b"\r\n\r\n") {
        return None;
    }
    let head = std::str::from_utf8(bytes).ok()?;
    let status = StatusCode::from_bytes(head.get(9..12)?.as_bytes()).ok()?;
    let is_hypers = matches!(status.as_u16(), 400 | 414 | 431) && head.contains("content-length: 0\r\n") && !head.contains("x-request-id");
    is_hypers.then_some(status)
}

/// What happened, in a sentence for the client.
pub(super) fn sentence(status: StatusCode, reason: &hyper::Error, head_bytes_max: usize) -> String {
    match status {
        StatusCode::URI_TOO_LONG => "the target of the request is too long: 65534 bytes are the most".to_owned(),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            format!("the request head is too large: {head_bytes_max} bytes (server.header.max.bytes) and 100 headers are the most")
        }
        _ => format!("this is not a well-formed HTTP/1.1 request: {reason}"),
    }
}

/// Writes an answer behind which the connection ends.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), answer: &Response<Vec<u8>>) {
    let bytes = bytes(answer);
    let writing = async { stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok() };
    let _ = tokio::time::timeout(TIME_MAX, writing).await;
}

fn bytes(answer: &Response<Vec<u8>>) -> Vec<u8> {
    let status = answer.status();
    let mut bytes = format!("HTTP/1.1 {} {}\r\n", status.as_u16(), status.canonical_reason().unwrap_or_default()).into_bytes();
    let length = HeaderValue::from(answer.body().len());
    let ours: [(HeaderName, HeaderValue); 2] = [(header::CONNECTION, HeaderValue::from_static("close")), (header::CONTENT_LENGTH, length)];
    for (name, value) in answer.headers().iter().chain(ours.iter().map(|(name, value)| (name, value))) {
        bytes.extend_from_slice(name.as_str().as_bytes());
        bytes.extend_from_slice(b": ");
        bytes.extend_from_slice(value.as_bytes());
        bytes.extend_from_slice(b"\r\n");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(answer.body());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_hyper_says_by_itself_is_recognised() {
        let hypers = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\ndate: x\r\n\r\n";
        assert_eq!(own_answer(hypers), Some(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        for other in [
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 400 Bad Request\r\nx-request-id: a\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 4",
            "",
        ] {
            assert_eq!(own_answer(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn an_answer_has_its_length_and_ends_the_connection() {
        let answer = Response::builder().status(408).header("x-a", "b").body(b"{}".to_vec()).expect("an answer");
        let text = String::from_utf8(bytes(&answer)).expect("text");
        assert_eq!(text, "HTTP/1.1 408 Request Timeout\r\nx-a: b\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}");
    }
}
