//! Requests on the instances' own paths: whom they reach, what they carry, and what happens when something breaks.

pub(crate) mod choosing;
mod failing;
mod forwarding;
mod limits;
mod refusing;
mod streams;
mod websocket;
