//! Instances listed in `config.json`: registered at start, unless they are registered just so already.
//!
//! Owns reading them, with all faults at once, and registering them. Does not own what a registration is.

use std::time::Duration;

use ipnet::IpNet;
use peegeeq_domain::instance::Registration;
use serde_json::Value;

use super::RunningApp;
use crate::api::wire::registration::read_registration;
use crate::registry::RegistryError;
use crate::tasks::TaskName;

/// How long it is waited before Consul, which was away, is asked again.
const TRY_AGAIN: Duration = Duration::from_secs(2);

/// Registers what is listed and differs from what is registered. What Consul cannot take now is registered when it can.
pub(super) async fn register(app: &RunningApp, mut listed: Vec<Registration>) -> Result<(), String> {
    listed.reverse();
    while let Some(registration) = listed.pop() {
        let known = app.catalog.current().get(registration.id.as_str()).cloned();
        if known.is_some_and(|entry| is_same(&entry.instance.registration, &registration)) {
            continue;
        }
        let id = registration.id.clone();
        match app.registry.register(registration.clone()).await {
            Ok(_) => {}
            Err(error @ (RegistryError::Away { .. } | RegistryError::Unsure { .. } | RegistryError::Denied { .. })) => {
                tracing::warn!("instances listed in config.json are registered when Consul takes them: {error}");
                listed.push(registration);
                later(app, listed);
                return Ok(());
            }
            Err(error) => return Err(format!("cannot register '{id}' listed in config.json: {error}")),
        }
    }
    Ok(())
}

/// Goes on trying until all are registered.
fn later(app: &RunningApp, mut listed: Vec<Registration>) {
    let (registry, stop) = (app.registry.clone(), app.tasks().stop_signal());
    app.tasks().vital(TaskName::ListedInstances, async move {
        let work = async {
            while let Some(registration) = listed.pop() {
                match registry.register(registration.clone()).await {
                    Ok(_) => {}
                    Err(RegistryError::Away { .. } | RegistryError::Unsure { .. } | RegistryError::Denied { .. }) => {
                        listed.push(registration);
                        tokio::time::sleep(TRY_AGAIN).await;
                    }
                    Err(error) => tracing::error!("cannot register '{}' listed in config.json: {error}", registration.id),
                }
            }
            // A vital task that ends early would stop the manager.
            std::future::pending::<()>().await;
        };
        let _ = stop.run_until_cancelled(work).await;
    });
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
