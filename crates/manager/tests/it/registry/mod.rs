//! What the registry promises, under fire: acknowledged is stored, whatever dies; what cannot be read is not touched.

mod crash;
mod files;
mod full;
mod gone;
mod inject;
mod kill_loop;
mod ledger;
