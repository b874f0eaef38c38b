//! Static bearer tokens: a file of hashes, a name and a role each.
//!
//! Owns reading the file and recognising a bearer. Tokens themselves are never stored; a random token needs no slow hash,
//! which would only be a lever for denial of service.

use std::path::Path;
use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use peegeeq_domain::access::{Principal, Role};
use subtle::ConstantTimeEq;

/// Most bytes of a token.
pub const TOKEN_BYTES_MAX: usize = 512;

/// Who bears which token, and what those without one may do.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    known: Arc<[Known]>,
    anonymous: Option<Role>,
}

#[derive(Debug)]
struct Known {
    hash: blake3::Hash,
    principal: Principal,
}

/// A request carried credentials that this manager does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownBearer;

/// Why the tokens file cannot be used. Never quotes a hash.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("cannot read the tokens file {path}: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Lines that are not `HASH NAME ROLE`.
    #[error(
        "the tokens file {path} has faults in line(s) {lines}: each line must be 'blake3:HASH NAME read|admin'; make one with 'peegeeq-service-manager token hash'"
    )]
    Malformed {
        /// The file.
        path: String,
        /// The line numbers.
        lines: String,
    },
}

impl Tokens {
    /// No tokens; callers without one have the role `anonymous`.
    pub fn none(anonymous: Option<Role>) -> Self {
        Self { known: Arc::new([]), anonymous }
    }

    /// Reads a tokens file: a line each of `HASH NAME ROLE`; `#` begins a comment.
    pub fn read(path: &Path, anonymous: Option<Role>) -> Result<Self, TokensError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|source| TokensError::Unreadable { path: name.clone(), source })?;
        Self::parse(&text, anonymous).map_err(|lines| TokensError::Malformed { path: name, lines })
    }

    fn parse(text: &str, anonymous: Option<Role>) -> Result<Self, String> {
        let (mut known, mut faults) = (Vec::new(), Vec::new());
        for (index, line) in text.lines().enumerate() {
            let line = line.split('#').next().unwrap_or_default().trim();
            match parse_line(line) {
                _ if line.is_empty() => {}
                Some(token) => known.push(token),
                None => faults.push((index + 1).to_string()),
            }
        }
        match (faults.is_empty(), known.is_empty()) {
            (true, false) => Ok(Self { known: known.into(), anonymous }),
            (true, true) => Err("1 (there is no token in it)".to_owned()),
            (false, _) => Err(faults.join(", ")),
        }
    }

    /// The role of callers without a token.
    pub fn anonymous(&self) -> Option<Role> {
        self.anonymous
    }

    /// Who sent these headers. A token that is not known is an error, never anonymity.
    pub fn principal(&self, headers: &HeaderMap) -> Result<Principal, UnknownBearer> {
        // Without tokens the header is meant for somebody else, a gateway in front perhaps.
        if self.known.is_empty() {
            return Ok(Principal::Anonymous);
        }
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = values.next() else { return Ok(Principal::Anonymous) };
        let token = bearer(value).filter(|_| values.next().is_none());
        let found = token.and_then(|token| self.bearer_of(token));
        found.ok_or(UnknownBearer)
    }

    /// Compares with every known hash, whatever matches, so that the time tells nothing.
    fn bearer_of(&self, token: &[u8]) -> Option<Principal> {
        let hash = blake3::hash(token);
        let mut found = None;
        for known in self.known.iter() {
            if bool::from(known.hash.as_bytes().ct_eq(hash.as_bytes())) {
                found = Some(known.principal.clone());
            }
        }
        found
    }
}

fn bearer(value: &HeaderValue) -> Option<&[u8]> {
    let (scheme, token) = value.as_bytes().split_at_checked(7)?;
    (scheme.eq_ignore_ascii_case(b"bearer ") && !token.is_empty() && token.len() <= TOKEN_BYTES_MAX).then_some(token)
}

fn parse_line(line: &str) -> Option<Known> {
    let mut words = line.split_whitespace();
    let (hash, name, role) = (words.next()?, words.next()?, words.next()?);
    let hash = blake3::Hash::from_hex(hash.strip_prefix("blake3:")?).ok()?;
    let role = Role::parse(role)?;
    words.next().is_none().then(|| Known { hash, principal: Principal::Token { name: name.into(), role } })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash_line(token: &str, name: &str, role: &str) -> String {
        format!("blake3:{} {name} {role}", blake3::hash(token.as_bytes()).to_hex())
    }

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, HeaderValue::from_static(value))])
    }

    #[test]
    fn bearers_are_recognised_and_strangers_refused() {
        let file = format!("# tokens\n{}\n\n{} # the console\n", hash_line("secret", "ci", "admin"), hash_line("look", "ui", "read"));
        let tokens = Tokens::parse(&file, None).expect("file");
        let principal = |value| tokens.principal(&headers(value));
        assert_eq!(principal("Bearer secret").expect("known"), Principal::Token { name: "ci".into(), role: Role::Admin });
        assert_eq!(principal("bearer look").expect("known"), Principal::Token { name: "ui".into(), role: Role::Read });
        assert_eq!(tokens.principal(&HeaderMap::new()).expect("nobody"), Principal::Anonymous);
        for stranger in ["Bearer wrong", "Bearer ", "Basic c2VjcmV0", "secret", ""] {
            assert_eq!(principal(stranger).expect_err(stranger), UnknownBearer);
        }
    }

    #[test]
    fn all_faulty_lines_are_named() {
        let file = format!("nonsense\n{}\nabc name admin\n{} extra\n", hash_line("a", "n", "read"), hash_line("b", "n", "read"));
        assert_eq!(Tokens::parse(&file, None).expect_err("faults"), "1, 3, 4");
    }
}
