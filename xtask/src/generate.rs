//! `cargo xtask docs` and `cargo xtask contract`: pages made from the program, and the check that they are up to date.
//!
//! Owns where they lie. What they say comes from the program itself.

use std::path::Path;

use crate::finding::{Finding, Report};

/// Writes the generated pages, or with `check` only says whether they differ.
pub(crate) fn run(root: &Path, pages: &[Page], check: bool) -> Result<Report, String> {
    let mut report = Report { summary: String::new(), findings: Vec::new() };
    for page in pages {
        let Report { summary, findings } = one(root, page, check)?;
        let joint = if report.summary.is_empty() { "" } else { "; " };
        report.summary = format!("{}{joint}{summary}", report.summary);
        report.findings.extend(findings);
    }
    Ok(report)
}

fn one(root: &Path, page: &Page, check: bool) -> Result<Report, String> {
    let path = root.join(page.path);
    if check {
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        let findings = difference(page, &found).into_iter().collect();
        return Ok(Report { summary: format!("{}: compared with the program", page.path), findings });
    }
    let failed = |error: std::io::Error| format!("cannot write {}: {error}", page.path);
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    std::fs::write(&path, &page.text).map_err(failed)?;
    Ok(Report { summary: format!("{}: written", page.path), findings: Vec::new() })
}

/// A file that is made from the program.
#[derive(Debug)]
pub(crate) struct Page {
    path: &'static str,
    command: &'static str,
    text: String,
}

impl Page {
    /// Every setting, from the table of settings.
    pub(crate) fn docs() -> Self {
        Self { path: "docs/CONFIGURATION.md", command: "docs", text: ending_in_newline(&peegeeq_service_manager::config::markdown()) }
    }

    /// Every command, from the definitions of the commands.
    pub(crate) fn commands() -> Self {
        Self { path: "docs/CLI.md", command: "docs", text: ending_in_newline(&peegeeq_service_manager::cli::markdown()) }
    }

    /// The description of the API, from the routes.
    pub(crate) fn contract() -> Self {
        Self { path: "contract/openapi.json", command: "contract", text: ending_in_newline(peegeeq_service_manager::api::openapi_json()) }
    }
}

fn ending_in_newline(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn difference(page: &Page, found: &str) -> Option<Finding> {
    if found == page.text {
        return None;
    }
    let same = found.lines().zip(page.text.lines()).take_while(|(old, new)| old == new).count();
    Some(Finding::at(
        page.path,
        same + 1,
        "is not what the program says",
        format!("run cargo xtask {} and commit the result", page.command),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_page_is_found_at_its_first_different_line() {
        let page = Page { path: "docs/X.md", command: "docs", text: "a\nb\n".into() };
        assert_eq!(difference(&page, "a\nb\n"), None);
        assert_eq!(difference(&page, "a\nc\n").map(|finding| finding.line), Some(2));
        assert_eq!(difference(&page, "a\n").map(|finding| finding.line), Some(2));
        assert_eq!(difference(&page, "").map(|finding| finding.line), Some(1));
    }
}
