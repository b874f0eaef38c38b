//! The end of a connection whose client may still be sending.
//!
//! A socket that is closed with unread bytes in it is reset, and a reset overtakes the answer on its way: the client of a
//! body that is too large would see a broken connection instead of 413. So the stream is handed back when the
//! conversation is over, and read for a moment. Owns that moment and its bounds.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How long a client may go on sending.
const TIME_MAX: Duration = Duration::from_secs(2);

/// How much it may go on sending: more than the largest usual body.
const BYTES_MAX: usize = 64 << 20;

/// Where a stream is left when the conversation over it ends.
#[derive(Debug)]
pub(super) struct Left<S>(Arc<Mutex<Option<S>>>);

impl<S> Clone for Left<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S> Left<S> {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(None)))
    }

    /// Leaves the stream.
    pub(super) fn put(&self, stream: S) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(stream);
    }

    /// Takes it.
    pub(super) fn take(&self) -> Option<S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Left<S> {
    /// Says that nothing more will be sent, and reads until the client says the same, or a bound is reached.
    pub(super) async fn linger(&self) {
        let Some(mut stream) = self.take() else { return };
        let reading = async {
            // A connection that is gone already needs no further care.
            if stream.shutdown().await.is_err() {
                return;
            }
            let (mut buffer, mut total) = (vec![0; 16 << 10], 0);
            while let Ok(read @ 1..) = stream.read(&mut buffer).await {
                total += read;
                if total > BYTES_MAX {
                    return;
                }
            }
        };
        let _ = tokio::time::timeout(TIME_MAX, reading).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_reads_until_the_client_is_done() {
        let (mut client, server) = tokio::io::duplex(1 << 10);
        let left = Left::new();
        left.put(server);
        let sending = async {
            client.write_all(&[0; 1 << 16]).await.expect("nobody resets");
            client.shutdown().await.expect("done");
        };
        tokio::join!(left.linger(), sending);
        assert!(left.take().is_none(), "it is read once");
    }
}
