//! What was sent and what was acknowledged, to compare with what a manager finds after its end.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::ManagerProcess;

/// Sent and acknowledged registrations. Each id is sent with growing ports, one after the other.
#[derive(Default)]
pub(super) struct Ledger {
    sent: BTreeMap<String, u16>,
    acknowledged: BTreeMap<String, u16>,
}

impl Ledger {
    /// A registration that is about to be sent.
    pub(super) fn send(&mut self, id: &str) -> Value {
        let port = self.sent.entry(id.to_owned()).or_insert(0);
        *port += 1;
        json!({"instanceId": id, "host": "127.0.0.1", "port": *port, "presence": "maintenance"})
    }

    /// It was answered 201.
    pub(super) fn acknowledge(&mut self, registration: &Value) {
        let id = registration["instanceId"].as_str().expect("an id").to_owned();
        let port = registration["port"].as_u64().and_then(|port| u16::try_from(port).ok()).expect("a port");
        let known = self.acknowledged.entry(id).or_insert(0);
        *known = port.max(*known);
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.acknowledged.len()
    }

    /// Nothing acknowledged is missing or older, and nothing is there that was never sent.
    pub(super) async fn compare(&self, manager: &ManagerProcess) {
        let list = manager.get("/api/v1/instances").await.json();
        let rows = list["instances"].as_array().cloned().unwrap_or_default();
        let found: Vec<(String, u64)> =
            rows.iter().map(|row| (row["instanceId"].as_str().unwrap_or_default().to_owned(), row["port"].as_u64().unwrap_or(0))).collect();
        if let Err(fault) = self.faults(&found) {
            panic!("{fault}");
        }
    }

    fn faults(&self, found: &[(String, u64)]) -> Result<(), String> {
        let found: BTreeMap<&str, u64> = found.iter().map(|(id, port)| (id.as_str(), *port)).collect();
        for (id, port) in &self.acknowledged {
            match found.get(id.as_str()) {
                None => return Err(format!("{id} was acknowledged and is lost")),
                Some(stored) if stored < &u64::from(*port) => return Err(format!("{id} is as it was before an acknowledged change")),
                Some(_) => {}
            }
        }
        for (id, port) in found {
            if self.sent.get(id).is_none_or(|sent| port > u64::from(*sent) || port == 0) {
                return Err(format!("{id} with port {port} was never sent"));
            }
        }
        Ok(())
    }
}

#[test]
fn the_comparison_catches_what_it_is_for() {
    let mut ledger = Ledger::default();
    for _ in 0..2 {
        let sent = ledger.send("a");
        ledger.acknowledge(&sent);
    }
    ledger.send("b");
    let with = |rows: &[(&str, u64)]| ledger.faults(&rows.iter().map(|(id, port)| ((*id).to_owned(), *port)).collect::<Vec<_>>()).is_ok();
    assert!(with(&[("a", 2)]) && with(&[("a", 2), ("b", 1)]));
    for wrong in [&[][..], &[("a", 1)], &[("a", 3)], &[("a", 2), ("b", 2)], &[("a", 2), ("c", 1)]] {
        assert!(!with(wrong), "{wrong:?}");
    }
}
