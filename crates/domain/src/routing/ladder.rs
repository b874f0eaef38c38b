//! Near before far: zone, then region, then environment, and never another environment.
//!
//! Owns how much begins at each level. A level keeps all its requests as long as enough of it is well, spills gradually when
//! less is, and gets them back only when those who came back have stayed for a while. Does not own who is at a level.

use alloc::vec::Vec;
use core::time::Duration;

/// How near a candidate is to the manager.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rung {
    /// In its zone.
    Zone,
    /// In its region.
    Region,
    /// Elsewhere in the same environment; also where the manager does not know where it stands.
    #[default]
    Environment,
}

impl Rung {
    /// All rungs, from near to far.
    pub const ALL: [Self; 3] = [Self::Zone, Self::Region, Self::Environment];

    /// The word used in settings and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Region => "region",
            Self::Environment => "environment",
        }
    }

    /// Reads the word, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rung| rung.as_str().eq_ignore_ascii_case(text))
    }
}

/// How requests spill from level to level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LadderPolicy {
    /// A level of which a hundredth is well serves so many hundredths of its requests: 140 keeps everything near until less
    /// than 72 % are well.
    pub overprovisioning: u32,
    /// How long somebody who came back must stay before it counts for its level.
    pub failback: Duration,
    /// Nobody farther than this is used.
    pub reach: Rung,
}

impl Default for LadderPolicy {
    fn default() -> Self {
        Self { overprovisioning: 140, failback: Duration::from_secs(30), reach: Rung::Environment }
    }
}

/// How much of a level is well, in weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// Of those who can be picked, without those who just came back.
    pub available: u64,
    /// Of those who just came back.
    pub returning: u64,
    /// Of those who should be there and are not.
    pub lost: u64,
}

/// How many of a thousand requests begin at each level, from near to far. They add up to a thousand if anybody is there.
pub fn shares(levels: &[Health], policy: &LadderPolicy) -> Vec<u32> {
    let somebody_stayed = levels.iter().any(|level| level.available > 0);
    // Where everybody just came back nobody is there to wait with.
    let available = |level: &Health| level.available + if somebody_stayed { 0 } else { level.returning };
    let health = |level: &Health| {
        let total = level.available + level.returning + level.lost;
        let scaled = available(level) * u64::from(policy.overprovisioning) * 10;
        scaled.checked_div(total).unwrap_or(0).min(1000)
    };
    let healths: Vec<u64> = levels.iter().map(health).collect();
    let sum = healths.iter().sum::<u64>().min(1000);
    let mut left = if sum == 0 { 0 } else { 1000 };
    let mut shares: Vec<u32> = Vec::with_capacity(levels.len());
    for health in &healths {
        let share = (health * 1000).checked_div(sum).unwrap_or(0).min(left);
        left -= share;
        shares.push(share as u32);
    }
    // What rounding left over goes to the nearest that serves anything.
    if let Some(first) = shares.iter_mut().find(|share| **share > 0) {
        *first += left as u32;
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(levels: &[(u64, u64, u64)]) -> Vec<u32> {
        let levels: Vec<_> = levels
            .iter()
            .map(|(available, returning, lost)| Health { available: *available, returning: *returning, lost: *lost })
            .collect();
        shares(&levels, &LadderPolicy::default())
    }

    #[test]
    fn a_level_spills_only_what_it_cannot_carry() {
        assert_eq!(told(&[(4, 0, 0), (4, 0, 0)]), [1000, 0]);
        assert_eq!(told(&[(3, 0, 1), (4, 0, 0)]), [1000, 0]);
        assert_eq!(told(&[(2, 0, 2), (4, 0, 0)]), [700, 300]);
        assert_eq!(told(&[(1, 0, 3), (4, 0, 0)]), [350, 650]);
        assert_eq!(told(&[(0, 0, 4), (4, 0, 0)]), [0, 1000]);
        assert_eq!(told(&[(0, 0, 4), (1, 0, 3), (1, 0, 0)]), [0, 350, 650]);
        // Not enough anywhere: each carries its part.
        assert_eq!(told(&[(1, 0, 3), (1, 0, 3)]), [500, 500]);
        assert_eq!(told(&[(0, 0, 3), (0, 0, 3)]), [0, 0]);
        assert_eq!(told(&[]), [0; 0]);
    }

    #[test]
    fn who_came_back_counts_later() {
        assert_eq!(told(&[(2, 2, 0), (4, 0, 0)]), [700, 300]);
        assert_eq!(told(&[(0, 4, 0), (4, 0, 0)]), [0, 1000]);
        // Nobody stayed: then they count.
        assert_eq!(told(&[(0, 4, 0), (0, 4, 0)]), [1000, 0]);
    }
}
