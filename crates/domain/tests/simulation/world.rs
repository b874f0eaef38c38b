//! The pretended world: processes that answer, hang, fail or are gone, and hosts whose network falls silent.

use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Condition {
    Up,
    /// Accepts and says nothing.
    Hung,
    /// Answers with an error.
    Sick,
    /// Nobody listens.
    Dead,
}

#[derive(Clone, Debug)]
pub(crate) struct Process {
    pub(crate) host: String,
    pub(crate) condition: Condition,
    /// Since when it answers well, or since when it does not.
    pub(crate) since: u64,
    /// Counts the changes of its condition, so that an old plan for it can be told from a new one.
    pub(crate) episode: u64,
    was_answering: bool,
}

/// All processes by port (each has its own, wherever it runs), and the silent hosts.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) processes: BTreeMap<u16, Process>,
    silent: BTreeMap<String, u64>,
    /// Cut off from every host: since when and until when.
    cut_off: Option<(u64, u64)>,
}

/// What a probe that arrives now meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meets {
    Answer,
    Error,
    Refusal,
    Silence,
}

impl World {
    /// A new process that is up; returns its port.
    pub(crate) fn start(&mut self, host: String, now: u64) -> u16 {
        let port = 1000 + self.processes.len() as u16;
        let process = Process { host, condition: Condition::Up, since: now, episode: 0, was_answering: true };
        self.processes.insert(port, process);
        self.settle(now);
        port
    }

    pub(crate) fn set(&mut self, port: u16, condition: Condition, now: u64) {
        if let Some(process) = self.processes.get_mut(&port) {
            process.condition = condition;
            process.episode += 1;
        }
        self.settle(now);
    }

    pub(crate) fn silence(&mut self, host: &str, until: u64, now: u64) {
        let end = self.silent.entry(host.into()).or_default();
        *end = until.max(*end);
        self.settle(now);
    }

    /// The manager is cut off from everybody.
    pub(crate) fn cut_off(&mut self, until: u64, now: u64) {
        if self.cut_off_since(now).is_none() {
            self.cut_off = Some((now, until));
        }
        self.settle(now);
    }

    /// Since when the manager is cut off from everybody, if it is.
    pub(crate) fn cut_off_since(&self, now: u64) -> Option<u64> {
        self.cut_off.filter(|(_, until)| now < *until).map(|(since, _)| since)
    }

    pub(crate) fn meets(&self, port: u16, now: u64) -> Meets {
        let Some(process) = self.processes.get(&port) else { return Meets::Refusal };
        if self.cut_off_since(now).is_some() || self.silent.get(&process.host).is_some_and(|until| now < *until) {
            return Meets::Silence;
        }
        match process.condition {
            Condition::Up => Meets::Answer,
            Condition::Hung => Meets::Silence,
            Condition::Sick => Meets::Error,
            Condition::Dead => Meets::Refusal,
        }
    }

    /// Notes since when each process answers or does not. To be called whenever something may have changed.
    pub(crate) fn settle(&mut self, now: u64) {
        let ports: Vec<u16> = self.processes.keys().copied().collect();
        for port in ports {
            let answers = self.meets(port, now) == Meets::Answer;
            if let Some(process) = self.processes.get_mut(&port).filter(|process| process.was_answering != answers) {
                (process.was_answering, process.since) = (answers, now);
            }
        }
    }
}
