//! The paths a Rust file names: `crate::a::{b, c::d}` becomes `crate::a::b` and `crate::a::c::d`.
//!
//! Owns finding them in code whose comments and strings are blanked. `super` is resolved from where the file lies.

/// A path from the root of its crate, without the word `crate`, and the line where it begins (from 1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

/// The module that a file is, from the root of its crate: `src/a/b.rs` and `src/a/b/mod.rs` are `[a, b]`.
pub(crate) fn module_of(path_in_src: &str) -> Vec<String> {
    let plain = path_in_src.strip_suffix(".rs").unwrap_or(path_in_src);
    let mut segments: Vec<String> = plain.split('/').map(str::to_owned).collect();
    if segments.last().is_some_and(|last| matches!(last.as_str(), "mod" | "lib" | "main")) {
        segments.pop();
    }
    segments
}

/// All paths in `code` (lines with their numbers) that begin at the crate's root or climb there with `super`.
pub(crate) fn named<'a>(module: &[String], code: impl Iterator<Item = (usize, &'a str)>) -> Vec<Named> {
    let mut text = String::new();
    let mut line_at = Vec::new();
    for (number, line) in code {
        line_at.push((text.len(), number));
        text.push_str(line);
        text.push('\n');
    }
    let mut found = Vec::new();
    for start in starts(&text) {
        let index = line_at.partition_point(|(offset, _)| *offset <= start).saturating_sub(1);
        let mut paths = Vec::new();
        tree(&text[start..], &mut Vec::new(), &mut paths);
        let line = line_at.get(index).map_or(1, |(_, number)| *number);
        found.extend(paths.into_iter().filter_map(|path| resolve(module, path)).map(|segments| Named { line, segments }));
    }
    found
}

/// Where paths begin: at `crate::`, or at the first `super::` of a chain.
fn starts(text: &str) -> Vec<usize> {
    let begins = |at: usize| !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
    let of = |word: &'static str| text.match_indices(word).map(|(at, _)| at).filter(|at| begins(*at)).collect::<Vec<_>>();
    let mut all = of("crate::");
    all.extend(of("super::"));
    all.sort_unstable();
    all
}

/// Reads one path or `use` tree at the beginning of `rest` and returns what follows it.
fn tree<'a>(mut rest: &'a str, prefix: &mut Vec<String>, out: &mut Vec<Vec<String>>) -> &'a str {
    let depth = prefix.len();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if rest.starts_with('{') {
            rest = group(&rest[1..], prefix, out);
            break;
        }
        if end == 0 {
            out.push(prefix.clone());
            break;
        }
        prefix.push(rest[..end].to_owned());
        rest = &rest[end..];
        match rest.trim_start().strip_prefix("::") {
            Some(after) => rest = after,
            None => {
                out.push(prefix.clone());
                break;
            }
        }
    }
    prefix.truncate(depth);
    rest
}

fn group<'a>(mut rest: &'a str, prefix: &mut Vec<String>, out: &mut Vec<Vec<String>>) -> &'a str {
    loop {
        if let Some(after) = rest.trim_start().strip_prefix('}') {
            return after;
        }
        rest = tree(rest, prefix, out);
        // `as name` and `*` behind a path are passed over up to the next comma or the end of the group.
        let Some(stop) = rest.find([',', '}']) else { return "" };
        let is_end = rest[stop..].starts_with('}');
        rest = &rest[stop + 1..];
        if is_end {
            return rest;
        }
    }
}

fn resolve(module: &[String], path: Vec<String>) -> Option<Vec<String>> {
    let climbs = path.iter().take_while(|segment| *segment == "super").count();
    let base = if path.first()? == "crate" { &[][..] } else { &module[..module.len().checked_sub(climbs)?] };
    Some(base.iter().cloned().chain(path.into_iter().skip(climbs.max(1))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(module: &str, code: &str) -> Vec<(usize, String)> {
        let lines = code.lines().enumerate().map(|(index, line)| (index + 1, line));
        named(&module_of(module), lines).into_iter().map(|named| (named.line, named.segments.join("::"))).collect()
    }

    #[test]
    fn groups_are_taken_apart_and_super_is_resolved() {
        let code = "use crate::{\n    api::{wire::Row, error},\n    clock as c,\n};\nfn f() { crate::tasks::spawn(super::super::registry::x) }\nuse super::probe::*;";
        let expected =
            [(1, "api::wire::Row"), (1, "api::error"), (1, "clock"), (5, "tasks::spawn"), (5, "registry::x"), (6, "health::probe")];
        let expected: Vec<_> = expected.iter().map(|(line, path)| (*line, (*path).to_owned())).collect();
        assert_eq!(all("health/monitor.rs", code), expected);
    }

    #[test]
    fn files_are_modules() {
        assert_eq!(module_of("health/probe.rs"), ["health", "probe"]);
        assert_eq!(module_of("health/mod.rs"), ["health"]);
        assert!(module_of("lib.rs").is_empty());
        assert!(all("lib.rs", "pub(crate) fn a() {} macro_crate::x;").is_empty());
    }
}
