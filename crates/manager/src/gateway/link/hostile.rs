//! Answers as only a broken or hostile instance gives them: each is read in the one way that is safe, or refused, and what lies behind
//! it is never taken for the next answer.

use std::future::poll_fn;

use tokio::io::AsyncWriteExt;

use super::tests::joined;
use super::*;

/// What became of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Read {
    status: u16,
    body: String,
    /// It came to its end as it said.
    whole: bool,
    /// The connection may be used again.
    rests: bool,
}

fn is(status: u16, body: &str, whole: bool, rests: bool) -> Result<Read, String> {
    Ok(Read { status, body: body.to_owned(), whole, rests })
}

/// Reads an answer that comes in pieces of so many bytes, and after which the instance closes if `closes`.
async fn read(answer: &[u8], piece: usize, headless: bool, closes: bool) -> Result<Read, String> {
    let (mut link, mut instance) = joined().await;
    let method = if headless { "HEAD" } else { "GET" };
    link.begin(RequestBody::Empty, headless, |head| head.extend_from_slice(format!("{method} / HTTP/1.1\r\n\r\n").as_bytes()));
    let answering = async {
        for piece in answer.chunks(piece) {
            // Whoever was refused no longer listens.
            let _ = instance.write_all(piece).await;
            tokio::task::yield_now().await;
        }
        if closes {
            let _ = instance.shutdown().await;
        }
        // Whoever reads says when it is over.
        std::future::pending::<()>().await;
    };
    let reading = async {
        let head = poll_fn(|cx| link.poll_answer(None, cx)).await.map_err(|fault| format!("{fault:?}"))?;
        let (mut body, mut whole) = (Vec::new(), true);
        while let Some(data) = poll_fn(|cx| link.poll_data(cx)).await {
            match data {
                Ok(data) => body.extend_from_slice(&data),
                Err(_) => {
                    whole = false;
                    break;
                }
            }
        }
        Ok((head.status.as_u16(), String::from_utf8_lossy(&body).into_owned(), whole))
    };
    let read = tokio::select! {
        () = answering => Err("it does not end".to_owned()),
        read = reading => read,
    };
    read.map(|(status, body, whole)| Read { status, body, whole, rests: link.is_at_rest() })
}

#[tokio::test]
async fn what_lies_behind_an_answer_is_never_the_next_one() {
    const FORGED: &str = "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged";
    for (head, headless, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", false, is(200, "ok", true, false)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false, is(200, "", true, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, is(200, "ok", true, false)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 44\r\n\r\n", true, is(200, "", true, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", true, is(200, "", true, false)),
        ("HTTP/1.1 204 No Content\r\ncontent-length: 44\r\n\r\n", false, is(204, "", true, false)),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 44\r\n\r\n", false, is(304, "", true, false)),
        ("HTTP/1.1 304 Not Modified\r\ntransfer-encoding: chunked\r\n\r\n", false, is(304, "", true, false)),
    ] {
        let answer = format!("{head}{FORGED}");
        assert_eq!(read(answer.as_bytes(), answer.len(), headless, false).await, expected, "{head:?}");
    }
}

#[tokio::test]
async fn an_answer_without_a_body_needs_none_and_the_connection_rests() {
    for (answer, headless, status) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", true, 200),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", true, 200),
        ("HTTP/1.1 204 No Content\r\n\r\n", false, 204),
        ("HTTP/1.1 304 Not Modified\r\ncontent-length: 7\r\n\r\n", false, 304),
    ] {
        for piece in [1, answer.len()] {
            assert_eq!(read(answer.as_bytes(), piece, headless, false).await, is(status, "", true, true), "{answer:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_or_is_malformed_is_not_whole_and_its_connection_is_not_used_again() {
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc", is(200, "abc", false, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nabc", is(200, "abc", false, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n", is(200, "abc", false, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n", is(200, "abc", false, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", is(200, "abc", false, false)),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\ncontent-length: 9\r\n\r\n", is(200, "abc", true, true)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", is(200, "abc", true, false)),
        ("HTTP/1.1 200 OK\r\n\r\nuntil it closes", is(200, "until it closes", true, false)),
        ("HTTP/1.0 200 OK\r\n\r\nuntil it closes", is(200, "until it closes", true, false)),
    ] {
        for piece in [1, answer.len()] {
            assert_eq!(read(answer.as_bytes(), piece, false, true).await, expected, "{answer:?} in pieces of {piece}");
        }
    }
    for (answer, why) in [
        ("", "Closed"),
        ("HTTP/1.1 200", "Closed"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n", "Closed"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "Closed"),
        ("HTTP/1.1 100 Continue\r\ncontent-length: 38\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "1xx head announces"),
        ("\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", "empty line"),
        ("HTTP/1.1 200 OK\ncontent-length: 0\n\n", "carriage return"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\n\n", "carriage return"),
        ("SSH-2.0-OpenSSH_9.6\r\n", "version"),
    ] {
        for piece in [1, answer.len().max(1)] {
            let read = read(answer.as_bytes(), piece, false, true).await;
            assert!(read.as_ref().is_err_and(|fault| fault.contains(why)), "{answer:?} in pieces of {piece}: {read:?}");
        }
    }
}

#[tokio::test]
async fn heads_without_end_are_bounded() {
    let long = |length: usize| format!("HTTP/1.1 200 OK\r\na: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(length));
    assert_eq!(read(long(40_000).as_bytes(), 7000, false, false).await, is(200, "", true, true));
    let many = format!("HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n", "a: b\r\n".repeat(100));
    let hints = "HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n";
    let endless = format!("HTTP/1.1 200 OK\r\na: {}", "x".repeat(200_000));
    for (answer, why) in [(long(70_000), "too large"), (endless, "too large"), (many, "too many headers"), (hints.repeat(10_000), "1xx")] {
        for piece in [7000, answer.len()] {
            let read = read(answer.as_bytes(), piece, false, false).await;
            assert!(read.as_ref().is_err_and(|fault| fault.contains(why)), "{why}: {read:?}");
        }
    }
    let few = format!("{}{}", hints.repeat(100), long(1));
    assert_eq!(read(few.as_bytes(), 7000, false, false).await, is(200, "", true, true));
}

#[tokio::test]
async fn an_early_answer_ends_the_use_of_the_connection() {
    let (mut link, mut instance) = joined().await;
    let large = RequestBody::Whole(vec![b'x'; 64 << 20].into());
    link.begin(large, false, |head| head.extend_from_slice(b"POST / HTTP/1.1\r\n\r\n"));
    instance.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno").await.expect("open");
    let head = poll_fn(|cx| link.poll_answer(None, cx)).await.expect("an answer");
    assert_eq!(head.status, StatusCode::PAYLOAD_TOO_LARGE);
    let data = poll_fn(|cx| link.poll_data(cx)).await.expect("data").expect("well");
    assert_eq!((&data[..], link.is_ended(), link.is_at_rest()), (&b"no"[..], true, false));
}

#[tokio::test]
async fn what_comes_with_the_switch_belongs_to_the_other_protocol() {
    let (mut link, mut instance) = joined().await;
    link.begin(RequestBody::Empty, false, |head| head.extend_from_slice(b"GET /ws HTTP/1.1\r\n\r\n"));
    instance.write_all(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\n\r\n\x81\x02hi").await.expect("open");
    let head = poll_fn(|cx| link.poll_answer(None, cx)).await.expect("an answer");
    assert_eq!((head.status, link.is_ended(), link.is_at_rest()), (StatusCode::SWITCHING_PROTOCOLS, true, false));
    let (_stream, first) = link.into_stream();
    assert_eq!(first.as_ref(), b"\x81\x02hi");
}

#[tokio::test]
async fn what_an_instance_says_unasked_ends_the_connection() {
    let (mut link, mut instance) = joined().await;
    assert!(link.is_open());
    instance.write_all(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n").await.expect("open");
    instance.shutdown().await.expect("open");
    link.stream.tcp().readable().await.expect("open");
    assert!(!link.is_open());
}
