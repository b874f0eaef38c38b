//! What happens to a request before it has a meaning: names, origins, tokens, framing, limits.

mod corpus;
mod framing;
mod host;
mod limits;
mod origin;
mod query;
pub(crate) mod tokens;
