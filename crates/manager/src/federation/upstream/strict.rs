//! What a row must be before its text is handed on: one that common readers refuse would make the whole answer unreadable.
//!
//! Owns three limits beyond JSON itself. Expects text that is known to be JSON.

/// The deepest nesting.
const DEPTH_MAX: usize = 64;

/// The most characters of a number.
const NUMBER_MAX: usize = 64;

/// Fails if a common reader may refuse this JSON text.
pub fn check_row(text: &str) -> Result<(), &'static str> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = after_text(bytes, at + 1)?;
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'-' | b'0'..=b'9' => {
                at = after_number(bytes, at)?;
                continue;
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err("it is nested too deeply");
        }
        at += 1;
    }
    Ok(())
}

fn after_number(bytes: &[u8], from: usize) -> Result<usize, &'static str> {
    let length = bytes[from..].iter().take_while(|byte| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')).count();
    if length > NUMBER_MAX { Err("it has a number of too many digits") } else { Ok(from + length) }
}

/// The place behind the closing quote.
fn after_text(bytes: &[u8], from: usize) -> Result<usize, &'static str> {
    let mut at = from;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return Ok(at + 1),
            b'\\' if bytes.get(at + 1) == Some(&b'u') => {
                let unit = unit(bytes, at);
                let low = || bytes.get(at + 6..at + 8) == Some(b"\\u") && matches!(self::unit(bytes, at + 6), 0xDC00..=0xDFFF);
                at += match unit {
                    0xD800..=0xDBFF if low() => 12,
                    0xD800..=0xDFFF => return Err("it has half a character in a text"),
                    _ => 6,
                };
            }
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    Ok(at)
}

/// The number in the escape `\uXXXX` that begins at `at`.
fn unit(bytes: &[u8], at: usize) -> u32 {
    let digits = bytes.get(at + 2..at + 6).unwrap_or_default();
    digits.iter().fold(0, |unit, digit| unit * 16 + char::from(*digit).to_digit(16).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_every_reader_takes_pass() {
        for text in [r#"{"a":"\\u00e9\\ud83d\\ude00 \\" [[ -1","b":[1.5e-3,{}]}"#, r#""name""#, r#"{"a":"\\\\ud800"}"#, "{}"] {
            let text = text.replace("\\\\", "\\");
            assert_eq!(check_row(&text), Ok(()), "{text}");
        }
        assert_eq!(check_row(&format!("{}{}", "[".repeat(64), "]".repeat(64))), Ok(()));
        assert_eq!(check_row(&"9".repeat(64)), Ok(()));
    }

    #[test]
    fn odd_texts_are_refused() {
        let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
        for text in [r#"{"a":"\ud800"}"#, r#"{"\udc00":1}"#, r#"["\ud800\u0041"]"#, r#"["\uD83D\uD83D"]"#, &deep, &"9".repeat(65)] {
            assert!(check_row(text).is_err(), "{text}");
        }
    }
}
