//! Once, or again and again until Ctrl-C or until nobody reads any more.

use std::future::Future;
use std::io::{ErrorKind, IsTerminal, Write};
use std::time::Duration;

use super::failure::{FAILED, Failure, OK, USAGE};
use super::line::Span;
use super::output::Page;

/// Makes a page; with `watch` makes and prints it again and again. A manager that is away for a while is told and asked again.
pub(super) async fn once_or_watch<F>(watch: Option<Span>, make: impl Fn() -> F) -> Result<Page, Failure>
where
    F: Future<Output = Result<Page, Failure>>,
{
    let Some(Span(interval)) = watch else { return make().await };
    let is_terminal = std::io::stdout().is_terminal();
    let mut is_first = true;
    every(interval, async || {
        let page = match make().await {
            Err(failure) if failure.code == USAGE || (is_first && failure.code != FAILED) => return Err(failure),
            Err(failure) => Page::of(format!("error: {}\n", failure.text)),
            Ok(page) => page,
        };
        let text = page.notes.iter().fold(page.output, |text, note| text + note + "\n");
        let text = if is_terminal { in_place(&text) } else { block(&text, is_first) };
        is_first = false;
        Ok(text)
    })
    .await
}

/// Prints what `make` says every `interval`. Ends well at Ctrl-C and when the reader has gone.
pub(super) async fn every(interval: Duration, mut make: impl AsyncFnMut() -> Result<String, Failure>) -> Result<Page, Failure> {
    let mut ended = std::pin::pin!(end_signal());
    loop {
        let text = tokio::select! {
            () = &mut ended => return Ok(Page::default()),
            text = make() => text?,
        };
        if !print(&text)? {
            return Ok(Page::default().with_code(OK));
        }
        tokio::select! {
            () = &mut ended => return Ok(Page::default()),
            () = tokio::time::sleep(interval) => {}
        }
    }
}

/// Prints at once. False when nobody reads any more, which is no failure.
pub(super) fn print(text: &str) -> Result<bool, Failure> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::failed(format!("cannot write: {error}"))),
    }
}

/// Ends at Ctrl-C or when the process is asked to end.
pub(super) async fn end_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) else {
        // Without signals of our own the process ends as every process does.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// From the top left, each line to its end, then nothing below: without a flash of an empty screen.
pub(super) fn in_place(text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("{line}\x1b[K\n")).collect();
    format!("\x1b[H{lines}\x1b[J")
}

fn block(text: &str, is_first: bool) -> String {
    if is_first { text.to_owned() } else { format!("\n{text}") }
}
