//! What a caller may say to the list: filters, order, pages.

use std::cmp::Ordering;

use peegeeq_domain::catalog::Filter;
use peegeeq_domain::health::HealthState;
use peegeeq_domain::instance::Fault;
use peegeeq_domain::time::Timestamp;
use serde_json::{Map, Value};

use super::past;
use crate::api::error::ApiError;
use crate::api::extract::said_twice;
use crate::api::listing::Rendered;

/// Rows of a page when only `page` is said.
const PAGE_SIZE: usize = 100;

/// Beyond this there are no instances.
const PAGE_MAX: usize = 1_000_000;

/// Most rows of a page.
pub(in crate::api) const PAGE_SIZE_MAX: usize = 1000;

/// By what the list can be sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) enum SortKey {
    InstanceId,
    Host,
    Port,
    Environment,
    Region,
    Version,
    Status,
    Weight,
    RegisteredAt,
    LastHealthCheck,
}

impl SortKey {
    const ALL: [(&'static str, Self); 10] = [
        ("instanceId", Self::InstanceId),
        ("host", Self::Host),
        ("port", Self::Port),
        ("environment", Self::Environment),
        ("region", Self::Region),
        ("version", Self::Version),
        ("status", Self::Status),
        ("weight", Self::Weight),
        ("registeredAt", Self::RegisteredAt),
        ("lastHealthCheck", Self::LastHealthCheck),
    ];

    fn compare(self, rendered: &Rendered, a: usize, b: usize) -> Ordering {
        let (left, right) = (&rendered.catalog.entries()[a], &rendered.catalog.entries()[b]);
        let (left_labels, right_labels) = (&left.instance.registration.labels, &right.instance.registration.labels);
        match self {
            Self::InstanceId => left.id().cmp(right.id()),
            Self::Host => left.instance.registration.endpoint.host.cmp(&right.instance.registration.endpoint.host),
            Self::Port => left.instance.registration.endpoint.port.cmp(&right.instance.registration.endpoint.port),
            Self::Environment => left_labels.environment.cmp(&right_labels.environment),
            Self::Region => left_labels.region.cmp(&right_labels.region),
            Self::Version => left_labels.version.cmp(&right_labels.version),
            Self::Status => left.state().as_str().cmp(right.state().as_str()),
            Self::Weight => left.instance.registration.weight.cmp(&right.instance.registration.weight),
            Self::RegisteredAt => left.instance.registered_at.cmp(&right.instance.registered_at),
            Self::LastHealthCheck => {
                let at = |index| rendered.checkup(index).map(|checkup| checkup.at);
                at(a).cmp(&at(b))
            }
        }
    }
}

/// An order of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct Sort {
    key: SortKey,
    descending: bool,
}

/// One page of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::api) struct Page {
    /// From 1.
    pub(in crate::api) number: usize,
    /// Rows.
    pub(in crate::api) size: usize,
}

/// What a caller asked of the list.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::api) struct ListQuery {
    pub(in crate::api) filter: Filter,
    pub(in crate::api) sort: Option<Sort>,
    pub(in crate::api) page: Option<Page>,
    /// As the instances were then, rather than now.
    pub(in crate::api) at: Option<Timestamp>,
    /// The filters as they were said, for the answer.
    pub(in crate::api) said: Map<String, Value>,
    /// Parameters that mean nothing.
    pub(in crate::api) ignored: Vec<String>,
    /// What is allowed and yet hardly meant.
    pub(in crate::api) warnings: Vec<String>,
}

impl ListQuery {
    /// Whether the answer depends on the times of checks, which tags leave out.
    pub(in crate::api) fn is_about_times(&self) -> bool {
        self.sort.is_some_and(|sort| sort.key == SortKey::LastHealthCheck)
    }

    /// Reads the parameters, naming all faults at once. None may be said twice.
    pub(in crate::api) fn read(parameters: Vec<(String, String)>) -> Result<Self, ApiError> {
        let mut query = Self::default();
        let (mut faults, mut number, mut size) = (said_twice(&parameters, is_known), None, None);
        for (name, value) in parameters {
            match &*name {
                "page" => number = whole(&mut faults, "page", &value, PAGE_MAX),
                "pageSize" => size = whole(&mut faults, "pageSize", &value, PAGE_SIZE_MAX),
                "at" => query.at = past::time(&mut faults, "at", &value),
                "sort" => query.sort = sort(&mut faults, &value),
                _ => query.filter_by(name, value),
            }
        }
        if number.is_some() || size.is_some() {
            query.page = Some(Page { number: number.unwrap_or(1), size: size.unwrap_or(PAGE_SIZE) });
        }
        if faults.is_empty() { Ok(query) } else { Err(ApiError::faults(faults)) }
    }

    fn filter_by(&mut self, name: String, value: String) {
        match &*name {
            "environment" => self.filter.environment = Some(value.clone()),
            "region" => self.filter.region = Some(value.clone()),
            "status" => {
                let state = HealthState::parse(&value);
                if state.is_none() {
                    let known: Vec<_> = HealthState::ALL.iter().map(|state| state.as_str()).collect();
                    self.warnings.push(format!("no instance ever has that status: it is one of {}", known.join(", ")));
                }
                self.filter.state = Some(state);
            }
            _ => match name.strip_prefix("metadata.").filter(|key| !key.is_empty()) {
                Some(key) => self.filter.metadata.push((key.to_owned(), value.clone())),
                None => return self.ignored.push(name),
            },
        }
        self.said.insert(name, Value::String(value));
    }

    /// The places of the entries asked for, in the order asked for. `None`: all, in the order of ids.
    pub(in crate::api) fn select(&self, rendered: &Rendered) -> Option<Vec<usize>> {
        if self.filter.is_empty() && self.sort.is_none() {
            return None;
        }
        let entries = rendered.catalog.entries().iter().enumerate();
        let mut places: Vec<usize> = entries.filter(|(_, entry)| self.filter.matches(entry)).map(|(index, _)| index).collect();
        if let Some(sort) = self.sort {
            places.sort_by(|a, b| {
                let order = sort.key.compare(rendered, *a, *b);
                if sort.descending { order.reverse() } else { order }
            });
        }
        Some(places)
    }
}

impl Page {
    /// The rows of this page among `rows`.
    pub(in crate::api) fn range(self, rows: usize) -> std::ops::Range<usize> {
        let start = (self.number - 1).saturating_mul(self.size).min(rows);
        start..start.saturating_add(self.size).min(rows)
    }
}

/// Whether a parameter means something, so that it must be said once.
fn is_known(name: &str) -> bool {
    matches!(name, "page" | "pageSize" | "at" | "sort" | "environment" | "region" | "status") || name.starts_with("metadata.")
}

fn whole(faults: &mut Vec<Fault>, name: &str, value: &str, most: usize) -> Option<usize> {
    let number = value.parse::<usize>().ok().filter(|number| (1..=most).contains(number));
    if number.is_none() {
        faults.push(Fault::new(name, format!("{name} must be a whole number from 1 to {most}")));
    }
    number
}

fn sort(faults: &mut Vec<Fault>, value: &str) -> Option<Sort> {
    let (descending, name) = value.strip_prefix('-').map_or((false, value), |name| (true, name));
    let found = SortKey::ALL.iter().find(|(known, _)| *known == name);
    if found.is_none() {
        let known: Vec<_> = SortKey::ALL.iter().map(|(known, _)| *known).collect();
        faults.push(Fault::new("sort", format!("sort must be one of {}, with '-' in front for the other direction", known.join(", "))));
    }
    found.map(|(_, key)| Sort { key: *key, descending })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<ListQuery, ApiError> {
        ListQuery::read(crate::api::extract::query(&format!("/?{query}").parse().expect("uri")).expect("well encoded"))
    }

    #[test]
    fn filters_pages_and_order_are_read() {
        let query = read("environment=test&status=HEALTHY&metadata.zone=a%20b&pageSize=5&sort=-port&enviroment=x").expect("valid");
        assert_eq!(query.filter.state, Some(Some(HealthState::Healthy)));
        assert_eq!(query.filter.metadata, [("zone".to_owned(), "a b".to_owned())]);
        assert_eq!(query.page, Some(Page { number: 1, size: 5 }));
        assert_eq!(query.sort, Some(Sort { key: SortKey::Port, descending: true }));
        assert_eq!(query.ignored, ["enviroment"]);
        assert_eq!(query.said.len(), 3);
    }

    #[test]
    fn all_faults_of_a_query_are_told() {
        let error = read("page=0&pageSize=1001&sort=colour").expect_err("faulty");
        assert_eq!(error.message(), "Validation failed");
        assert!(read("page=x").expect_err("faulty").message().contains("page"));
        let twice = read("region=a&x=1&region=b&x=2&metadata.zone=a&metadata.zone=b").expect_err("faulty");
        assert_eq!(twice.sentences(), "region must be said once; metadata.zone must be said once");
    }

    #[test]
    fn pages_lie_within_the_rows() {
        let page = |number, size| Page { number, size };
        assert_eq!(page(1, 10).range(25), 0..10);
        assert_eq!(page(3, 10).range(25), 20..25);
        assert_eq!(page(4, 10).range(25), 25..25);
        assert_eq!(page(PAGE_MAX, 1000).range(25), 25..25);
    }
}
