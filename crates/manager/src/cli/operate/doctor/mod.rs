//! `doctor`: the guide's production checklist, item by item, against a live manager and the settings on this machine.
//!
//! Owns the order and the shape of the findings. What is asked is in `look.rs`, what follows from it in the three lists.

mod availability;
mod deployment;
mod look;
mod monitoring;

use serde::Serialize;

use super::connect;
use super::failure::{Failure, NOT_WELL};
use super::line::{Doctor, Format};
use super::output::{Page, Screen};
use crate::config::RawArgs;
use look::Look;

/// How an item stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Good enough for a trial.
    Warn,
    /// Not fit for production.
    Fail,
    /// Cannot be seen from here.
    Yours,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Yours => "yours",
        }
    }
}

/// An item of the checklist and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Item {
    section: &'static str,
    item: &'static str,
    level: Level,
    found: String,
    #[serde(rename = "do", skip_serializing_if = "String::is_empty")]
    advice: String,
}

/// Makes the items of one section.
struct Section(&'static str);

impl Section {
    fn item(&self, item: &'static str, level: Level, found: impl Into<String>, advice: impl Into<String>) -> Item {
        let advice = if level == Level::Ok { String::new() } else { advice.into() };
        Item { section: self.0, item, level, found: found.into(), advice }
    }
}

pub(super) async fn run(asked: Doctor, settings: &RawArgs) -> Result<Page, Failure> {
    let environment = crate::config::process_environment;
    let target = connect::target(&asked.manager, &environment)?;
    let look = Look::take(&connect::client(&asked.manager)?, target, settings).await;
    if let Some(failure) = look.unreachable() {
        return Err(failure);
    }
    let items = examined(&look);
    let is_bad = |item: &Item| item.level == Level::Fail || (asked.strict && item.level == Level::Warn);
    let code = if items.iter().any(is_bad) { NOT_WELL } else { 0 };
    let body = serde_json::to_vec(&items).map_err(|error| Failure::failed(error.to_string()))?;
    let page = match asked.output.output {
        Format::Table => Page::of(shown(&look, &items, &Screen::of_output(asked.output.color))),
        format => Page::shaped(
            format,
            &body,
            || items.iter().filter(|item| is_bad(item)).map(|item| item.item.to_owned()).collect(),
            String::new,
        )?,
    };
    Ok(page.with_code(code))
}

/// All items, in the guide's order.
pub(super) fn examined(look: &Look) -> Vec<Item> {
    [deployment::items(look), monitoring::items(look), availability::items(look)].concat()
}

fn shown(look: &Look, items: &[Item], screen: &Screen) -> String {
    let mut out = format!("{}\n", super::output::lines(&look.introduction()));
    let mut section = "";
    for item in items {
        if item.section != section {
            section = item.section;
            out.push_str(&format!("\n{section}\n"));
        }
        let word = super::output::Tone::of(item.level.word()).paint(&format!("{:<5}", item.level.word()), screen.has_color);
        out.push_str(&format!("  {word}  {}: {}\n", item.item, super::output::lines(&item.found)));
        if !item.advice.is_empty() {
            out.push_str(&format!("         -> {}\n", super::output::lines(&item.advice)));
        }
    }
    out + "\n" + &counts(items)
}

fn counts(items: &[Item]) -> String {
    let of = |level: Level| items.iter().filter(|item| item.level == level).count();
    format!(
        "{} ok, {} warnings, {} failed, {} that only you can answer\n",
        of(Level::Ok),
        of(Level::Warn),
        of(Level::Fail),
        of(Level::Yours)
    )
}

#[cfg(test)]
mod tests;
