//! Lines on their way to an output: a bounded queue with a thread at its end that may fail, hang or panic alone.
//!
//! Owns that logging never blocks or ends the product. Lost lines are counted. Does not own what a line looks like.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

/// Most bytes of lines waiting for one output.
const MOST_BYTES: usize = 8 << 20;

/// How long the end of the program waits for room in the queue, and then for the last lines.
const ROUND: Duration = Duration::from_millis(10);
const ROUNDS: u32 = 100;

/// What both ends know.
#[derive(Debug, Default)]
struct Shared {
    waiting_bytes: AtomicUsize,
    lost: AtomicU64,
}

impl Shared {
    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        metrics::counter!("peegeeq_log_lines_lost_total").increment(1);
    }
}

enum Message {
    Line(String),
    /// Everything before this is written: answer on the channel inside.
    Flush(SyncSender<()>),
}

/// The end into which lines are put. Cheap to clone.
#[derive(Clone)]
pub(super) struct LogQueue {
    sender: SyncSender<Message>,
    shared: Arc<Shared>,
}

impl LogQueue {
    /// A queue for at most `most_lines` lines, written to `output` by a thread of its own.
    ///
    /// # Errors
    /// When the operating system has no thread left.
    pub(super) fn start(name: &str, most_lines: usize, output: impl Write + Send + 'static) -> std::io::Result<Self> {
        let (sender, receiver) = sync_channel(most_lines);
        let shared = Arc::new(Shared::default());
        let queue = Self { sender, shared: Arc::clone(&shared) };
        // Not one of the tasks: it has to write the last words of all tasks, and it may hang on its output for ever.
        std::thread::Builder::new().name(format!("log-{name}")).spawn(move || write_lines(&receiver, &shared, output))?;
        Ok(queue)
    }

    /// Hands over a line, or counts it as lost when the output does not keep up. Never waits.
    pub(super) fn put(&self, line: String) {
        let length = line.len();
        let waiting = self.shared.waiting_bytes.fetch_add(length, Ordering::Relaxed);
        if waiting.saturating_add(length) > MOST_BYTES || self.sender.try_send(Message::Line(line)).is_err() {
            self.shared.waiting_bytes.fetch_sub(length, Ordering::Relaxed);
            self.shared.lose();
        }
    }

    /// Lines that were not written.
    pub(super) fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Waits until what is waiting now is written, at most two seconds; an output that hangs is left alone.
    pub(super) fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        // A full queue may be the end of a burst: its writer gets a second to make room.
        for _ in 0..ROUNDS {
            if self.sender.try_send(Message::Flush(done.clone())).is_ok() {
                let _: Result<(), RecvTimeoutError> = is_done.recv_timeout(ROUND * ROUNDS);
                return;
            }
            std::thread::sleep(ROUND);
        }
    }
}

/// Ends when the last sender is gone.
fn write_lines(receiver: &Receiver<Message>, shared: &Shared, mut output: impl Write) {
    while let Ok(message) = receiver.recv() {
        match message {
            Message::Line(line) => {
                shared.waiting_bytes.fetch_sub(line.len(), Ordering::Relaxed);
                // An output that panics, as printing to a closed pipe may, must not end the logging.
                let written = catch_unwind(AssertUnwindSafe(|| output.write_all(line.as_bytes())));
                if !matches!(written, Ok(Ok(()))) {
                    shared.lose();
                }
            }
            Message::Flush(done) => {
                let _ = catch_unwind(AssertUnwindSafe(|| output.flush()));
                let _ = done.try_send(());
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::sync::{Condvar, Mutex};

    /// An output in memory that can be told to hang, to fail or to panic.
    #[derive(Clone, Default)]
    pub(in crate::observe) struct Memory(Arc<(Mutex<Inner>, Condvar)>);

    #[derive(Default)]
    struct Inner {
        text: String,
        mode: Mode,
    }

    #[derive(Clone, Copy, Default, PartialEq)]
    enum Mode {
        #[default]
        Works,
        Hangs,
        Fails,
        Panics,
    }

    impl Memory {
        pub(in crate::observe) fn text(&self) -> String {
            self.0.0.lock().expect("no writer panicked while holding it").text.clone()
        }

        fn set(&self, mode: Mode) {
            self.0.0.lock().expect("no writer panicked while holding it").mode = mode;
            self.0.1.notify_all();
        }
    }

    impl Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let inner = self.0.0.lock().expect("no writer panicked while holding it");
            let mut inner = self.0.1.wait_while(inner, |inner| inner.mode == Mode::Hangs).expect("not poisoned");
            let mode = inner.mode;
            if mode == Mode::Works {
                inner.text.push_str(&String::from_utf8_lossy(bytes));
            }
            drop(inner);
            match mode {
                Mode::Fails => Err(std::io::ErrorKind::StorageFull.into()),
                Mode::Panics => panic!("an output that panics"),
                _ => Ok(bytes.len()),
            }
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_arrive_in_order() {
        let output = Memory::default();
        let queue = LogQueue::start("test", 16, output.clone()).expect("a thread");
        queue.put("a\n".to_owned());
        queue.put("b\n".to_owned());
        queue.flush();
        assert_eq!((output.text().as_str(), queue.lost()), ("a\nb\n", 0));
    }

    #[test]
    fn a_hanging_output_costs_lines_and_nothing_else() {
        let output = Memory::default();
        output.set(Mode::Hangs);
        let queue = LogQueue::start("test", 2, output.clone()).expect("a thread");
        for number in 0..10 {
            queue.put(format!("{number}\n"));
        }
        // Two wait in the queue, and the thread may or may not have taken one.
        assert!((7..=8).contains(&queue.lost()), "{}", queue.lost());
        queue.put("x".repeat(MOST_BYTES + 1));
        queue.flush();
        output.set(Mode::Works);
        queue.flush();
        assert!(output.text().starts_with("0\n1\n"), "{}", output.text());
    }

    #[test]
    fn a_failing_or_panicking_output_is_tried_again() {
        let output = Memory::default();
        let queue = LogQueue::start("test", 16, output.clone()).expect("a thread");
        for mode in [Mode::Fails, Mode::Panics] {
            output.set(mode);
            queue.put("lost\n".to_owned());
            queue.flush();
        }
        output.set(Mode::Works);
        queue.put("kept\n".to_owned());
        queue.flush();
        assert_eq!((output.text().as_str(), queue.lost()), ("kept\n", 2));
    }
}
