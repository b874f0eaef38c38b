//! How the many spellings of a setting's name become one, and what was probably meant by a wrong one.
//!
//! Owns spelling. Does not own which settings exist.

use super::setting::Setting;
use super::settings::SETTINGS;

/// What every per-logger level begins with.
pub(super) const LEVEL_PREFIX: &str = "logging.level.";

/// What the strategy of every environment begins with.
pub(super) const STRATEGY_PREFIX: &str = "load.balancing.strategy.";

/// One spelling for all: `healthCheck.interval`, `health.check-interval` and `health.check.interval` become the last.
pub(super) fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len() + 4);
    let mut before_is_lower = false;
    for letter in name.chars() {
        if matches!(letter, '-' | '_') {
            folded.push('.');
        } else {
            if letter.is_uppercase() && before_is_lower {
                folded.push('.');
            }
            folded.extend(letter.to_lowercase());
        }
        before_is_lower = letter.is_lowercase() || letter.is_ascii_digit();
    }
    folded
}

/// The environment variable of a dotted key: `health.check.interval` is `HEALTH_CHECK_INTERVAL`.
pub(super) fn variable_of(key: &str) -> String {
    fold(key).replace('.', "_").to_uppercase()
}

/// The setting that a name in any spelling means.
pub(super) fn find(name: &str) -> Option<&'static Setting> {
    let folded = fold(name);
    SETTINGS.iter().find(|row| fold(row.key) == folded || row.aliases.iter().any(|alias| fold(alias) == folded))
}

/// The logger of `logging.level.<logger>`, unless it is the root or nothing.
pub(super) fn logger_of(name: &str) -> Option<&str> {
    name.strip_prefix(LEVEL_PREFIX).filter(|logger| !logger.is_empty() && !logger.eq_ignore_ascii_case("root"))
}

/// The environment of `load.balancing.strategy.<environment>`, as spelled.
pub(super) fn environment_of(name: &str) -> Option<&str> {
    let is_prefix = |at: &usize| fold(&name[..=*at]) == STRATEGY_PREFIX;
    let at = name.match_indices('.').map(|(at, _)| at).find(is_prefix)?;
    Some(&name[at + 1..]).filter(|environment| !environment.is_empty())
}

/// Advice for an unknown name: the nearest setting, the members of a group, or where the list is.
pub(super) fn advice(name: &str) -> String {
    let folded = fold(name);
    let members: Vec<&str> = SETTINGS.iter().map(|row| row.key).filter(|key| in_group(key, &folded)).take(4).collect();
    if !members.is_empty() {
        return format!("this is a group, its settings are {} and others like them", members.join(", "));
    }
    match nearest(&folded) {
        Some(key) => format!("did you mean {key}?"),
        None => "--help lists every setting".to_owned(),
    }
}

fn in_group(key: &str, group: &str) -> bool {
    key.strip_prefix(group).is_some_and(|rest| rest.starts_with('.'))
}

fn nearest(folded: &str) -> Option<&'static str> {
    SETTINGS
        .iter()
        .map(|row| (strsim::jaro_winkler(folded, &fold(row.key)), row.key))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, key)| key)
}

#[cfg(test)]
mod tests {
    use super::super::recognised::RECOGNISED;
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_spelling_folds_to_one() {
        for spelling in ["health.check.interval", "health.checkInterval", "health.check-interval", "HEALTH_CHECK_INTERVAL"] {
            assert_eq!(fold(spelling), "health.check.interval");
        }
        assert_eq!(fold("loadBalancing.maxRetries"), "load.balancing.max.retries");
        assert_eq!(find("logging.file.maxSize").map(|row| row.key), Some("logging.file.max-size"));
    }

    #[test]
    fn environments_are_kept_as_they_are_spelled() {
        assert_eq!(environment_of("load.balancing.strategy.Prod_1.eu"), Some("Prod_1.eu"));
        assert_eq!(environment_of("loadBalancing.strategy.x"), Some("x"));
        assert_eq!(environment_of("load.balancing.strategy"), None);
        assert_eq!(environment_of("load.balancing.strategy."), None);
        assert_eq!(environment_of("routing.strategy.reads"), None);
    }

    #[test]
    fn no_two_settings_share_a_name() {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for row in SETTINGS {
            for name in std::iter::once(&row.key).chain(row.aliases) {
                assert_eq!(owners.insert(fold(name), row.key), None, "{name} is taken twice");
            }
        }
        for row in RECOGNISED {
            assert!(!owners.contains_key(row.key), "{} is both a setting and without effect", row.key);
        }
    }

    #[test]
    fn no_two_settings_share_a_variable() {
        let mut owners: BTreeMap<String, &str> = BTreeMap::new();
        for row in SETTINGS {
            for variable in row.environment_names() {
                assert_eq!(owners.insert(variable.clone(), row.key), None, "{variable} is taken twice");
            }
        }
    }

    #[test]
    fn no_setting_is_also_a_group() {
        for row in SETTINGS {
            assert!(!SETTINGS.iter().any(|other| in_group(other.key, row.key)), "{} could not be nested in JSON", row.key);
        }
    }

    #[test]
    fn typos_are_met_with_the_nearest_name() {
        assert_eq!(advice("helth.check.interval"), "did you mean health.check.interval?");
        assert_eq!(advice("servise.port"), "did you mean service.port?");
        assert_eq!(advice("zzz"), "--help lists every setting");
        assert!(advice("consul").starts_with("this is a group, its settings are consul.host, consul.port"));
    }
}
