//! Instances listed in `config.json`: registered at start, unless they are registered just so already.

use ipnet::IpNet;
use peegeeq_domain::instance::Registration;
use serde_json::Value;

use crate::api::wire::registration::read_registration;
use crate::registry::{CatalogReader, RegistryHandle};

/// Registers what is listed. The error names all faulty entries, and nothing is registered then.
pub(super) async fn register(
    registry: &RegistryHandle,
    catalog: &CatalogReader,
    listed: &[Value],
    networks: &[IpNet],
) -> Result<(), String> {
    for registration in read(listed, networks)? {
        let known = catalog.current().get(registration.id.as_str()).cloned();
        if known.is_some_and(|entry| is_same(&entry.instance.registration, &registration)) {
            continue;
        }
        let id = registration.id.clone();
        let registered = registry.register(registration).await;
        registered.map_err(|error| format!("cannot register '{id}' listed in config.json: {error}"))?;
    }
    Ok(())
}

fn read(listed: &[Value], networks: &[IpNet]) -> Result<Vec<Registration>, String> {
    let (mut registrations, mut faults) = (Vec::new(), Vec::new());
    for (index, entry) in listed.iter().enumerate() {
        match read_registration(entry.to_string().as_bytes(), networks) {
            Ok(read) if read.ignored.is_empty() => registrations.push(read.registration),
            Ok(read) => faults.push(format!("instances[{index}] in config.json: unknown fields {}", read.ignored.join(", "))),
            Err(error) => faults.push(format!("instances[{index}] in config.json: {}", error.sentences())),
        }
    }
    if faults.is_empty() { Ok(registrations) } else { Err(faults.join("\n")) }
}

/// Whether a stored registration is what is listed; presence is an operator's affair and may differ.
fn is_same(stored: &Registration, listed: &Registration) -> bool {
    let without_order = |registration: &Registration| Registration { presence: None, ..registration.clone() };
    without_order(stored) == without_order(listed)
}
