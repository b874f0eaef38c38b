//! Passive ejection.

/// How many of a group of so many may be ejected: at most this percentage *after* the ejection, but one wherever another
/// remains, and never the last.
///
/// | candidates | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 |
/// |---|---|---|---|---|---|---|---|---|---|---|
/// | at 34 % | 0 | 1 | 1 | 1 | 1 | 2 | 2 | 2 | 3 | 3 |
///
/// One of two: without it half of all requests would go on meeting the broken one.
pub const fn ejectable(candidates: usize, percent_max: u32) -> usize {
    if candidates < 2 || percent_max == 0 {
        return 0;
    }
    let share = candidates * percent_max as usize / 100;
    let most = candidates - 1;
    if share == 0 {
        1
    } else if share > most {
        most
    } else {
        share
    }
}
