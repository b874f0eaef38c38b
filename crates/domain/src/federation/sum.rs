//! Sums and means that remember what they do not know.
//!
//! Whole numbers are exact up to `u64::MAX` and held there beyond it. Floats stay finite.

/// A sum of whole numbers, some of which may be unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    total: u64,
    known: u64,
    unknown: u64,
}

impl Sum {
    /// Adds one number, or notes that it is unknown.
    pub fn add(&mut self, number: Option<u64>) {
        match number {
            Some(number) => {
                self.total = self.total.saturating_add(number);
                self.known += 1;
            }
            None => self.unknown += 1,
        }
    }

    /// The sum of what is known. `None` if something was added and none of it is known; `Some(0)` if nothing was added.
    pub const fn total(&self) -> Option<u64> {
        if self.known == 0 && self.unknown > 0 { None } else { Some(self.total) }
    }

    /// The plain mean of what is known; `None` if nothing is.
    pub fn mean(&self) -> Option<f64> {
        if self.known == 0 { None } else { Some(self.total as f64 / self.known as f64) }
    }

    /// How many known numbers were added.
    pub const fn known(&self) -> u64 {
        self.known
    }

    /// How many unknown ones: if any, the total is a lower bound.
    pub const fn unknown(&self) -> u64 {
        self.unknown
    }

    pub(super) const fn absorb(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        self.known += other.known;
        self.unknown += other.unknown;
    }
}

/// A plain mean of floats.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Mean {
    sum: f64,
    count: u64,
}

impl Mean {
    /// Adds one number if it is known. Numbers that are not finite are left out.
    pub fn add(&mut self, number: Option<f64>) {
        if let Some(number) = number.filter(|number| number.is_finite()) {
            self.sum = (self.sum + number).clamp(f64::MIN, f64::MAX);
            self.count += 1;
        }
    }

    /// The sum; `None` if nothing was known. Held at the largest finite number.
    pub const fn sum(&self) -> Option<f64> {
        if self.count == 0 { None } else { Some(self.sum) }
    }

    /// The mean; `None` if nothing was known.
    pub fn mean(&self) -> Option<f64> {
        self.sum().map(|sum| sum / self.count as f64)
    }

    pub(super) const fn absorb(&mut self, other: &Self) {
        self.sum = (self.sum + other.sum).clamp(f64::MIN, f64::MAX);
        self.count += other.count;
    }
}

/// A mean of whole numbers, weighted where weights are known.
///
/// As soon as one number has a weight, those without are left out: one request must not weigh as much as a thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeightedMean {
    weighted_sum: u128,
    weight: u128,
    plain_sum: u128,
    plain_count: u64,
}

impl WeightedMean {
    /// Adds one number with its weight. Unknown numbers, and those that weigh nothing, are left out.
    pub fn add(&mut self, number: Option<u64>, weight: Option<u64>) {
        match (number, weight) {
            (Some(number), Some(weight)) => self.add_sum(u128::from(number) * u128::from(weight), weight),
            (Some(number), None) => {
                self.plain_sum = self.plain_sum.saturating_add(u128::from(number));
                self.plain_count += 1;
            }
            (None, _) => {}
        }
    }

    /// Adds many numbers of which only the sum and the count are known.
    pub fn add_sum(&mut self, sum: u128, count: u64) {
        self.weighted_sum = self.weighted_sum.saturating_add(sum);
        self.weight = self.weight.saturating_add(u128::from(count));
    }

    pub(super) const fn absorb(&mut self, other: &Self) {
        self.weighted_sum = self.weighted_sum.saturating_add(other.weighted_sum);
        self.weight = self.weight.saturating_add(other.weight);
        self.plain_sum = self.plain_sum.saturating_add(other.plain_sum);
        self.plain_count += other.plain_count;
    }

    /// The mean, rounded down; `None` if nothing is known.
    pub fn mean(&self) -> Option<u64> {
        let mean = match (self.weight, self.plain_count) {
            (0, 0) => return None,
            (0, count) => self.plain_sum / u128::from(count),
            (weight, _) => self.weighted_sum / weight,
        };
        Some(u64::try_from(mean).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_is_not_zero() {
        let mut sum = Sum::default();
        assert_eq!(sum.total(), Some(0));
        sum.add(None);
        assert_eq!((sum.total(), sum.mean()), (None, None));
        sum.add(Some(4));
        assert_eq!((sum.total(), sum.mean(), sum.unknown()), (Some(4), Some(4.0), 1));
        sum.add(Some(u64::MAX));
        assert_eq!(sum.total(), Some(u64::MAX));
    }

    #[test]
    fn means_stay_finite() {
        let mut mean = Mean::default();
        for number in [f64::MAX, f64::MAX, f64::NAN, f64::INFINITY] {
            mean.add(Some(number));
        }
        assert!(mean.mean().is_some_and(f64::is_finite));
    }

    #[test]
    fn weights_win_over_plain_numbers() {
        let mut mean = WeightedMean::default();
        mean.add(Some(10), None);
        mean.add(Some(20), None);
        assert_eq!(mean.mean(), Some(15));
        mean.add(Some(100), Some(3));
        mean.add(Some(500), Some(1));
        mean.add(Some(9999), Some(0));
        assert_eq!(mean.mean(), Some(200));
    }
}
