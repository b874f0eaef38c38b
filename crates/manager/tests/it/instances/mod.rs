//! Registering, reading, changing and checking instances, over HTTP.

mod check;
mod deregister;
mod list;
mod read;
mod register;
mod round_trip;
mod update;
