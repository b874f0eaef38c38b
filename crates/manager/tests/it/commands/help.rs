//! Help, completions, the manual page, and the page in `docs/`.

use insta::assert_snapshot;

use crate::support::{Launch, source};

const NAMES: [&str; 13] = [
    "instances",
    "queues",
    "groups",
    "stores",
    "overview",
    "metrics",
    "events",
    "incidents",
    "routing",
    "route",
    "top",
    "doctor",
    "context",
];

#[tokio::test]
async fn short_help_names_every_command() {
    let help = Launch::command(&["-h"]).run().await;
    assert_snapshot!("short", help.out);
}

#[tokio::test]
async fn help_of_a_command_has_examples() {
    assert_snapshot!("instances", Launch::command(&["instances", "--help"]).run().await.out);
    assert_snapshot!("drain", Launch::command(&["instances", "drain", "--help"]).run().await.out);
    for name in NAMES {
        let help = Launch::command(&[name, "--help"]).run().await;
        let is_group = name == "route";
        assert!(help.code == Some(0) && (is_group || help.out.contains("Examples:\n")), "{name}: {}", help.out);
    }
}

#[tokio::test]
async fn completions_are_scripts_that_a_shell_reads() {
    let script = Launch::command(&["completions", "bash"]).run().await.out;
    assert!(script.contains("deregister"), "{script}");
    let check = Launch::command(&[]).under(&["bash", "-n", "script"]).file("script", &script);
    let checked = check.run().await;
    assert_eq!((checked.code, checked.err.as_str()), (Some(0), ""));
    for (shell, mark) in [("zsh", "#compdef peegeeq-service-manager"), ("fish", "complete -c peegeeq-service-manager")] {
        assert!(Launch::command(&["completions", shell]).run().await.out.contains(mark), "{shell}");
    }
}

#[tokio::test]
async fn the_manual_can_be_read() {
    let page = Launch::command(&["man"]).run().await.out;
    assert!(page.contains(".SH \"EXIT STATUS\"") && page.contains("instances"), "{page}");
    let folder = Launch::command(&["man", "--folder", "pages"]);
    assert_eq!(folder.run().await.code, Some(0));
    assert!(folder.folder().join("pages/peegeeq-service-manager-instances-drain.1").exists());
    if std::process::Command::new("man").arg("--version").output().is_err() {
        eprintln!("not run: rendering the manual: man is missing");
        return;
    }
    let file = folder.folder().join("pages/peegeeq-service-manager.1");
    let rendered = std::process::Command::new("man").args(["-l".as_ref(), file.as_os_str()]).env("MANWIDTH", "80").output().expect("man");
    let text = String::from_utf8_lossy(&rendered.stdout);
    if text.contains("minimized") || !rendered.status.success() {
        eprintln!("not run: rendering the manual: {}", String::from_utf8_lossy(&rendered.stderr));
        return;
    }
    assert!(text.contains("EXIT STATUS") && text.contains("no answer: refused"), "{text}");
}

#[test]
fn the_page_names_every_command_and_every_code() {
    let page = source::read(&source::repository().join("docs/CLI.md"));
    assert_eq!(page.trim_end(), peegeeq_service_manager::cli::markdown().trim_end(), "run cargo xtask docs");
    for name in NAMES {
        assert!(page.contains(&format!("### `{name}`")), "{name}");
    }
}
