//! Arguments that no option parser knows: `-Dkey=value` anywhere, and options meant for a Java machine.
//!
//! Owns taking these out of the line. Does not own commands (`commands.rs`) nor what the settings mean.

use std::ffi::OsString;

/// A command line with the special arguments taken out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted {
    /// What the option parser sees, with the program's name.
    pub(super) rest: Vec<OsString>,
    /// `-Dkey=value`, in order.
    pub(super) defines: Vec<(String, String)>,
    /// `-X…` and the like.
    pub(super) java_options: Vec<String>,
    /// What is wrong with a special argument, each a sentence.
    pub(super) faults: Vec<String>,
}

/// Sorts a command line that begins with the program's name.
pub(super) fn sort(line: impl IntoIterator<Item = OsString>) -> Sorted {
    let mut sorted = Sorted::default();
    let mut line = line.into_iter();
    sorted.rest.extend(line.next());
    while let Some(argument) = line.next() {
        let text = argument.to_string_lossy();
        if let Some(define) = text.strip_prefix("-D") {
            let define = if define.is_empty() { next_text(&mut line) } else { define.to_owned() };
            sorted.define(&define, argument.to_str().is_some());
        } else if text.starts_with("-X") || matches!(&*text, "-server" | "-ea") {
            sorted.java_options.push(text.into_owned());
        } else {
            sorted.rest.push(argument);
        }
    }
    sorted
}

fn next_text(line: &mut impl Iterator<Item = OsString>) -> String {
    line.next().map(|text| text.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Sorted {
    fn define(&mut self, define: &str, is_utf8: bool) {
        match define.split_once('=') {
            _ if !is_utf8 => self.faults.push(format!("-D{define} is not UTF-8")),
            Some((key, value)) if !key.is_empty() => self.defines.push((key.to_owned(), value.to_owned())),
            _ => self.faults.push(format!("-D{define} has no value; write -Dkey=value")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(line: &str) -> Sorted {
        sort(line.split(' ').map(OsString::from))
    }

    #[test]
    fn settings_may_stand_anywhere() {
        let line = sorted("prog -Da.b=1 serve -D c.d=x=y 9191 -Xmx2g -XX:+UseG1GC -De=");
        assert_eq!(line.rest, ["prog", "serve", "9191"].map(OsString::from));
        let expected = [("a.b", "1"), ("c.d", "x=y"), ("e", "")].map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(line.defines, expected);
        assert_eq!(line.java_options, ["-Xmx2g", "-XX:+UseG1GC"]);
        assert!(line.faults.is_empty());
    }

    #[test]
    fn a_setting_without_value_is_a_fault() {
        assert_eq!(sorted("prog -Dfoo -D=1 -D").faults.len(), 3);
        assert_eq!(sorted("prog -Dfoo").faults, ["-Dfoo has no value; write -Dkey=value"]);
    }

    #[cfg(unix)]
    #[test]
    fn bytes_that_are_no_text_are_a_fault() {
        use std::os::unix::ffi::OsStringExt;
        let line = sort(["prog".into(), OsString::from_vec(b"-Dregion=\xff".to_vec())]);
        assert_eq!((line.faults.len(), line.defines.len()), (1, 0));
    }
}
