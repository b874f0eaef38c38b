//! Typed client of the PeeGeeQ Service Manager: every endpoint as a method, errors with what the manager said.
//!
//! Owns the shapes of answers as a client sees them, the connection, time limits, and which calls are sent again. Knows nothing of
//! the manager's own code, so it can be used alone. Fields that this version does not know are passed over, words that it does not
//! know are kept ([`models::Status::Other`]), and what the manager cannot know is `None`, never 0.
//!
//! ```
//! use peegeeq_service_manager_client::{Client, Error, Filter, Registration};
//!
//! async fn unhealthy_in_production(token: &str) -> Result<Vec<String>, Error> {
//!     let client = Client::builder("https://manager.example.com:9090").token(token).build()?;
//!     client.register(&Registration::new("peegeeq-web-01", "10.0.1.100", 8080).label("production", "us-east-1")).await?;
//!     let filter = Filter { environment: Some("production".into()), status: Some("unhealthy".into()), ..Filter::default() };
//!     let list = client.list_instances(&filter).await?;
//!     Ok(list.instances.into_iter().map(|instance| instance.instance_id).collect())
//! }
//! ```
//!
//! A call takes at most [`Builder::timeout`] (10 s), whatever happens in it. Only calls that change nothing are sent again, at most
//! [`Builder::retries`] times: when no answer came, or the manager asked to come back soon. Redirections are not followed and proxies
//! from the environment are not used.

mod client;
mod endpoints;
mod error;
pub mod models;
mod retry;
mod server;
mod tls;
mod transport;

pub use client::{Answer, Builder, Client};
pub use endpoints::{EventQuery, Filter, IncidentQuery, Query, Request, requests};
pub use error::{ApiError, Detail, Error};
pub use models::instances::{Order, Registration, Update};
