//! What is wrong with broken JSON, in a person's words and with its place.
//!
//! Owns the translation of what the parser says. Does not own what the JSON should mean.

/// What the parser says at its beginning, and what that means.
const MEANINGS: [(&str, &str); 19] = [
    ("EOF while parsing", "it ends too early, so something is not closed"),
    ("expected `:`", "a colon is missing behind a key"),
    ("expected `,` or `}`", "a comma or a closing brace is missing"),
    ("expected `,` or `]`", "a comma or a closing bracket is missing"),
    ("expected value", "there is no JSON value where one should stand; text needs double quotes"),
    ("expected ident", "there is a word that is neither true, false nor null"),
    ("key must be a string", "a key must be text in double quotes"),
    ("trailing comma", "there is a comma too many before the end"),
    ("trailing characters", "something follows behind its end"),
    ("invalid escape", "a backslash stands before a character that it cannot escape"),
    ("lone leading surrogate", HALF_A_PAIR),
    ("lone surrogate", HALF_A_PAIR),
    ("unexpected end of hex escape", HALF_A_PAIR),
    ("invalid unicode code point", "it is not UTF-8"),
    ("control character", "a control character, such as a line end, stands in a text: write it as an escape, such as \\n"),
    ("number out of range", "a number is too large"),
    ("invalid number", "a number is not written as JSON has it"),
    ("recursion limit exceeded", "it is nested too deeply"),
    ("invalid type", "it must be a JSON object, as in {\"name\": \"value\"}"),
];

const HALF_A_PAIR: &str = "a text has half of a surrogate pair (one of \\ud800 to \\udfff by itself), which is no character";

/// What is wrong, and where: `a comma or a closing brace is missing (line 2, column 5)`.
pub(super) fn told(error: &serde_json::Error) -> String {
    let what = meaning(error);
    if error.line() == 0 { what } else { format!("{what} (line {}, column {})", error.line(), error.column()) }
}

/// What is wrong with a part that the reader knows by its name, where the place within it would only mislead.
pub(super) fn meaning(error: &serde_json::Error) -> String {
    let said = error.to_string();
    let known = MEANINGS.iter().find(|(beginning, _)| said.starts_with(beginning));
    known.map_or_else(|| without_place(&said).to_owned(), |(_, meaning)| (*meaning).to_owned())
}

fn without_place(said: &str) -> &str {
    said.rsplit_once(" at line ").map_or(said, |(what, _)| what)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn every_fault_is_told_in_words_of_ours_with_its_place() {
        let deep = "[".repeat(200);
        let broken: [&[u8]; 20] = [
            b"{",
            b"{\"a\"",
            b"{\"a\" 1}",
            b"{\"a\":1 \"b\":2}",
            b"[1 2]",
            b"{\"a\":}",
            b"{\"a\":tru}",
            b"{a:1}",
            b"[1,]",
            b"{\"a\":1,}",
            b"{} {}",
            b"\"\\x\"",
            b"\"\\ud800\"",
            b"\"\\ud800\\u0041\"",
            b"\"\\udc00\"",
            b"\"\xff\"",
            b"\"a\nb\"",
            b"1e999",
            b"01",
            deep.as_bytes(),
        ];
        for text in broken {
            let error = serde_json::from_slice::<Value>(text).expect_err("broken");
            let told = told(&error);
            assert!(!told.contains(without_place(&error.to_string())) && told.contains("(line "), "{error}: {told}");
        }
        let half = serde_json::from_str::<String>("\"\\ud800\"").expect_err("half a pair");
        assert!(meaning(&half).contains("half of a surrogate pair") && !meaning(&half).contains("line"));
    }
}
