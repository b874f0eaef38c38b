//! What must hold for every input, one file a module.

mod federation;
mod history;
mod incident;
mod quantity;
mod routing;
