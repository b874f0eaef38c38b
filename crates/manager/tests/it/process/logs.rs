//! What is logged, in which form, where to, and what happens when nobody reads it.

use std::path::{Path, PathBuf};

use peegeeq_testkit::{HttpClient, secs, wait_until};
use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Launch, source};

async fn ask_often(base: &str, times: usize) {
    let client = HttpClient::default();
    for _ in 0..times {
        client.get(&format!("{base}/nosuch-path-to-log")).await.expect("an answer");
    }
}

fn log_files(launch: &Launch) -> Vec<PathBuf> {
    let folder = launch.folder().join("logs");
    if Path::new(&folder).exists() { source::files(&folder) } else { Vec::new() }
}

#[tokio::test]
async fn json_lines_have_the_guides_fields() {
    let manager = Launch::serve().arg("-Dlogging.format=json").arg("-Dlogging.level.root=DEBUG").start().await;
    ask_often(manager.base(), 1).await;
    manager.wait_for_output("nosuch-path-to-log").await;
    manager.signal(Signal::TERM);
    let finished = manager.finish().await;
    let lines: Vec<&str> = finished.out.lines().collect();
    assert!(lines.len() > 2, "{}", finished.out);
    for line in lines {
        let line: Value = serde_json::from_str(line).expect(line);
        for field in ["timestamp", "level", "logger", "message"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        assert!(
            line["logger"]
                .as_str()
                .is_some_and(|logger| logger.starts_with("dev.mars.peegeeq.servicemanager") || !logger.contains("peegeeq"))
        );
    }
}

#[tokio::test]
async fn the_level_is_a_setting_for_all_and_for_one_logger() {
    let quiet = Launch::serve().arg("-Dlogging.level.root=ERROR").start().await;
    assert!(!quiet.output().contains(" INFO "), "{}", quiet.output());
    let one =
        Launch::serve().arg("-Dlogging.level.root=ERROR").arg("-Dlogging.level.dev.mars.peegeeq.servicemanager.api=DEBUG").start().await;
    ask_often(one.base(), 1).await;
    one.wait_for_output("nosuch-path-to-log").await;
    assert!(!one.output().contains(" INFO "), "{}", one.output());
}

#[tokio::test]
async fn the_file_is_put_aside_by_size_and_few_are_kept() {
    let launch = Launch::serve()
        .arg("-Dlogging.file.name=logs/manager.log")
        .arg("-Dlogging.file.max-size=4KB")
        .arg("-Dlogging.file.max-history=2")
        .arg("-Dlogging.level.root=DEBUG");
    let manager = launch.start().await;
    ask_often(manager.base(), 200).await;
    manager.signal(Signal::TERM);
    assert_eq!(manager.finish().await.code, Some(0));
    let files = log_files(&launch);
    assert!((2..=3).contains(&files.len()), "the current one and two kept: {files:?}");
    assert!(files.iter().any(|file| file.ends_with("logs/manager.log")), "{files:?}");
    for file in files {
        let length = std::fs::metadata(&file).expect("a file").len();
        assert!(length < 16 << 10, "{}: {length} bytes", file.display());
    }
}

#[tokio::test]
async fn a_log_file_that_cannot_be_is_told_at_start() {
    let finished = Launch::serve().arg("-Dlogging.file.name=/proc/nowhere/x.log").run().await;
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.err.contains("logging.file.name"), "{}", finished.err);
}

#[tokio::test]
async fn lines_nobody_reads_are_lost_and_counted_and_stop_nothing() {
    let launch =
        Launch::serve().arg("-Dlogging.queue.max=16").arg("-Dlogging.level.root=DEBUG").arg("-Dlogging.file.name=logs/manager.log");
    let mut child = launch.spawn_unread();
    let base = wait_until("the address in the log file", secs(30), || {
        let text = log_files(&launch).iter().map(|file| source::read(file)).collect::<String>();
        let found = text.split("url=").nth(1).map(|rest| rest.split_whitespace().next().unwrap_or_default().to_owned());
        std::future::ready(found.ok_or(text))
    })
    .await;
    let lost = wait_until("lost lines to be counted", secs(60), || async {
        // The pipe takes 64 KiB before anything is lost.
        ask_often(&base, 100).await;
        let text = HttpClient::default().get(&format!("{base}/metrics")).await.map_err(|error| error.to_string())?.text();
        let lost = text.lines().find(|line| line.starts_with("peegeeq_log_lines_lost_total")).unwrap_or_default().to_owned();
        if lost.is_empty() || lost.ends_with(" 0") { Err(lost) } else { Ok(lost) }
    })
    .await;
    assert!(lost.contains("peegeeq_log_lines_lost_total"));
    child.kill().and_then(|()| child.wait()).expect("it ends");
}
