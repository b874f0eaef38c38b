//! How commands fail: one table of exit codes, and sentences that say what happened, on which side, and what to do.

use std::fmt::Write;

use peegeeq_service_manager_client::{ApiError, Error};

use super::output::Page;
use crate::cli::report::Report;

/// All is well.
pub(super) const OK: u8 = 0;
/// The manager, or this machine, could not do it.
pub(super) const FAILED: u8 = 1;
/// The command line, a context or a file cannot be understood.
pub(super) const USAGE: u8 = 2;
/// There is no such instance, context or path.
pub(super) const NOT_FOUND: u8 = 3;
/// It was done, and what it shows is not healthy or not complete.
pub(super) const NOT_WELL: u8 = 4;
/// No answer came.
pub(super) const UNREACHABLE: u8 = 5;
/// The manager does not allow it.
pub(super) const FORBIDDEN: u8 = 6;
/// The manager is of a version that cannot do it.
pub(super) const TOO_OLD: u8 = 7;

/// The one table of exit codes, for help and documents.
pub(crate) const EXIT_CODES: [(u8, &str); 9] = [
    (OK, "done, and all is well; also when the reader of the output has gone"),
    (FAILED, "the manager refused or could not do it, or this machine could not"),
    (USAGE, "the command line, a context or a file cannot be understood; nothing was sent"),
    (NOT_FOUND, "there is no such instance or context"),
    (NOT_WELL, "done, but what it shows is not healthy or not complete"),
    (UNREACHABLE, "no answer: refused, no such name, TLS, or too late"),
    (FORBIDDEN, "the manager wants a token, or another one"),
    (TOO_OLD, "this manager's version does not have that"),
    (crate::config::EXIT_BAD_CONFIGURATION, "the manager's own settings have faults (serve, demo, config)"),
];

/// Why a command ended without doing what it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Exit code.
    pub(crate) code: u8,
    /// Sentences.
    pub(crate) text: String,
}

impl Failure {
    pub(crate) fn new(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }

    pub(crate) fn failed(text: impl Into<String>) -> Self {
        Self::new(FAILED, text)
    }

    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::new(USAGE, text)
    }

    pub(crate) fn report(&self) -> Report {
        Report::failure(self.code, format!("error: {}", self.text))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        match &error {
            Error::Usage(_) => Self::usage(error.to_string()),
            Error::Unreachable { sent: true, .. } => {
                Self::new(UNREACHABLE, format!("{error}\nthe connection broke after the request was sent: look whether it was acted on"))
            }
            Error::Unreachable { .. } => Self::new(
                UNREACHABLE,
                format!("{error}\nnothing was sent; is it running, and is that its address? (--server, --context, PEEGEEQ_SERVER)"),
            ),
            Error::Timeout { .. } => Self::new(UNREACHABLE, format!("{error}\nit may still act on the request; --timeout waits longer")),
            Error::Api(error) => said(error),
            Error::Unreadable { .. } => Self::failed(format!("{error}\nis that a PeeGeeQ Service Manager?")),
            _ => Self::failed(error.to_string()),
        }
    }
}

/// What the manager said.
fn said(error: &ApiError) -> Failure {
    let code = match error.status {
        401 | 403 => FORBIDDEN,
        404 => NOT_FOUND,
        _ => FAILED,
    };
    let who = if error.is_envelope { "the manager says" } else { "something that is no PeeGeeQ Service Manager says" };
    let mut text = format!("{who}: {}", error.error);
    if error.details.len() > 1 {
        for detail in &error.details {
            let _ = write!(text, "\n  {}: {}", detail.field, detail.message);
        }
    }
    let advice = match error.status {
        401 => "\ngive a token with --token-file, PEEGEEQ_TOKEN_FILE or a context",
        403 => "\nthis token may look only; a change needs one of the role admin",
        409 => "\nlook at it again, then repeat with what is there now",
        _ => "",
    };
    text.push_str(advice);
    let _ = write!(text, "\nstatus {}", error.status);
    if let Some(id) = &error.request_id {
        let _ = write!(text, ", request {id} in its log");
    }
    Failure { code, text: super::output::lines(&text) }
}

/// A path that newer managers have: its absence is told plainly instead of as something not found.
pub(super) fn unless_too_old(error: Error, what: &str) -> Failure {
    match &error {
        Error::Api(api) if matches!(api.status, 404 | 405) && (api.status == 405 || api.error.starts_with("there is nothing at")) => {
            Failure::new(
                TOO_OLD,
                format!("this manager has no {what}: its version is older than this command\nupdate the manager, or ask another one"),
            )
        }
        _ => error.into(),
    }
}

impl From<Result<Page, Failure>> for Report {
    fn from(outcome: Result<Page, Failure>) -> Self {
        match outcome {
            Ok(page) => {
                let errors = page.notes.iter().map(|note| format!("{note}\n")).collect();
                Self { code: page.code, output: page.output, errors }
            }
            Err(failure) => failure.report(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_the_table() {
        let mut codes: Vec<u8> = EXIT_CODES.iter().map(|(code, _)| *code).collect();
        codes.dedup();
        assert_eq!(codes.len(), EXIT_CODES.len());
        assert!(codes.is_sorted());
    }
}
