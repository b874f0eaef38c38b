//! Completion scripts and manual pages, made from the definitions of the commands.

use clap::CommandFactory;
use clap_complete::Shell;

use super::failure::{EXIT_CODES, Failure};
use super::line::{Man, ShellName};
use super::output::Page;
use crate::cli::commands::Line;

const NAME: &str = "peegeeq-service-manager";

/// The script for a shell.
pub(super) fn completions(shell: ShellName) -> String {
    let shell = match shell {
        ShellName::Bash => Shell::Bash,
        ShellName::Zsh => Shell::Zsh,
        ShellName::Fish => Shell::Fish,
    };
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Line::command(), NAME, &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

/// `man`.
pub(super) fn man(options: &Man) -> Result<Page, Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("cannot write the manual: {error}"));
    let Some(folder) = &options.folder else {
        return Ok(Page::of(page().map_err(failed)?));
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut command = Line::command();
    command.build();
    clap_mangen::generate_to(command, folder).map_err(failed)?;
    std::fs::write(folder.join(format!("{NAME}.1")), page().map_err(failed)?).map_err(failed)?;
    Ok(Page::of(format!("wrote the pages into {}\n", folder.display())))
}

/// The page of the program, with the exit codes that all commands share.
fn page() -> std::io::Result<String> {
    let mut roff = Vec::new();
    clap_mangen::Man::new(Line::command()).render(&mut roff)?;
    let mut text = String::from_utf8_lossy(&roff).into_owned();
    text.push_str(".SH \"EXIT STATUS\"\n");
    for (code, meaning) in EXIT_CODES {
        text.push_str(&format!(".TP\n\\fB{code}\\fR\n{meaning}\n"));
    }
    Ok(text)
}
