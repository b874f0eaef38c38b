//! A text that is written once per fetch, but for its times.
//!
//! Owns the gaps and how they are filled at each request. Does not own what stands around them.

use bytes::Bytes;
use tokio::time::Instant;

use crate::clock;

/// What fills a gap.
#[derive(Clone, Copy, Debug)]
enum Gap {
    /// The time of the answer, in ISO 8601 with quotes.
    Now,
    /// The time of the answer, in milliseconds since 1970.
    NowMillis,
    /// Milliseconds since that moment.
    MillisSince(Instant),
}

/// A text with gaps for times at its beginning, and a long rest without any.
#[derive(Debug, Default)]
pub struct Prepared {
    head: Vec<u8>,
    gaps: Vec<(usize, Gap)>,
    rest: Vec<Bytes>,
    cut: bool,
}

/// Up to this size one piece is sent: copying it is cheaper than sending several.
const ONE_PIECE_MAX: usize = 64 * 1024;

impl Prepared {
    /// Adds text. Only before the rest.
    pub fn text(&mut self, text: &[u8]) {
        self.head.extend_from_slice(text);
    }

    /// Adds a gap for the time of the answer.
    pub fn now(&mut self) {
        self.gaps.push((self.head.len(), Gap::Now));
    }

    /// Adds a gap for the time of the answer as instances write it: a number.
    pub fn now_millis(&mut self) {
        self.gaps.push((self.head.len(), Gap::NowMillis));
    }

    /// Adds a gap for the milliseconds since `moment`.
    pub fn millis_since(&mut self, moment: Instant) {
        self.gaps.push((self.head.len(), Gap::MillisSince(moment)));
    }

    /// Adds a piece that stands behind everything else.
    pub fn rest(&mut self, piece: Bytes) {
        self.rest.push(piece);
    }

    /// Notes that the text is not whole because it grew too long; nobody may see it then.
    pub fn cut(&mut self) {
        self.cut = true;
    }

    /// Whether the text is not whole.
    pub fn is_cut(&self) -> bool {
        self.cut
    }

    /// The text with the times of this moment, as pieces to send one after the other. Costs nothing per row.
    pub fn filled(&self) -> Vec<Bytes> {
        const GAP_LENGTH: usize = 26;
        let rest: usize = self.rest.iter().map(Bytes::len).sum();
        let head = self.head.len() + self.gaps.len() * GAP_LENGTH;
        let one = head + rest <= ONE_PIECE_MAX;
        let mut text = Vec::with_capacity(if one { head + rest } else { head });
        self.fill(&mut text);
        if one {
            self.rest.iter().for_each(|piece| text.extend_from_slice(piece));
            return vec![Bytes::from(text)];
        }
        std::iter::once(Bytes::from(text)).chain(self.rest.iter().cloned()).collect()
    }

    fn fill(&self, text: &mut Vec<u8>) {
        let (instant, mut from) = (clock::instant(), 0);
        for (at, gap) in &self.gaps {
            text.extend_from_slice(&self.head[from..*at]);
            from = *at;
            match gap {
                Gap::Now => {
                    text.push(b'"');
                    text.extend_from_slice(&clock::iso_now());
                    text.push(b'"');
                }
                Gap::NowMillis => push_number(text, u128::try_from(clock::wall().epoch_millis()).unwrap_or_default()),
                Gap::MillisSince(moment) => push_number(text, instant.saturating_duration_since(*moment).as_millis()),
            }
        }
        text.extend_from_slice(&self.head[from..]);
    }
}

fn push_number(text: &mut Vec<u8>, mut number: u128) {
    let start = text.len();
    loop {
        text.push(b'0' + (number % 10) as u8);
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn gaps_are_filled_at_each_request() {
        let mut prepared = Prepared::default();
        prepared.text(b"{\"age\":");
        prepared.millis_since(clock::instant());
        prepared.text(b",\"time\":");
        prepared.now();
        prepared.rest(Bytes::from_static(b",\"rows\":[]}"));
        let read = |prepared: &Prepared| serde_json::from_slice::<serde_json::Value>(&prepared.filled().concat()).expect("JSON");
        assert_eq!(read(&prepared)["age"], 0);
        tokio::time::advance(Duration::from_millis(1_203)).await;
        assert_eq!(read(&prepared)["age"], 1203);
        assert!(read(&prepared)["time"].as_str().is_some_and(|time| time.ends_with('Z')));
        prepared.rest(Bytes::from(vec![b' '; ONE_PIECE_MAX]));
        let pieces = prepared.filled();
        assert_eq!(pieces.len(), 3, "long pieces are not copied");
        assert_eq!(read(&prepared)["rows"], serde_json::json!([]));
    }
}
