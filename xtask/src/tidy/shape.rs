//! The shape of files and functions, and the pages every project owes its readers.
//!
//! Owns the sizes, the opening sentence of each file, the ban of `unwrap` and the list of pages. Tests and the pretended
//! world are not measured.

use super::Project;
use super::functions::functions;
use super::source::Source;
use crate::finding::Finding;

const FILE_LINES_MAX: usize = 600;
const FILE_LINES_P90: usize = 350;
const FILE_LINES_MEDIAN: usize = 150;
const FUNCTION_LINES_MAX: usize = 70;
const FUNCTION_LINES_MEDIAN: usize = 10;

/// Spelled in two parts, so that this line is not a finding itself.
const UNWRAP: &str = concat!(".unw", "rap()");

/// A file that says so in its first ten lines may be longer: it is data that happens to be Rust.
const TABLE: &str = "// a table of data";

/// The pages and programs that must exist, each with what it is for.
const REQUIRED: [(&str, &str); 5] = [
    ("README.md", "what it is and how to start it"),
    ("ARCHITECTURE.md", "the map, the invariants, the journeys"),
    ("CHANGELOG.md", "what a user notices, by version"),
    ("LICENSE", "the licence"),
    (".ci/run", "the checks of a clean machine"),
];

/// The measurements in one line, and what falls short.
pub(super) fn check(project: &Project) -> (String, Vec<Finding>) {
    let mut findings = Vec::new();
    let (mut files, mut spans) = (Vec::new(), Vec::new());
    for source in project.sources.iter().filter(|source| source.is_product()) {
        let body = &source.lines[..source.tests_begin];
        files.push(body.len());
        findings.extend(long_file(source, body));
        findings.extend(no_opening(source, body));
        findings.extend(unwraps(source));
        for function in functions(body) {
            spans.push(function.length);
            if function.length > FUNCTION_LINES_MAX {
                let what = format!("a function of {} lines, the limit is {FUNCTION_LINES_MAX}", function.length);
                findings.push(Finding::at(&source.path, function.line, what, "give its steps names of their own"));
            }
        }
    }
    let (files, spans) = (Spread::of(files), Spread::of(spans));
    findings.extend(spread("the median file", files.median, FILE_LINES_MEDIAN));
    findings.extend(spread("the ninetieth percentile of files", files.p90, FILE_LINES_P90));
    findings.extend(spread("the median function", spans.median, FUNCTION_LINES_MEDIAN));
    findings.extend(missing_pages(project));
    (format!("files: {files}; functions: {spans}"), findings)
}

/// How numbers are distributed.
struct Spread {
    count: usize,
    median: usize,
    p90: usize,
    max: usize,
}

impl Spread {
    fn of(mut numbers: Vec<usize>) -> Self {
        numbers.sort_unstable();
        let last = numbers.len().saturating_sub(1);
        let at = |index: usize| numbers.get(index).copied().unwrap_or(0);
        // The mean of the middle two, rounded up: a median of 10.5 is above 10.
        let median = (at(last / 2) + at(last.div_ceil(2))).div_ceil(2);
        Self { count: numbers.len(), median, p90: at(last * 9 / 10), max: at(last) }
    }
}

impl std::fmt::Display for Spread {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}, lines median {}, p90 {}, max {}", self.count, self.median, self.p90, self.max)
    }
}

fn spread(name: &str, lines: usize, limit: usize) -> Option<Finding> {
    let what = format!("{name} has {lines} lines, the limit is {limit}");
    (lines > limit).then(|| Finding::of("crates", what, "split the longest ones by what they own"))
}

fn long_file(source: &Source, body: &[String]) -> Option<Finding> {
    let is_table = body.iter().take(10).any(|line| line.contains(TABLE));
    let what = format!("{} lines, the limit is {FILE_LINES_MAX}", body.len());
    (body.len() > FILE_LINES_MAX && !is_table).then(|| Finding::of(&source.path, what, "split it by what it owns"))
}

fn no_opening(source: &Source, body: &[String]) -> Option<Finding> {
    let first = body.iter().map(|line| line.trim()).find(|line| !line.is_empty() && !line.starts_with("#!["));
    let opens = first.is_some_and(|line| line.starts_with("//!"));
    (!opens).then(|| Finding::at(&source.path, 1, "no //! at the top", "say what the file owns and what it does not"))
}

fn unwraps(source: &Source) -> Vec<Finding> {
    let found =
        source.product_code().filter(|(number, _)| source.lines[number - 1].split("//").next().is_some_and(|line| line.contains(UNWRAP)));
    let finding = |(number, _)| {
        Finding::at(&source.path, number, format!("{UNWRAP} in product code"), "return the error, or expect(\"why it cannot happen\")")
    };
    found.map(finding).collect()
}

fn missing_pages(project: &Project) -> Vec<Finding> {
    let missing = REQUIRED.iter().filter(|(path, _)| !project.texts.contains_key(*path));
    missing.map(|(path, purpose)| Finding::of(path, "missing", format!("write it: {purpose}"))).collect()
}
