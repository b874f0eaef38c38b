//! Where the frames of a WebSocket begin and end in the bytes that pass, and the frame that says good-bye.
//!
//! Owns following the lengths of frames, without keeping or changing a byte of them. Does not own what they say.

/// The most bytes of a frame's head: two, eight of length, four of a mask.
const HEAD_MAX: usize = 14;

/// The opcode of a close frame.
const CLOSE: u8 = 8;

/// `going away`
const GOING_AWAY: u16 = 1001;

/// Follows the frames in one direction.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD_MAX],
    /// Bytes of the head that came. 0 while `left` is not 0, and between frames.
    length: usize,
    /// Bytes of the frame that are still to come, once its head is whole.
    left: u64,
    /// A close frame began: nothing may follow it.
    closed: bool,
}

impl Frames {
    /// These bytes passed.
    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let taken = self.take(bytes);
            bytes = &bytes[taken..];
        }
    }

    /// How many bytes are sure to belong to the frame that is under way; 0 between two frames.
    pub(super) fn missing(&self) -> u64 {
        match self.length {
            0 => self.left,
            length => head_length(&self.head[..length]).saturating_sub(length) as u64,
        }
    }

    /// Whether a frame may be put in here: nothing is under way, and nobody has said good-bye.
    pub(super) fn is_open(&self) -> bool {
        self.missing() == 0 && !self.closed
    }

    fn take(&mut self, bytes: &[u8]) -> usize {
        if self.left > 0 {
            let taken = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
            self.left -= taken as u64;
            return taken;
        }
        self.head[self.length] = bytes[0];
        self.length += 1;
        let head = &self.head[..self.length];
        if self.length >= 2 && head_length(head) == self.length {
            self.closed |= head[0] & 0x0F == CLOSE;
            self.left = payload_length(head);
            self.length = 0;
        }
        1
    }
}

/// How long the head is that begins with these bytes, as far as they tell.
fn head_length(head: &[u8]) -> usize {
    let Some(second) = head.get(1) else { return 2 };
    let extended = match second & 0x7F {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    2 + extended + if second & 0x80 == 0 { 0 } else { 4 }
}

/// The length that a whole head tells.
fn payload_length(head: &[u8]) -> u64 {
    let extended = match head[1] & 0x7F {
        126 => &head[2..4],
        127 => &head[2..10],
        short => return u64::from(short),
    };
    extended.iter().fold(0, |length, byte| length << 8 | u64::from(*byte))
}

/// A close frame that says that this side goes away, and why. What a client sends is masked.
pub(super) fn going_away(why: &'static str, mask: Option<[u8; 4]>) -> Vec<u8> {
    // A control frame takes at most 125 bytes.
    let why = why.get(..123).unwrap_or(why);
    let mut payload = GOING_AWAY.to_be_bytes().to_vec();
    payload.extend_from_slice(why.as_bytes());
    let length = u8::try_from(payload.len()).unwrap_or(0);
    let mut frame = vec![0x80 | CLOSE, length | if mask.is_some() { 0x80 } else { 0 }];
    if let Some(mask) = mask {
        frame.extend_from_slice(&mask);
        payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
    }
    frame.append(&mut payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: u8, length: usize, masked: bool) -> Vec<u8> {
        let mask = if masked { 0x80 } else { 0 };
        let mut frame = vec![0x80 | opcode];
        match length {
            0..=125 => frame.push(mask | length as u8),
            126..=0xFFFF => {
                frame.push(mask | 126);
                frame.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                frame.push(mask | 127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        frame.extend(std::iter::repeat_n(0xFF, length + if masked { 4 } else { 0 }));
        frame
    }

    #[test]
    fn ends_of_frames_are_found_however_they_are_cut() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536, 70_000] {
            for masked in [false, true] {
                let whole = frame(2, length, masked);
                for piece in [1, 2, 3, 7, 1000, 100_000] {
                    let mut frames = Frames::default();
                    let mut passed = 0;
                    for bytes in whole.chunks(piece) {
                        assert!(passed == 0 || frames.missing() > 0, "{length} {piece}: an end was seen in the middle");
                        assert!(frames.missing() <= (whole.len() - passed) as u64);
                        frames.pass(bytes);
                        passed += bytes.len();
                    }
                    assert!(frames.is_open(), "{length} {masked} {piece}");
                }
            }
        }
    }

    #[test]
    fn nothing_follows_a_close_frame() {
        let mut frames = Frames::default();
        frames.pass(&[frame(1, 5, false), going_away("", None)].concat());
        assert!(frames.missing() == 0 && !frames.is_open());
    }

    #[test]
    fn a_length_that_cannot_be_is_no_end() {
        let mut frames = Frames::default();
        frames.pass(&[0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert!(!frames.is_open() && frames.missing() == u64::MAX);
    }

    #[test]
    fn what_is_masked_is_the_same_underneath() {
        let (plain, mask) = (going_away("so", None), [1, 2, 3, 4]);
        let masked = going_away("so", Some(mask));
        assert_eq!((&plain[..], masked[1]), (&b"\x88\x04\x03\xE9so"[..], 0x84));
        let unmasked: Vec<u8> = masked[6..].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
        assert_eq!(unmasked, plain[2..]);
    }
}
