//! What must hold for every input, one file a module.

mod federation;
mod quantity;
mod routing;
