//! Which licences may be shipped, and reading licence expressions (`MIT OR (Apache-2.0 AND ISC)`).

use super::{Package, about};
use crate::finding::Finding;

/// Licences that ask for no more than keeping their text.
const PERMISSIVE: [&str; 12] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "Unlicense",
];

/// Single packages under another licence, each with the reason why it may stay.
const EXCEPTIONS: [(&str, &str, &str); 0] = [];

/// The finding for a package whose licence is missing or not permissive.
pub(super) fn finding(package: &Package) -> Option<Finding> {
    let Some(licence) = package.licence.as_deref() else {
        return Some(about(package, "names no licence", "replace it, or ask its authors"));
    };
    let may = |wanted: &str| {
        PERMISSIVE.contains(&wanted) || EXCEPTIONS.iter().any(|(name, licence, _)| *name == package.name && *licence == wanted)
    };
    (!allows(licence, &may)).then(|| {
        about(package, &format!("licence {licence}"), "replace it, or add an exception with a reason to xtask/src/deps/licence.rs")
    })
}

/// Whether an expression leaves a choice in which every licence may be used.
fn allows(expression: &str, may: &dyn Fn(&str) -> bool) -> bool {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let (allowed, rest) = either(&words, may);
    allowed && rest.is_empty()
}

type Rest<'a> = &'a [&'a str];

fn either<'a>(words: Rest<'a>, may: &dyn Fn(&str) -> bool) -> (bool, Rest<'a>) {
    let (mut allowed, mut rest) = both(words, may);
    while let ["OR", after @ ..] = rest {
        let (other, further) = both(after, may);
        (allowed, rest) = (allowed || other, further);
    }
    (allowed, rest)
}

fn both<'a>(words: Rest<'a>, may: &dyn Fn(&str) -> bool) -> (bool, Rest<'a>) {
    let (mut allowed, mut rest) = one(words, may);
    while let ["AND", after @ ..] = rest {
        let (other, further) = one(after, may);
        (allowed, rest) = (allowed && other, further);
    }
    (allowed, rest)
}

fn one<'a>(words: Rest<'a>, may: &dyn Fn(&str) -> bool) -> (bool, Rest<'a>) {
    match words {
        ["(", inner @ ..] => match either(inner, may) {
            (allowed, [")", rest @ ..]) => (allowed, rest),
            (_, rest) => (false, rest),
        },
        [licence, "WITH", exception, rest @ ..] => (may(&format!("{licence} WITH {exception}")) || may(licence), rest),
        [licence, rest @ ..] => (may(licence), rest),
        [] => (false, words),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_weighed() {
        let may = |licence: &str| PERMISSIVE.contains(&licence);
        for good in [
            "MIT",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-2.0",
            "ISC AND (MIT OR LGPL-3.0)",
        ] {
            assert!(allows(good, &may), "{good}");
        }
        for bad in ["GPL-3.0", "MIT AND GPL-3.0", "", "(MIT", "MIT Apache-2.0", "MPL-2.0 AND (MIT OR Apache-2.0)"] {
            assert!(!allows(bad, &may), "{bad}");
        }
    }
}
