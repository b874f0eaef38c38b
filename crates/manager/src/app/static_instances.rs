//! Instances listed in `config.json`: registered at start, unless they are registered just so already.
//!
//! Owns reading them, with all faults at once, and registering them. Does not own what a registration is.

use ipnet::IpNet;
use peegeeq_domain::instance::Registration;
use serde_json::Value;

use super::RunningApp;
use crate::api::wire::registration::read_registration;

/// Registers what is listed and differs from what is registered.
pub(super) async fn register(app: &RunningApp, listed: Vec<Registration>) -> Result<(), String> {
    for registration in listed {
        let known = app.catalog.current().get(registration.id.as_str()).cloned();
        if known.is_some_and(|entry| is_same(&entry.instance.registration, &registration)) {
            continue;
        }
        let id = registration.id.clone();
        let registered = app.registry.register(registration).await;
        registered.map_err(|error| format!("cannot register '{id}' listed in config.json: {error}"))?;
    }
    Ok(())
}

/// Reads what is listed. The error names every faulty entry.
pub(super) fn read(listed: &[Value], networks: &[IpNet]) -> Result<Vec<Registration>, String> {
    let (mut registrations, mut faults) = (Vec::<Registration>::new(), Vec::new());
    for (index, entry) in listed.iter().enumerate() {
        match read_registration(entry.to_string().as_bytes(), networks) {
            Ok(read) if !read.ignored.is_empty() => faults.push((index, format!("unknown fields {}", read.ignored.join(", ")))),
            Ok(read) if registrations.iter().any(|known| known.id == read.registration.id) => {
                faults.push((index, format!("'{}' is listed twice", read.registration.id)));
            }
            Ok(read) => registrations.push(read.registration),
            Err(error) => faults.push((index, error.sentences())),
        }
    }
    let sentences: Vec<_> = faults.iter().map(|(index, fault)| format!("instances[{index}] in config.json: {fault}")).collect();
    if sentences.is_empty() { Ok(registrations) } else { Err(sentences.join("\n")) }
}

/// Whether a stored registration is what is listed; presence is an operator's affair and may differ.
fn is_same(stored: &Registration, listed: &Registration) -> bool {
    let without_order = |registration: &Registration| Registration { presence: None, ..registration.clone() };
    without_order(stored) == without_order(listed)
}
