//! `GET /api/v1/updates` and `/ws/updates`: live updates over real connections.

mod clients;
mod sockets;
mod streams;
