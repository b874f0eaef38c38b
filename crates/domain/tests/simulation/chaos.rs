//! What goes wrong in the simulated cluster, and who registers, moves and leaves.

use std::sync::Arc;

use peegeeq_domain::catalog::{Catalog, CatalogEvent};
use peegeeq_domain::health::{Check, FailureKind, ProbeOutcome};
use peegeeq_domain::instance::{Draft, Instance, InstanceId, Patch, Presence, Registration};
use peegeeq_domain::time::{Moment, Timestamp};

use crate::bugs::Bug;
use crate::cluster::{Cluster, Event};
use crate::rules::Checked;
use crate::world::{Condition, Meets};

const MEMBERS_MAX: usize = 8;
const HOSTS: u64 = 7;

fn anything(_: &Catalog) -> Checked {
    Ok(())
}

impl Cluster {
    /// One random act, and the time of the next.
    pub(crate) fn chaos(&mut self) -> Checked {
        let pause = if self.members.len() < 4 { self.random.between(1, 2_000) } else { self.random.between(50, 30_000) };
        self.schedule(pause, Event::Chaos);
        match self.random.between(0, 99) {
            _ if self.members.len() < 4 => return self.register(),
            0..15 => return self.register(),
            15..21 => return self.register_again(),
            21..26 => return self.deregister(),
            26..29 => return self.replace_at_once(),
            29..33 => return self.read_everything(),
            33..37 => return self.order(),
            37..47 => self.strike(Condition::Dead, 100, 120_000),
            47..57 => self.strike(Condition::Hung, 50, 30_000),
            57..63 => self.strike(Condition::Hung, 30_000, 120_000),
            63..71 => self.strike(Condition::Sick, 100, 60_000),
            71..76 => self.fall_silent(),
            76..82 => self.stall(),
            82..85 => self.wall_offset += self.random.between(0, 7_200_000) as i64 - 3_600_000,
            _ => return self.look(),
        }
        Ok(())
    }

    fn wall(&self) -> Timestamp {
        Timestamp::from_epoch_millis(self.wall_offset + self.now as i64)
    }

    fn any_member(&mut self) -> Option<String> {
        let ids: Vec<String> = self.members.keys().cloned().collect();
        (!ids.is_empty()).then(|| self.random.pick(&ids).clone())
    }

    fn registration(&self, id: &str, port: u16) -> Registration {
        let host = self.world.processes.get(&port).map_or("host-0", |process| process.host.as_str());
        let draft = Draft { instance_id: Some(id.into()), host: Some(host.into()), port: Some(Some(port.into())), ..Draft::default() };
        Registration::from_draft(draft).expect("simulated registrations are valid")
    }

    fn start_process(&mut self) -> u16 {
        let host = format!("host-{}", self.random.between(1, HOSTS));
        self.world.start(host, self.now)
    }

    fn register(&mut self) -> Checked {
        let id = format!("instance-{}", self.random.between(1, MEMBERS_MAX as u64));
        if self.members.contains_key(&id) {
            return Ok(());
        }
        let port = self.start_process();
        let event = self.registered(&id, port);
        self.write(vec![event], anything)
    }

    /// A first registration of an id, as the registry makes it.
    fn registered(&mut self, id: &str, port: u16) -> CatalogEvent {
        let registration = self.registration(id, port);
        let instance = match self.departed.get(id).filter(|_| !self.manager.has(Bug::ForgetsTheDeparted)) {
            Some(last) => Instance::returned(registration, *last, self.wall()),
            None => Instance::registered(registration, self.wall()),
        };
        self.note(|| format!("{id} registered at port {port}, incarnation {:?}", instance.incarnation));
        self.members.insert(id.into(), instance.clone());
        self.begin_life(id);
        CatalogEvent::Registered(Arc::new(instance))
    }

    /// The same id once more: where it is, or elsewhere.
    fn register_again(&mut self) -> Checked {
        let Some(id) = self.any_member() else { return Ok(()) };
        let moves = self.random.percent(60);
        let port = if moves { self.start_process() } else { self.members[&id].registration.endpoint.port.get() };
        let instance = self.members[&id].registered_again(self.registration(&id, port), self.wall());
        self.note(|| format!("{id} registered again at port {port}, incarnation {:?}", instance.incarnation));
        self.members.insert(id.clone(), instance.clone());
        if moves {
            self.begin_life(&id);
        }
        self.write(vec![CatalogEvent::Registered(Arc::new(instance))], anything)
    }

    fn deregistered(&mut self, id: &str) -> CatalogEvent {
        self.note(|| format!("{id} deregistered"));
        if let Some(instance) = self.members.remove(id) {
            self.departed.insert(id.into(), instance.revision);
        }
        self.lives.remove(id);
        CatalogEvent::Deregistered(InstanceId::parse(id).expect("simulated ids are valid"))
    }

    fn deregister(&mut self) -> Checked {
        let Some(id) = self.any_member() else { return Ok(()) };
        let event = self.deregistered(&id);
        self.write(vec![event], anything)
    }

    /// Leaves and comes back elsewhere within one batch: readers never see it gone.
    fn replace_at_once(&mut self) -> Checked {
        let Some(id) = self.any_member() else { return Ok(()) };
        let left = self.deregistered(&id);
        let port = self.start_process();
        let came = self.registered(&id, port);
        self.write(vec![left, came], anything)
    }

    /// The registry is read as a whole, as it is repaired from time to time; some members may turn out to be gone.
    fn read_everything(&mut self) -> Checked {
        if self.random.percent(30)
            && let Some(id) = self.any_member()
        {
            self.deregistered(&id);
        }
        let members = self.members.values().rev().cloned().map(Arc::new).collect();
        self.write(vec![CatalogEvent::MembersReplaced(members)], anything)
    }

    /// An operator orders something for an instance.
    fn order(&mut self) -> Checked {
        let Some(id) = self.any_member() else { return Ok(()) };
        let presence = *self.random.pick(&Presence::ALL);
        let patched = self.members[&id].patched(Patch { presence: Some(presence), ..Patch::default() }, self.wall());
        self.members.insert(id.clone(), patched.clone());
        self.note(|| format!("{id} ordered {presence:?}"));
        self.write(vec![CatalogEvent::Registered(Arc::new(patched))], anything)
    }

    /// Brings the process of a member into a condition for a while. A dead one may be noticed by the tripwire.
    fn strike(&mut self, condition: Condition, least: u64, most: u64) {
        let Some(id) = self.any_member() else { return };
        let port = self.members[&id].registration.endpoint.port.get();
        let lasts = self.random.between(least, most);
        self.world.set(port, condition, self.now);
        self.note(|| format!("port {port} of {id} is {condition:?} for {lasts} ms"));
        let episode = self.world.processes.get(&port).map_or(0, |process| process.episode);
        self.schedule(lasts, Event::Returns { port, episode });
        if condition == Condition::Dead {
            self.break_connections(port);
            if let Some(watched) = self.manager.watched.get_mut(&id).filter(|_| lasts % 10 < 7) {
                watched.tracker.expedite(Moment::from_millis(self.now));
                self.schedule_due(&id);
            }
        }
    }

    /// The network of many hosts falls silent together, or the manager's own is gone.
    fn fall_silent(&mut self) {
        let until = self.now + self.random.between(1_000, 120_000);
        if self.random.percent(40) {
            self.cut_off(until);
            self.note(|| format!("the manager is cut off until {until}"));
            self.schedule(until - self.now, Event::SilenceEnds);
            return;
        }
        let share = self.random.between(20, 100);
        for host in 1..=HOSTS {
            if self.random.percent(share) {
                self.world.silence(&format!("host-{host}"), until, self.now);
            }
        }
        self.note(|| format!("{share} % of hosts are silent until {until}"));
        self.schedule(until - self.now, Event::SilenceEnds);
    }

    /// The manager's process is frozen for a while.
    fn stall(&mut self) {
        if self.now < self.stalled_until {
            return;
        }
        let by = self.random.between(100, 20_000);
        self.stalled_until = self.now + by;
        self.note(|| format!("the manager is frozen for {by} ms"));
        self.schedule(by, Event::StallEnds { by });
    }

    /// Somebody looks at an instance, some times in a row.
    fn look(&mut self) -> Checked {
        let Some(id) = self.any_member() else { return Ok(()) };
        for _ in 0..self.random.between(1, 5) {
            let Some(port) = self.manager.watched.get(&id).map(|watched| watched.port) else { return Ok(()) };
            let outcome = match self.world.meets(port, self.now) {
                Meets::Answer => ProbeOutcome::Passed,
                Meets::Error => ProbeOutcome::Failed(FailureKind::Status),
                Meets::Refusal => ProbeOutcome::Failed(FailureKind::Refused),
                Meets::Silence => ProbeOutcome::Failed(FailureKind::Timeout),
            };
            self.observed(&id, outcome, Check::Looking, self.now)?;
        }
        Ok(())
    }
}
