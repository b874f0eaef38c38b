//! TLS in both directions, with certificates made for each test: HTTPS and HTTP/2 for clients, and instances that speak it.

mod certificate;
mod commands;
mod handshake;
mod http2;
mod instances;
mod requests;
