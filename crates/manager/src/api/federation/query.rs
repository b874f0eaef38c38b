//! The parameters of federated answers.
//!
//! Owns their names, their values, and the rule that an unknown parameter is named in the answer but a wrong value is refused.

use http::Uri;
use peegeeq_domain::instance::Fault;

use crate::api::error::ApiError;
use crate::api::extract::{query, said_twice};
use crate::federation::{Scope, Want};

/// The most elements on a page.
const PAGE_SIZE_MAX: usize = 10_000;

/// Elements on a page, if only its number was said.
const PAGE_SIZE_DEFAULT: usize = 100;

/// The parameters that mean something.
const KNOWN: [&str; 7] = ["view", "partial", "fresh", "page", "pageSize", "environment", "region"];

/// Which form of a list stands under the main key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// By name, as in the guide.
    Grouped,
    /// As the instances sent them, as in the original.
    Flat,
}

impl View {
    /// The slot for what is prepared in this view.
    pub(super) const fn number(self) -> usize {
        match self {
            Self::Grouped => 0,
            Self::Flat => 1,
        }
    }
}

/// A part of the main array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// From 1.
    pub(super) number: usize,
    /// Elements on a full page.
    pub(super) size: usize,
}

impl Page {
    /// The elements of this page out of so many.
    pub(super) fn of(self, count: usize) -> std::ops::Range<usize> {
        let start = (self.number - 1).saturating_mul(self.size).min(count);
        start..start.saturating_add(self.size).min(count)
    }

    /// How many pages there are; an empty list has one.
    pub(super) fn total(self, count: usize) -> usize {
        count.div_ceil(self.size).max(1)
    }
}

/// What a request says about the answer it wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Query {
    pub(super) view: Option<View>,
    pub(super) strict: bool,
    pub(super) want: Want,
    pub(super) page: Option<Page>,
    pub(super) scope: Scope,
    /// Parameters that mean nothing here.
    pub(super) ignored: Vec<String>,
}

impl Query {
    /// Reads all parameters; all wrong values are told at once.
    pub(super) fn read(uri: &Uri) -> Result<Self, ApiError> {
        let mut read = Self { view: None, strict: false, want: Want::Recent, page: None, scope: Scope::default(), ignored: Vec::new() };
        if uri.query().is_none() {
            return Ok(read);
        }
        let parameters = query(uri)?;
        let mut faults = said_twice(&parameters, |name| KNOWN.contains(&name));
        faults.extend(parameters.into_iter().filter_map(|(name, value)| read.take(name, value).err()));
        if faults.is_empty() { Ok(read) } else { Err(ApiError::faults(faults)) }
    }

    fn take(&mut self, name: String, value: String) -> Result<(), Fault> {
        match name.as_str() {
            "view" => self.view = Some(one_of(&name, &value, &[("grouped", View::Grouped), ("flat", View::Flat)])?),
            "partial" => self.strict = one_of(&name, &value, &[("allow", false), ("strict", true)])?,
            "fresh" => self.want = one_of(&name, &value, &[("true", Want::Now), ("false", Want::Recent)])?,
            "page" => self.page_mut().number = number(&name, &value, usize::MAX)?,
            "pageSize" => self.page_mut().size = number(&name, &value, PAGE_SIZE_MAX)?,
            "environment" => self.scope.environment = Some(value),
            "region" => self.scope.region = Some(value),
            _ => self.ignored.push(name),
        }
        Ok(())
    }

    fn page_mut(&mut self) -> &mut Page {
        self.page.get_or_insert(Page { number: 1, size: PAGE_SIZE_DEFAULT })
    }
}

fn one_of<T: Copy>(name: &str, value: &str, words: &[(&str, T)]) -> Result<T, Fault> {
    let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(value));
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        Fault::new(name, format!("{name} must be one of {}", words.join(", ")))
    })
}

fn number(name: &str, value: &str, max: usize) -> Result<usize, Fault> {
    let fault = || match max {
        usize::MAX => Fault::new(name, format!("{name} must be a whole number, at least 1")),
        max => Fault::new(name, format!("{name} must be a whole number between 1 and {max}")),
    };
    value.parse().ok().filter(|number| (1..=max).contains(number)).ok_or_else(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Query, ApiError> {
        Query::read(&format!("/x?{query}").parse().expect("URI"))
    }

    #[test]
    fn parameters_are_read_in_any_case_of_their_words() {
        let query = read("view=FLAT&partial=strict&fresh=true&page=2&pageSize=50&environment=a%20b&region=r&nonsense=1").expect("good");
        assert_eq!((query.view, query.strict, query.want), (Some(View::Flat), true, Want::Now));
        assert_eq!(query.page, Some(Page { number: 2, size: 50 }));
        assert_eq!((query.scope.environment.as_deref(), query.scope.region.as_deref()), (Some("a b"), Some("r")));
        assert_eq!(query.ignored, ["nonsense"]);
        assert_eq!(read("").expect("nothing said").page, None);
    }

    #[test]
    fn wrong_values_are_refused_together() {
        let error = read("view=round&page=0&pageSize=10001&fresh=maybe").expect_err("wrong");
        assert_eq!(error.status(), http::StatusCode::BAD_REQUEST);
        assert_eq!(error.message(), "Validation failed");
        assert_eq!(read("region=a&region=a").expect_err("twice").message(), "region must be said once");
        for single in ["page=-1", "page=1.5", "page=", "pageSize=0", "partial=some", "page=99999999999999999999999"] {
            assert!(read(single).is_err(), "{single}");
        }
    }

    #[test]
    fn pages_beyond_the_end_are_empty() {
        let page = |number, size| Page { number, size };
        assert_eq!(page(1, 10).of(25), 0..10);
        assert_eq!(page(3, 10).of(25), 20..25);
        assert_eq!(page(4, 10).of(25), 25..25);
        assert_eq!(page(usize::MAX, 10_000).of(25), 25..25);
        assert_eq!((page(1, 10).total(25), page(1, 10).total(0)), (3, 1));
    }
}
