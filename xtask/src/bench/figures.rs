//! What was measured: figures with their goals, as a table for people and as JSON lines for programs.
//!
//! Owns medians and rounding. Does not own measuring.

use serde_json::json;

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Goal {
    /// No goal: it explains the others.
    None,
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
}

impl Goal {
    fn is_met(self, value: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::AtLeast(goal) => Some(value >= goal),
            Self::AtMost(goal) => Some(value <= goal),
        }
    }

    fn words(self, value: f64) -> String {
        let met = if self.is_met(value) == Some(true) { "reached" } else { "MISSED" };
        match self {
            Self::None => String::new(),
            Self::AtLeast(goal) => format!("≥ {} {met}", shown(goal)),
            Self::AtMost(goal) => format!("≤ {} {met}", shown(goal)),
        }
    }

    fn json(self) -> serde_json::Value {
        match self {
            Self::None => serde_json::Value::Null,
            Self::AtLeast(goal) => json!({ "atLeast": goal }),
            Self::AtMost(goal) => json!({ "atMost": goal }),
        }
    }
}

#[derive(Clone, Debug)]
struct Figure {
    what: String,
    value: f64,
    unit: &'static str,
    goal: Goal,
}

/// The outcome of one benchmark.
#[derive(Clone, Debug, Default)]
pub(super) struct Measured {
    /// What was measured, in plain sentences.
    notes: Vec<String>,
    figures: Vec<Figure>,
    /// Why the figures are worthless.
    faults: Vec<String>,
}

impl Measured {
    /// A benchmark that could not run.
    pub(super) fn failed(why: String) -> Self {
        Self { faults: vec![why], ..Self::default() }
    }

    /// Says what was measured.
    pub(super) fn note(&mut self, sentence: impl Into<String>) {
        self.notes.push(sentence.into());
    }

    /// Adds a figure.
    pub(super) fn figure(&mut self, what: impl Into<String>, value: f64, unit: &'static str, goal: Goal) {
        self.figures.push(Figure { what: what.into(), value, unit, goal });
    }

    /// Says why the figures are worthless, unless what was counted is what it must be.
    pub(super) fn must(&mut self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.faults.push(otherwise());
        }
    }

    /// Whether the figures mean anything.
    pub(super) fn is_valid(&self) -> bool {
        self.faults.is_empty()
    }

    /// Prints the sentences, the table and the JSON lines.
    pub(super) fn print(&self, bench: &str) {
        self.notes.iter().for_each(|note| println!("{note}"));
        let width = self.figures.iter().map(|figure| figure.what.chars().count()).max().unwrap_or(0);
        for Figure { what, value, unit, goal } in &self.figures {
            let line = format!("  {what:<width$}  {:>10} {unit:<8} {}", shown(*value), goal.words(*value));
            println!("{}", line.trim_end());
        }
        self.faults.iter().for_each(|fault| println!("INVALID: {fault}"));
        for Figure { what, value, unit, goal } in &self.figures {
            let (met, goal, valid) = (goal.is_met(*value), goal.json(), self.is_valid());
            println!("{}", json!({ "bench": bench, "what": what, "value": value, "unit": unit, "goal": goal, "met": met, "valid": valid }));
        }
    }
}

fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 1000.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// The middle value; zero of nothing.
pub(super) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.into_iter().collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    let last = values.len().saturating_sub(1);
    f64::midpoint(at(last / 2), at(last.div_ceil(2)))
}

/// The largest value; zero of nothing.
pub(super) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_goals() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert_eq!(
            (Goal::AtMost(2.0).is_met(2.1), Goal::AtLeast(2.0).is_met(2.0), Goal::None.is_met(1.0)),
            (Some(false), Some(true), None)
        );
    }

    #[test]
    fn counters_that_disagree_make_it_worthless() {
        let mut measured = Measured::default();
        measured.must(true, || "no".into());
        assert!(measured.is_valid());
        measured.must(false, || "3 answers were not 200".into());
        assert!(!measured.is_valid());
    }
}
