//! Owns one connection through a breaking network: two directions that look at the mode before every piece.
//! Does not own accepting.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::{ChaosMode, arm};

const PIECE: usize = 16_384;

/// Why a whole connection ends, in both directions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
}

/// Carries bytes both ways until one side or the mode ends it.
pub(super) async fn carry(mut client: TcpStream, upstream: SocketAddr, mut mode: watch::Receiver<ChaosMode>) {
    while *mode.borrow_and_update() == ChaosMode::Stall {
        if mode.changed().await.is_err() {
            return;
        }
    }
    if *mode.borrow() == ChaosMode::Reset {
        return crate::net::reset(client);
    }
    let Ok(mut server) = TcpStream::connect(upstream).await else {
        return;
    };
    // Small pieces are the point of a slow network; a refusal only makes it less exact.
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ending = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let requests = pump(from_client, to_server, mode.clone(), None);
        let answers = pump(from_server, to_client, mode, Some(Cutter::default()));
        tokio::try_join!(requests, answers).err()
    };
    if ending == Some(Ending::Reset) {
        arm([&client, &server]);
    }
}

/// Carries one direction to its end. An error ends the other direction too.
async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut mode: watch::Receiver<ChaosMode>,
    mut cutter: Option<Cutter>,
) -> Result<(), Ending> {
    let mut buffer = vec![0; PIECE];
    loop {
        let now = *mode.borrow_and_update();
        let most = allowance(now)?;
        let read = tokio::select! {
            changed = mode.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Err(Ending::Close),
            },
            read = from.read(&mut buffer[..most]), if most > 0 => read.map_err(|_| Ending::Close)?,
        };
        if read == 0 {
            // The other direction may still have something to say.
            return to.shutdown().await.map_err(|_| Ending::Close);
        }
        pass(&buffer[..read], &mut to, &mut mode, cutter.as_mut()).await?;
    }
}

/// How many bytes may be read at once in a mode; 0 means that nothing moves.
fn allowance(mode: ChaosMode) -> Result<usize, Ending> {
    match mode {
        ChaosMode::Refuse => Err(Ending::Close),
        ChaosMode::Reset => Err(Ending::Reset),
        ChaosMode::Stall => Ok(0),
        ChaosMode::Drip { bytes, .. } => Ok(bytes.clamp(1, PIECE)),
        ChaosMode::Pass | ChaosMode::CutMidBody(_) | ChaosMode::Delay(_) => Ok(PIECE),
    }
}

/// Hands on one piece that has been read, in the way of the present mode.
async fn pass(
    piece: &[u8],
    to: &mut WriteHalf<'_>,
    mode: &mut watch::Receiver<ChaosMode>,
    cutter: Option<&mut Cutter>,
) -> Result<(), Ending> {
    let now = *mode.borrow();
    if let ChaosMode::Delay(delay) = now {
        pause(delay, mode).await?;
    }
    let kept = match (now, cutter) {
        (ChaosMode::CutMidBody(most), Some(cutter)) => cutter.keep(piece, most),
        _ => piece.len(),
    };
    write(&piece[..kept], to, mode).await?;
    if kept < piece.len() {
        return Err(Ending::Close);
    }
    if let ChaosMode::Drip { interval, .. } = now {
        pause(interval, mode).await?;
    }
    Ok(())
}

/// Writes a piece, but not past an end of the connection: a reader who does not read must not hold that up.
async fn write(piece: &[u8], to: &mut WriteHalf<'_>, mode: &mut watch::Receiver<ChaosMode>) -> Result<(), Ending> {
    let mut ended = mode.clone();
    tokio::select! {
        written = to.write_all(piece) => written.map_err(|_| Ending::Close),
        now = ended.wait_for(|mode| allowance(*mode).is_err()) => {
            let now = now.map_or(ChaosMode::Refuse, |mode| *mode);
            allowance(now).map(|_| ())
        }
    }
}

/// Waits; a change of mode ends the wait early.
async fn pause(delay: Duration, mode: &mut watch::Receiver<ChaosMode>) -> Result<(), Ending> {
    let mut watched = mode.clone();
    tokio::select! {
        () = tokio::time::sleep(delay) => Ok(()),
        changed = watched.changed() => changed.map_err(|_| Ending::Close),
    }
}

/// Finds the end of a head in a stream of answers and counts the bytes after it.
#[derive(Default)]
struct Cutter {
    /// How much of `\r\n\r\n` was seen last.
    matched: usize,
    /// Bytes after the head; `None` while still in it.
    body: Option<usize>,
}

impl Cutter {
    /// How many bytes of a piece may pass when a body may have `most`.
    fn keep(&mut self, piece: &[u8], most: usize) -> usize {
        for (index, byte) in piece.iter().enumerate() {
            match &mut self.body {
                Some(seen) if *seen >= most => return index,
                Some(seen) => *seen += 1,
                None => self.look_at(*byte),
            }
        }
        piece.len()
    }

    fn look_at(&mut self, byte: u8) {
        self.matched = match (byte, self.matched) {
            (b'\r', 2) => 3,
            (b'\r', _) => 1,
            (b'\n', 1) => 2,
            (b'\n', 3) => 4,
            _ => 0,
        };
        if self.matched == 4 {
            self.body = Some(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_in_pieces_is_found_and_the_body_counted() {
        let mut cutter = Cutter::default();
        assert_eq!(cutter.keep(b"HTTP/1.1 200 OK\r\na: b\r", 3), 22);
        assert_eq!(cutter.keep(b"\n\r\nab", 3), 5);
        assert_eq!(cutter.keep(b"cdef", 3), 1);
    }
}
