//! The metrics of the cluster, flat as one instance gives its own: sums over instances.

use super::envelope::{LeftOut, prepare};
use crate::federation::{Answer, Metrics, Prepared};

/// Writes them. Where nobody knows a figure that instances always give, 0 stands there and `unavailable` names it.
pub(super) fn whole(answer: &Answer<Metrics>) -> Prepared {
    let content = &answer.content;
    let totals = &content.totals;
    prepare(content, |text| {
        let figures = [
            ("memoryUsed", &totals.memory_used),
            ("memoryTotal", &totals.memory_total),
            ("memoryMax", &totals.memory_max),
            ("cpuCores", &totals.cpu_cores),
            ("threadsActive", &totals.threads_active),
        ];
        let mut unavailable = Vec::new();
        for (name, sum) in figures {
            text.field(name, &sum.total().unwrap_or(0));
            if sum.known() == 0 {
                unavailable.push(name);
            }
        }
        for (name, sum) in [("totalMessages", &totals.messages), ("activeConnections", &totals.connections)] {
            // An instance leaves these out until it knows them.
            match sum.total().filter(|_| sum.known() > 0) {
                Some(total) => drop(text.field(name, &total)),
                None => unavailable.push(name),
            }
        }
        let uptime = content.parts.iter().filter_map(|part| part.outcome.as_ref().ok()?.uptime).max();
        text.field("uptime", &uptime.map_or(0, |uptime| uptime.micros() / 1000));
        text.field("unavailable", &unavailable);
        LeftOut::default()
    })
}
