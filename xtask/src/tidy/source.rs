//! A Rust file, taken apart just far enough: code without comments and text, comments without code.
//!
//! Owns the difference between code, comment and string, and where the tests of a file begin. Does not parse Rust.

/// A Rust file.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// Path from the root of the workspace.
    pub(crate) path: String,
    /// The file as it is, line by line.
    pub(crate) lines: Vec<String>,
    /// The lines with comments and the contents of strings blanked out.
    pub(crate) code: Vec<String>,
    /// The first line (from 0) of the inline tests; the number of lines if there are none.
    pub(crate) tests_begin: usize,
}

impl Source {
    /// Takes a file apart.
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let code = blanked(text).lines().map(str::to_owned).collect();
        let inline = |index: &usize| lines[*index].trim() == "#[cfg(test)]" && follows_module(&lines[index + 1..]);
        let tests_begin = (0..lines.len()).find(inline).unwrap_or(lines.len());
        Self { path: path.into(), lines, code, tests_begin }
    }

    /// Whether the whole file is there for tests only.
    pub(crate) fn is_test_file(&self) -> bool {
        let folder = self.path.split('/').any(|part| matches!(part, "tests" | "benches" | "examples" | "fuzz"));
        let name = self.path.rsplit('/').next().unwrap_or_default();
        folder || matches!(name, "tests.rs" | "test.rs") || name.ends_with("_tests.rs") || name.ends_with("_test.rs")
    }

    /// Whether it is shipped, or checks what is shipped: neither tests nor the pretended world.
    pub(crate) fn is_product(&self) -> bool {
        !self.is_test_file() && !self.path.split('/').any(|part| part == "testkit")
    }

    /// The code before the inline tests, with line numbers from 1; nothing for a file of tests.
    pub(crate) fn product_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let end = if self.is_test_file() { 0 } else { self.tests_begin };
        numbered(&self.code[..end.min(self.code.len())], 0)
    }

    /// The code of tests, with line numbers from 1.
    pub(crate) fn test_code(&self) -> impl Iterator<Item = (usize, &str)> {
        let begin = if self.is_test_file() { 0 } else { self.tests_begin };
        numbered(&self.code[begin.min(self.code.len())..], begin)
    }
}

fn numbered(lines: &[String], offset: usize) -> impl Iterator<Item = (usize, &str)> {
    lines.iter().enumerate().map(move |(index, line)| (offset + index + 1, line.as_str()))
}

fn follows_module(rest: &[String]) -> bool {
    rest.iter().map(|line| line.trim()).find(|line| !line.is_empty()).is_some_and(|line| line.starts_with("mod "))
}

/// What the reader is in the middle of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Code,
    LineComment,
    BlockComment(usize),
    Text,
    RawText(usize),
}

/// The text with comments and the contents of string and character literals replaced by spaces. Lines stay lines.
pub(crate) fn blanked(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let (mut at, mut within) = (0, Within::Code);
    while at < characters.len() {
        let (consumed, next) = match within {
            Within::Code => in_code(&characters[at..], out.chars().next_back()),
            Within::LineComment => (1, if characters[at] == '\n' { Within::Code } else { within }),
            Within::BlockComment(depth) => in_block_comment(&characters[at..], depth),
            Within::Text => in_text(&characters[at..]),
            Within::RawText(hashes) => in_raw_text(&characters[at..], hashes),
        };
        let is_kept = within == Within::Code && next == Within::Code && consumed == 1;
        for character in &characters[at..(at + consumed).min(characters.len())] {
            out.push(if *character == '\n' || is_kept { *character } else { ' ' });
        }
        at += consumed;
        within = next;
    }
    out
}

fn in_code(rest: &[char], before: Option<char>) -> (usize, Within) {
    let in_word = before.is_some_and(|character| character.is_alphanumeric() || character == '_');
    match rest {
        ['/', '/', ..] => (2, Within::LineComment),
        ['/', '*', ..] => (2, Within::BlockComment(1)),
        ['"', ..] => (1, Within::Text),
        ['r', ..] if !in_word => raw_text(rest, 1),
        ['b', 'r', ..] if !in_word => raw_text(rest, 2),
        ['\'', '\\', ..] => (2 + rest.iter().skip(3).position(|c| *c == '\'').map_or(1, |end| end + 2), Within::Code),
        ['\'', _, '\'', ..] => (3, Within::Code),
        _ => (1, Within::Code),
    }
}

/// A raw string whose `r` and hashes are at the beginning of `rest`, or one character of code.
fn raw_text(rest: &[char], letters: usize) -> (usize, Within) {
    let hashes = rest[letters..].iter().take_while(|character| **character == '#').count();
    if rest.get(letters + hashes) == Some(&'"') { (letters + hashes + 1, Within::RawText(hashes)) } else { (1, Within::Code) }
}

fn in_block_comment(rest: &[char], depth: usize) -> (usize, Within) {
    match rest {
        ['/', '*', ..] => (2, Within::BlockComment(depth + 1)),
        ['*', '/', ..] if depth == 1 => (2, Within::Code),
        ['*', '/', ..] => (2, Within::BlockComment(depth - 1)),
        _ => (1, Within::BlockComment(depth)),
    }
}

fn in_text(rest: &[char]) -> (usize, Within) {
    match rest {
        ['\\', _, ..] => (2, Within::Text),
        ['"', ..] => (1, Within::Code),
        _ => (1, Within::Text),
    }
}

fn in_raw_text(rest: &[char], hashes: usize) -> (usize, Within) {
    let ends = rest[0] == '"' && rest.len() > hashes && rest[1..=hashes].iter().all(|character| *character == '#');
    if ends { (1 + hashes, Within::Code) } else { (1, Within::RawText(hashes)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_comments_and_text_and_nothing_else() {
        for (text, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b /* c */ d */ e", "a                   e"),
            ("f(\"x \\\" y\", z)", "f(        , z)"),
            ("r#\"a \" b\"# c", "           c"),
            ("for r in b", "for r in b"),
            ("'\"' x '\\'' y 'a z", "    x      y 'a z"),
            ("'\\u{202E}' x", "           x"),
            ("let b = br\"x\";", "let b =      ;"),
        ] {
            assert_eq!(blanked(text).trim_end(), expected.trim_end(), "{text}");
            assert_eq!(blanked(text).chars().count(), text.chars().count(), "{text}");
        }
    }

    #[test]
    fn inline_tests_begin_at_their_attribute() {
        let source = Source::new("crates/x/src/a.rs", "//! a\nfn f() {}\n#[cfg(test)]\nmod tests {\n    fn g() {}\n}\n");
        assert_eq!(source.product_code().count(), 2);
        assert_eq!(source.test_code().next(), Some((3, "#[cfg(test)]")));
        assert!(Source::new("crates/x/src/a_tests.rs", "").is_test_file());
        assert!(!Source::new("crates/testkit/src/lib.rs", "").is_product());
    }
}
