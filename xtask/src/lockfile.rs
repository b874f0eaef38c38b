//! Reading `Cargo.lock`: names and versions of the locked packages.

/// A locked package with the line of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Locked {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) line: usize,
}

/// All packages of a lock file, in its order.
pub(crate) fn packages(text: &str) -> Vec<Locked> {
    let value = |line: &str, key: &str| Some(line.strip_prefix(key)?.trim_start_matches([' ', '=']).trim_matches('"').to_owned());
    let mut found: Vec<Locked> = Vec::new();
    let mut in_package = false;
    for (index, line) in text.lines().enumerate() {
        if line.starts_with('[') {
            in_package = line == "[[package]]";
        } else if let Some(name) = value(line, "name ").filter(|_| in_package) {
            found.push(Locked { name, version: String::new(), line: index + 1 });
        } else if let (Some(version), Some(last)) = (value(line, "version ").filter(|_| in_package), found.last_mut()) {
            last.version = version;
        }
    }
    found
}

/// The numbers of a version, without what follows a hyphen or a plus sign.
pub(crate) fn numbers(version: &str) -> [u64; 3] {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let mut parts = plain.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_names_versions_and_lines() {
        let text = "version = 4\n\n[[package]]\nname = \"h2\"\nversion = \"0.4.15\"\ndependencies = [\n \"x\",\n]\n\n[[package]]\nname = \"x\"\nversion = \"1.2.3-rc.1\"\n";
        let packages = packages(text);
        assert_eq!(packages.len(), 2);
        assert_eq!((packages[0].name.as_str(), packages[0].version.as_str(), packages[0].line), ("h2", "0.4.15", 4));
        assert_eq!(numbers(&packages[1].version), [1, 2, 3]);
        assert!(numbers("0.4.9") < numbers("0.4.16"));
    }
}
