//! The configuration in effect, for people and programs: every setting with its value and origin.
//!
//! Owns these two printed forms. Does not own the values.

use super::fault::{Origin, hide_credentials};
use super::settings::SETTINGS;
use super::sources::Collected;

/// One line of `config print`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// The setting.
    pub key: String,
    /// Its value as it was written, or what holds by default; credentials hidden.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
}

/// Every setting in the order of the table, then the strategies of single environments and the levels of single loggers.
pub(super) fn effective(collected: &Collected) -> Vec<Effective> {
    let settings = SETTINGS.iter().filter_map(|row| {
        let (_, origin) = collected.values.get(row.key)?;
        let written = collected.written.get(row.key)?;
        let value = if is_secret(row.key) && *origin != Origin::Default { "***".to_owned() } else { hide_credentials(written) };
        Some(Effective { key: row.key.to_owned(), value, origin: origin.clone() })
    });
    let named = |prefix: &'static str| {
        move |(name, (value, origin)): (&String, &(String, Origin))| Effective {
            key: format!("{prefix}{name}"),
            value: value.clone(),
            origin: origin.clone(),
        }
    };
    let strategies = collected.strategies.iter().map(named(super::names::STRATEGY_PREFIX));
    let levels = collected.levels.iter().map(named(super::names::LEVEL_PREFIX));
    settings.chain(strategies).chain(levels).collect()
}

/// Whether the value itself opens doors. The path of a file with secrets does not.
fn is_secret(key: &str) -> bool {
    key == "consul.token.value" || matches!(key.rsplit('.').next(), Some("token" | "password" | "secret"))
}

/// Aligned columns: key, value, origin.
pub fn table(rows: &[Effective]) -> String {
    let width = |of: fn(&Effective) -> &str| rows.iter().map(|row| of(row).chars().count()).max().unwrap_or(0).min(60);
    let (keys, values) = (width(|row| &row.key), width(|row| &row.value));
    let line = |row: &Effective| format!("{:keys$}  {:values$}  {}\n", row.key, row.value, row.origin);
    rows.iter().map(line).collect()
}

/// A JSON array of objects with `key`, `value` and `origin`.
pub fn json(rows: &[Effective]) -> String {
    let objects: Vec<serde_json::Value> =
        rows.iter().map(|row| serde_json::json!({"key": row.key, "value": row.value, "origin": row.origin.to_string()})).collect();
    format!("{:#}\n", serde_json::Value::Array(objects))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn a_secret_is_known_by_its_name() {
        assert_eq!(["consul.token", "consul.token.file", "a.password", "service.port"].map(is_secret), [true, false, true, false]);
    }
}
