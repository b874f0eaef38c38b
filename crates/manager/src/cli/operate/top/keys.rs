//! The terminal as `top` uses it: its own screen, and keys without Enter.
//!
//! Owns putting everything back at the end, whatever the end is.

use std::time::Duration;

use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[2J";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// How often keys are looked for. A read gives what is there and never waits.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Keys of a terminal, if standard input is one.
pub(super) struct Keys {
    before: Option<Termios>,
}

impl Keys {
    /// Takes the terminal. Where keys cannot be read one by one, Ctrl-C is left.
    pub(super) fn listen() -> Self {
        let _ = super::repeat::print(ENTER);
        Self { before: tcgetattr(std::io::stdin()).ok().filter(|before| by_key(before.clone()).is_ok()) }
    }

    pub(super) fn is_listening(&self) -> bool {
        self.before.is_some()
    }

    /// Waits for `q`.
    pub(super) async fn quit(&self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            let mut keys = [0; 16];
            let read = if self.is_listening() { rustix::io::read(std::io::stdin(), &mut keys).unwrap_or(0) } else { 0 };
            if keys[..read].iter().any(|key| matches!(key, b'q' | b'Q')) {
                return;
            }
        }
    }
}

fn by_key(mut mode: Termios) -> rustix::io::Result<()> {
    mode.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
    mode.special_codes[SpecialCodeIndex::VMIN] = 0;
    mode.special_codes[SpecialCodeIndex::VTIME] = 0;
    tcsetattr(std::io::stdin(), OptionalActions::Now, &mode)
}

impl Drop for Keys {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
        }
        let _ = super::repeat::print(LEAVE);
    }
}
