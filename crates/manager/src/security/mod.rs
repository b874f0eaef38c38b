//! Who is asking: bearer tokens and the role of those who have none. Used by any room, uses none.

mod tokens;

pub use tokens::{TOKEN_BYTES_MAX, Tokens, TokensError, UnknownBearer};
