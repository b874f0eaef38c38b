//! Owns a connection on which a test writes and reads bytes itself, half-closes and resets. Does not own HTTP beyond the
//! head of an answer and the pieces of its body.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::net;

/// Heads and lines are read up to this many bytes.
const MOST_LINE: usize = 4 * 1_048_576;

/// The head of an answer as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status of the answer.
    pub status: u16,
    /// Names and values in their order, names in small letters.
    pub headers: Vec<(String, String)>,
}

impl Head {
    /// The first value of a header; empty when absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
    }
}

/// A connection in the hands of a test. Every reading has the bound given at the start.
#[derive(Debug)]
pub struct Connection {
    pub(crate) stream: TcpStream,
    pub(crate) before: BytesMut,
    pub(crate) bound: Duration,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When there is no connection.
    pub async fn open(addr: SocketAddr, bound: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect(addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, before: BytesMut::new(), bound })
    }

    /// Writes bytes.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Reads the head of an answer; what comes after stays.
    ///
    /// # Errors
    ///
    /// When the connection ends first, the bound passes, or it is no head.
    pub async fn head(&mut self) -> io::Result<Head> {
        let mut lines = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
        let status = lines.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let headers = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
        Ok(Head {
            status: status.ok_or(io::ErrorKind::InvalidData)?,
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect(),
        })
    }

    /// Reads up to the end of a line, which is left out.
    ///
    /// # Errors
    ///
    /// When the connection ends first or the bound passes.
    pub async fn line(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(end) = self.before.windows(2).position(|pair| pair == b"\r\n") {
                let line = self.before.split_to(end).freeze();
                self.before.advance(2);
                return Ok(line);
            }
            if self.before.len() > MOST_LINE || self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    /// Reads exactly that many bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::line`].
    pub async fn exactly(&mut self, bytes: usize) -> io::Result<Bytes> {
        while self.before.len() < bytes {
            if self.more().await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(self.before.split_to(bytes).freeze())
    }

    /// Reads one chunk of a chunked body; empty at its end.
    ///
    /// # Errors
    ///
    /// As [`Self::line`], or when it is no chunk.
    pub async fn chunk(&mut self) -> io::Result<Bytes> {
        let line = self.line().await?;
        let digits = std::str::from_utf8(&line).map_err(io::Error::other)?;
        let size = usize::from_str_radix(digits.split(';').next().unwrap_or_default().trim(), 16).map_err(io::Error::other)?;
        let chunk = self.exactly(size).await?;
        self.line().await?;
        Ok(chunk)
    }

    /// Reads whatever still comes until the other side closes. A reset ends it too.
    ///
    /// # Errors
    ///
    /// When the bound passes first.
    pub async fn to_the_end(&mut self) -> io::Result<Bytes> {
        loop {
            match self.more().await {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(error),
                Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok(self.before.split().freeze())
    }

    /// Closes the sending side; reading goes on.
    ///
    /// # Errors
    ///
    /// When the connection is gone.
    pub async fn half_close(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }

    /// Ends the connection with a reset.
    pub fn reset(self) {
        net::reset(self.stream);
    }

    async fn more(&mut self) -> io::Result<usize> {
        tokio::time::timeout(self.bound, self.stream.read_buf(&mut self.before)).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()))
    }
}
