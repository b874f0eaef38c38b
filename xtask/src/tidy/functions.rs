//! Where functions begin and end, told by indentation: `cargo fmt` guarantees it.

/// A function: its first line (from 1) and how many lines it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) line: usize,
    pub(crate) length: usize,
}

/// All functions of these lines, those without a body included. A function within another counts to the outer one.
pub(crate) fn functions(lines: &[String]) -> Vec<Function> {
    let mut found = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    for (index, line) in lines.iter().enumerate() {
        match open {
            None if !begins_function(line) => {}
            None if is_whole(line) => found.push(Function { line: index + 1, length: 1 }),
            None => open = Some((index, indent(line))),
            Some((start, depth)) if ends_function(line, depth) => {
                found.push(Function { line: start + 1, length: index - start + 1 });
                open = None;
            }
            Some(_) => {}
        }
    }
    found
}

fn begins_function(line: &str) -> bool {
    let mut rest = line.trim_start();
    if let Some(after) = rest.strip_prefix("pub") {
        rest = after.strip_prefix('(').and_then(|inner| inner.split_once(')')).map_or(after, |(_, after)| after).trim_start();
    }
    while let Some(after) = ["const ", "async ", "unsafe "].iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    rest.strip_prefix("fn ").is_some_and(|name| name.starts_with(|first: char| first.is_alphanumeric() || first == '_'))
}

fn is_whole(line: &str) -> bool {
    let count = |wanted: char| line.chars().filter(|character| *character == wanted).count();
    line.trim_end().ends_with(['}', ';']) && count('{') == count('}')
}

fn ends_function(line: &str, depth: usize) -> bool {
    if indent(line) != depth {
        return false;
    }
    let rest = line.trim();
    rest == "}" || rest == "}," || (rest.starts_with(')') && rest.ends_with(';'))
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_from_the_signature_to_the_closing_brace() {
        let text = "impl X {\n    pub(super) const fn a() -> u8 { 1 }\n    async fn b(\n        x: u8,\n    ) -> u8 {\n        if x { 1 }\n    }\n    fn c(\n        x: u8,\n    );\n}\nlet fn_like = 1;\n";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let lengths: Vec<_> = functions(&lines).iter().map(|function| (function.line, function.length)).collect();
        assert_eq!(lengths, [(2, 1), (3, 5), (8, 3)]);
    }
}
