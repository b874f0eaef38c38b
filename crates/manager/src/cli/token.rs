//! Lines for `security.tokens.file`.
//!
//! Owns making a line. Does not own reading the file.

use super::commands::Role;
use super::report::Report;

/// Shortest token in characters. The hash is fast, so a short token could be guessed from a copied file.
const SHORTEST: usize = 16;

/// The line for a token: `blake3:<64 hex digits> <name> <read|admin>`. White space around the token is not part of it.
///
/// # Errors
/// A sentence when the token is too short or has characters that no HTTP header carries, or the name is no single word.
pub fn hash_line(token: &str, name: &str, role: Role) -> Result<String, String> {
    let token = token.trim();
    if token.len() > crate::security::TOKEN_BYTES_MAX {
        return Err(format!("a token has at most {} characters", crate::security::TOKEN_BYTES_MAX));
    }
    if token.len() < SHORTEST || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(format!(
            "a token has at least {SHORTEST} characters, all of them printable ASCII without spaces; \
             'openssl rand -hex 32' makes a good one"
        ));
    }
    let is_word = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
    if name.is_empty() || name.chars().count() > 64 || !name.chars().all(is_word) {
        return Err("a name has 1 to 64 letters, digits, or characters of - _ . @".to_owned());
    }
    let role = match role {
        Role::Read => "read",
        Role::Admin => "admin",
    };
    Ok(format!("blake3:{} {name} {role}", blake3::hash(token.as_bytes()).to_hex()))
}

/// `token hash`: reads a token from standard input and prints its line.
pub fn token_hash(name: &str, role: Role) -> Report {
    let mut token = String::new();
    if let Err(error) = std::io::stdin().read_line(&mut token) {
        return Report::failure(1, format!("cannot read a token from standard input: {error}"));
    }
    match hash_line(&token, name, role) {
        Ok(line) => Report::output(line + "\n"),
        Err(sentence) => Report::failure(2, sentence),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_becomes_a_line_that_does_not_hold_it() {
        let line = hash_line("0123456789abcdef0123456789abcdef\n", "ops", Role::Read).expect("a good token");
        let parts: Vec<&str> = line.split(' ').collect();
        assert_eq!((parts[0].len(), parts[1], parts[2]), (7 + 64, "ops", "read"));
        assert!(parts[0].ends_with(blake3::hash(b"0123456789abcdef0123456789abcdef").to_hex().as_str()));
    }

    #[test]
    fn weak_tokens_and_forged_names_are_refused() {
        for token in ["", "short", "with spaces in between", "ünïcödé-ünïcödé-ünïcödé"] {
            assert!(hash_line(token, "ops", Role::Admin).is_err(), "{token}");
        }
        for name in ["", "two words", "a\nb"] {
            assert!(hash_line("0123456789abcdef", name, Role::Admin).is_err(), "{name}");
        }
    }
}
