//! What the terminal can do.

use std::io::IsTerminal;

use crate::cli::operate::line::ColorChoice;

/// The place where answers are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Screen {
    /// Columns; none where lines may be as long as they like.
    pub(crate) width: Option<usize>,
    pub(crate) has_color: bool,
}

impl Screen {
    /// Standard output.
    pub(crate) fn of_output(choice: ColorChoice) -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let says = |name: &str| std::env::var(name).unwrap_or_default();
        let may = is_terminal && says("NO_COLOR").is_empty() && says("TERM") != "dumb";
        let has_color = match choice {
            ColorChoice::Auto => may,
            ColorChoice::Always => true,
            ColorChoice::Never => false,
        };
        Self { width: is_terminal.then(|| size().0), has_color }
    }

    /// Lines as long as they like, no colours.
    #[cfg(test)]
    pub(crate) fn wide() -> Self {
        Self::default()
    }
}

/// Columns and rows of the terminal; 80 by 24 where it does not say.
pub(crate) fn size() -> (usize, usize) {
    let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok();
    let or = |said: Option<u16>, usual: usize| said.filter(|said| *said > 0).map_or(usual, usize::from);
    (or(size.map(|size| size.ws_col), 80), or(size.map(|size| size.ws_row), 24))
}
