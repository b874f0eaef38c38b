//! Aligned columns that fit a terminal.
//!
//! Owns widths, truncation and colours. What comes from others is made harmless here: control characters are shown, never obeyed.

use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::Screen;

/// The least to which a column is truncated.
const NARROWEST: usize = 8;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    name: &'static str,
    is_right: bool,
    /// Which columns go first when there is no room: the highest. 0 never goes.
    rank: u8,
}

/// Text to the left.
pub(crate) const fn text(name: &'static str, rank: u8) -> Column {
    Column { name, is_right: false, rank }
}

/// Numbers to the right.
pub(crate) const fn number(name: &'static str, rank: u8) -> Column {
    Column { name, is_right: true, rank }
}

/// How a cell is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
    Warn,
    Dim,
    Strong,
}

impl Tone {
    /// The tone of a word for a state.
    pub(crate) fn of(word: &str) -> Self {
        match word.split(' ').next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "healthy" | "ok" | "up" | "active" | "connected" | "counted" => Self::Good,
            "unhealthy" | "failed" | "fail" | "down" | "error" | "missing" | "disconnected" => Self::Bad,
            "unknown" | "starting" | "stopping" | "warn" | "degraded" | "partial" | "paused" => Self::Warn,
            _ => Self::Plain,
        }
    }

    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Bad => Some("31"),
            Self::Warn => Some("33"),
            Self::Dim => Some("2"),
            Self::Strong => Some("1"),
        }
    }

    /// The text in this tone, where there are colours.
    pub(crate) fn paint(self, text: &str, has_color: bool) -> String {
        match self.code().filter(|_| has_color && !text.is_empty()) {
            Some(code) => format!("\x1b[{code}m{text}\x1b[0m"),
            None => text.to_owned(),
        }
    }
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    pub(crate) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: harmless(&text.into()), tone }
    }

    /// A word for a state, coloured as it means.
    pub(crate) fn state(word: impl Into<String>) -> Self {
        let word = word.into();
        let tone = Tone::of(&word);
        Self::toned(word, tone)
    }
}

/// A plain cell.
pub(crate) fn cell(text: impl ToString) -> Cell {
    Cell::toned(text.to_string(), Tone::Plain)
}

impl<T: ToString> From<Option<T>> for Cell {
    /// What is not known is a dash, never 0.
    fn from(value: Option<T>) -> Self {
        value.map_or_else(|| Self::toned("-", Tone::Dim), cell)
    }
}

/// A number with a fraction.
pub(crate) fn rate(value: Option<f64>) -> Cell {
    value.map(|value| format!("{value:.1}")).into()
}

/// Shows control characters and those that turn text around instead of obeying them.
pub(crate) fn harmless(text: &str) -> String {
    let is_bad = |letter: char| {
        letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    if !text.contains(is_bad) {
        return text.to_owned();
    }
    text.chars().map(|letter| if is_bad(letter) { letter.escape_unicode().to_string() } else { letter.to_string() }).collect()
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub(crate) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    pub(crate) fn row(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The table, each line with a newline. Columns that say nothing in any row are left out.
    pub(crate) fn render(&self, screen: &Screen) -> String {
        let mut shown: Vec<usize> = (0..self.columns.len()).filter(|at| self.columns[*at].rank == 0 || self.says(*at)).collect();
        let mut widths: Vec<usize> = (0..self.columns.len()).map(|at| self.natural(at)).collect();
        if let Some(most) = screen.width {
            self.drop_columns(&mut shown, &widths, most);
            shrink(&shown, &mut widths, most);
        }
        let mut out = String::new();
        let heads = shown.iter().map(|at| (*at, self.columns[*at].name, Tone::Strong));
        line(&mut out, heads, &self.columns, &widths, screen.has_color);
        for row in &self.rows {
            let cells = shown.iter().filter_map(|at| row.get(*at).map(|cell| (*at, cell.text.as_str(), cell.tone)));
            line(&mut out, cells, &self.columns, &widths, screen.has_color);
        }
        out
    }

    fn says(&self, at: usize) -> bool {
        self.rows.iter().any(|row| row.get(at).is_some_and(|cell| !matches!(cell.text.as_str(), "" | "-")))
    }

    fn natural(&self, at: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.text.width());
        cells.chain([self.columns[at].name.width()]).max().unwrap_or_default()
    }

    /// Leaves out the least important columns until the others have room, each truncated if need be.
    fn drop_columns(&self, shown: &mut Vec<usize>, widths: &[usize], most: usize) {
        loop {
            let least: usize = shown.iter().map(|at| widths[*at].min(16)).sum::<usize>() + 2 * shown.len().saturating_sub(1);
            let droppable = shown.iter().enumerate().filter(|(_, at)| self.columns[**at].rank > 0);
            match droppable.max_by_key(|(_, at)| self.columns[**at].rank).map(|(place, _)| place) {
                Some(place) if least > most => shown.remove(place),
                _ => return,
            };
        }
    }
}

/// Truncates the widest column, again and again, until the line fits or nothing can be truncated.
fn shrink(shown: &[usize], widths: &mut [usize], most: usize) {
    let gaps = 2 * shown.len().saturating_sub(1);
    loop {
        let all: usize = shown.iter().map(|at| widths[*at]).sum::<usize>() + gaps;
        let Some(widest) = shown.iter().copied().max_by_key(|at| widths[*at]) else { return };
        if all <= most || widths[widest] <= NARROWEST {
            return;
        }
        // Down to the next widest at once would be quicker, but a line has few columns.
        widths[widest] -= 1;
    }
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = (usize, &'a str, Tone)>, columns: &[Column], widths: &[usize], has_color: bool) {
    let start = out.len();
    for (place, (at, text, tone)) in cells.enumerate() {
        let text = truncated(text, widths[at]);
        let room = widths[at].saturating_sub(text.width());
        let (before, after) = if columns[at].is_right { (room, 0) } else { (0, room) };
        let gap = if place == 0 { 0 } else { 2 };
        let _ = write!(out, "{:gap$}{:before$}{}{:after$}", "", "", tone.paint(&text, has_color), "");
    }
    out.truncate(start + out[start..].trim_end().len());
    out.push('\n');
}

/// At most `width` columns, with a mark where something was cut.
pub(crate) fn truncated(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|letter| {
        used += letter.width().unwrap_or(0);
        used <= width
    });
    kept.collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[text("NAME", 0), text("STATUS", 0), text("WHY", 2), number("N", 1), text("EMPTY", 3)]);
        table.row([cell("peegeeq-a"), Cell::state("healthy"), cell(""), cell(7), None::<u8>.into()]);
        table.row([cell("日本語"), Cell::state("unhealthy"), cell("connection refused by 10.0.0.1:8080"), cell(1234), None::<u8>.into()]);
        table
    }

    #[test]
    fn columns_are_aligned_and_empty_ones_left_out() {
        let expected = "\
NAME       STATUS     WHY                                     N
peegeeq-a  healthy                                            7
日本語     unhealthy  connection refused by 10.0.0.1:8080  1234
";
        assert_eq!(table().render(&Screen::wide()), expected);
    }

    #[test]
    fn a_narrow_terminal_truncates_and_then_drops() {
        let at = |width| table().render(&Screen { width: Some(width), has_color: false });
        let narrow = at(50);
        assert!(narrow.lines().all(|line| line.width() <= 50) && narrow.contains("connection") && narrow.contains('…'), "{narrow}");
        assert!(!at(30).contains("connection"), "{}", at(30));
    }

    #[test]
    fn colours_do_not_move_columns() {
        let coloured = table().render(&Screen { width: None, has_color: true });
        assert!(coloured.contains("\x1b[32mhealthy\x1b[0m  "), "{coloured}");
        let plain =
            coloured.replace("\x1b[32m", "").replace("\x1b[31m", "").replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
        assert_eq!(plain, table().render(&Screen::wide()));
    }

    #[test]
    fn what_others_sent_cannot_command_the_terminal() {
        assert_eq!(harmless("a\x1b[2Jb\u{202e}c\nd"), "a\\u{1b}[2Jb\\u{202e}c\\u{a}d");
    }
}
