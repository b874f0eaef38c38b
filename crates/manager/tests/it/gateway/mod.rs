//! Requests on the instances' own paths: whom they reach, what they carry, and what happens when something breaks.

pub(crate) mod choosing;
mod failing;
mod forwarding;
mod goodbye;
mod hedging;
mod limits;
mod odd_peers;
mod refusing;
mod streams;
mod tls;
mod websocket;
