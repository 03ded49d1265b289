//! The queue between whoever logs and the thread that writes.

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread::JoinHandle,
};

use tracing_subscriber::fmt::MakeWriter;

/// How many lines may wait to be written.
const QUEUE: usize = 8_192;

enum Message {
    Line(Vec<u8>),
    End,
}

/// Hands lines to the thread that writes.
#[derive(Clone, Debug)]
pub(super) struct QueueWriter(SyncSender<Message>);

/// Ends the thread once everything is written.
#[derive(Debug)]
pub(super) struct Flush {
    queue: SyncSender<Message>,
    thread: Option<JoinHandle<()>>,
}

/// Starts a thread that writes to `output`.
pub(super) fn start(
    output: impl Write + Send + 'static,
) -> Result<(QueueWriter, Flush), io::Error> {
    let (queue, lines) = sync_channel(QUEUE);
    let thread =
        std::thread::Builder::new().name("log".to_owned()).spawn(move || write(&lines, output))?;
    Ok((QueueWriter(queue.clone()), Flush { queue, thread: Some(thread) }))
}

/// A log that cannot be written must not end what it reports on, so errors are left alone.
fn write(lines: &Receiver<Message>, mut output: impl Write) {
    while let Ok(Message::Line(line)) = lines.recv() {
        let _ = output.write_all(&line);
    }
    let _ = output.flush();
}

impl Drop for Flush {
    fn drop(&mut self) {
        let told = self.queue.send(Message::End).is_ok();
        if let Some(thread) = self.thread.take().filter(|_| told) {
            let _ = thread.join();
        }
    }
}

impl<'a> MakeWriter<'a> for QueueWriter {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { queue: &self.0, text: Vec::new() }
    }
}

/// One line on its way into the queue.
#[derive(Debug)]
pub(super) struct Line<'a> {
    queue: &'a SyncSender<Message>,
    text: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let line = Message::Line(std::mem::take(&mut self.text));
        if let Err(TrySendError::Full(_)) = self.queue.try_send(line) {
            metrics::counter!("log_lines_dropped_total").increment(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Page(Arc<Mutex<Vec<u8>>>);

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("not poisoned").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_is_written_before_the_end() {
        let page = Page::default();
        let (writer, flush) = start(page.clone()).expect("a thread");

        for number in 0..1_000 {
            writeln!(writer.make_writer(), "line {number}").expect("queued");
        }
        drop(flush);

        let text = String::from_utf8(page.0.lock().expect("not poisoned").clone()).expect("text");
        assert_eq!(text.lines().count(), 1_000);
        assert!(text.ends_with("line 999\n"));
    }
}
