//! Owns made-up answers, from slightly wrong JSON to bodies without end. Does not own when they are given.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Response, StatusCode};

use super::body::{Ending, FakeBody};

/// An answer written by hand: any status, headers and bytes.
#[derive(Clone, Debug)]
pub struct Canned {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: CannedBody,
}

/// How the bytes of a made-up answer are sent.
#[derive(Clone, Debug)]
pub enum CannedBody {
    /// At once, with their length.
    Whole(Bytes),
    /// In pieces of that many bytes with a pause before each, with their length.
    Drip {
        /// All bytes.
        bytes: Bytes,
        /// Size of one piece.
        piece: usize,
        /// Pause before each piece.
        every: Duration,
    },
    /// Over and over until the reader gives up.
    Endless {
        /// What is repeated.
        chunk: Bytes,
        /// Pause before each repetition.
        every: Duration,
    },
    /// These bytes, then the connection ends although a longer body was announced.
    CutShort(Bytes),
}

impl Canned {
    /// Status 200 and these bytes as `application/json`, be they JSON or not.
    #[must_use]
    pub fn json(body: impl Into<Bytes>) -> Self {
        Self::bytes("application/json", body)
    }

    /// Status 200 and these bytes under a content type.
    ///
    /// # Panics
    ///
    /// When the content type cannot be a header value.
    #[must_use]
    pub fn bytes(content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::bare(CannedBody::Whole(body.into())).header(CONTENT_TYPE.as_str(), content_type)
    }

    /// Status 200 and no body at all.
    #[must_use]
    pub fn empty() -> Self {
        Self::bare(CannedBody::Whole(Bytes::new()))
    }

    /// A refusal of this status (429, 503) that says after how many seconds to come again.
    #[must_use]
    pub fn busy(status: u16, retry_after: u64) -> Self {
        Self::json(r#"{"error":"busy"}"#).status(status).header(RETRY_AFTER.as_str(), &retry_after.to_string())
    }

    /// A page in HTML where JSON was expected.
    #[must_use]
    pub fn html() -> Self {
        Self::bytes("text/html", "<html><body><h1>It works</h1></body></html>")
    }

    /// A 302 to another place.
    #[must_use]
    pub fn redirect(url: &str) -> Self {
        Self::empty().status(302).header(LOCATION.as_str(), url)
    }

    /// JSON that says it is gzip and is not.
    #[must_use]
    pub fn gzip_claim(body: impl Into<Bytes>) -> Self {
        Self::json(body).header(CONTENT_ENCODING.as_str(), "gzip")
    }

    /// JSON under `count` superfluous headers of about a hundred bytes each.
    #[must_use]
    pub fn header_flood(count: usize) -> Self {
        let filler = "x".repeat(80);
        (0..count).fold(Self::json("{}"), |canned, index| canned.header(&format!("x-flood-{index}"), &filler))
    }

    /// JSON `levels` arrays deep.
    #[must_use]
    pub fn deeply_nested(levels: usize) -> Self {
        Self::json(format!("{}{}", "[".repeat(levels), "]".repeat(levels)))
    }

    /// A JSON array that never ends, as fast as the reader takes it.
    #[must_use]
    pub fn endless() -> Self {
        let chunk = Bytes::from("[1,2,3,4,5,6,7],".repeat(1_024));
        Self::json("").body(CannedBody::Endless { chunk, every: Duration::ZERO })
    }

    /// JSON that comes `piece` bytes at a time.
    #[must_use]
    pub fn drip(body: impl Into<Bytes>, piece: usize, every: Duration) -> Self {
        Self::json("").body(CannedBody::Drip { bytes: body.into(), piece, every })
    }

    /// JSON whose connection ends in the middle of the body.
    #[must_use]
    pub fn cut_short(body: impl Into<Bytes>) -> Self {
        Self::json("").body(CannedBody::CutShort(body.into()))
    }

    /// A 101 that nobody asked for.
    #[must_use]
    pub fn switching_protocols() -> Self {
        Self::empty().status(101).header("connection", "upgrade").header("upgrade", "websocket")
    }

    /// The same answer under another status.
    ///
    /// # Panics
    ///
    /// When the number is not between 100 and 999.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = StatusCode::from_u16(status).expect("a made-up status must be a possible one");
        self
    }

    /// The same answer with one header more.
    ///
    /// # Panics
    ///
    /// When HTTP does not allow the name or the value.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = name.parse().expect("a made-up header must have a possible name");
        let value = value.parse().expect("a made-up header must have a possible value");
        self.headers.push((name, value));
        self
    }

    /// The same answer with another body.
    #[must_use]
    pub fn body(mut self, body: CannedBody) -> Self {
        self.body = body;
        self
    }

    fn bare(body: CannedBody) -> Self {
        Self { status: StatusCode::OK, headers: Vec::new(), body }
    }

    pub(crate) fn response(&self) -> Response<FakeBody> {
        let (body, announced) = self.body.start();
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        for (name, value) in &self.headers {
            response.headers_mut().append(name, value.clone());
        }
        if let Some(length) = announced {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        }
        response
    }
}

impl CannedBody {
    /// The body, and the length to announce when the body itself cannot tell.
    fn start(&self) -> (FakeBody, Option<usize>) {
        match self {
            Self::Whole(bytes) => (FakeBody::whole(bytes.clone()), None),
            Self::Drip { bytes, piece, every } => (FakeBody::paced(bytes.clone(), *piece, *every, Ending::Clean), Some(bytes.len())),
            Self::Endless { chunk, every } => (FakeBody::paced(chunk.clone(), chunk.len(), *every, Ending::Repeat), None),
            Self::CutShort(bytes) => {
                let body = FakeBody::paced(bytes.clone(), bytes.len(), Duration::ZERO, Ending::Abort);
                (body, Some(bytes.len() + 1_000))
            }
        }
    }
}
