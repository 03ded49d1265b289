//! Logs: for a person on a terminal, as JSON lines for a machine, always to standard error. It must
//! never hold up a request: lines go through a bounded queue to a thread of their own, and what does
//! not fit is counted and dropped.

mod writer;

use std::io::IsTerminal as _;

use tracing_subscriber::filter::{ParseError, Targets};
use tracing_subscriber::{
    layer::SubscriberExt as _, util::SubscriberInitExt as _, util::TryInitError,
};

use writer::{Flush, QueueWriter};

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Text on a terminal, else JSON.
    #[default]
    Auto,
    /// For a person.
    Text,
    /// For a machine.
    Json,
}

/// The log cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter cannot be understood.
    #[error(
        "TECHTROVE_LOG={filter:?} is no log filter: write a level (`info`) or levels per target \
         (`info,techtrove_orders=debug`)"
    )]
    Filter {
        /// What was given.
        filter: String,
        /// Why.
        source: ParseError,
    },
    /// Somebody else set up the log before.
    #[error("the log is set up already")]
    Twice(#[from] TryInitError),
    /// The thread that writes cannot be started.
    #[error("starting the thread that writes the log")]
    Thread(#[source] std::io::Error),
}

/// Keeps the log going; what is queued is written when it is dropped, at the end of `main`.
#[derive(Debug)]
#[must_use = "the log ends when this is dropped"]
pub struct Telemetry {
    _flush: Flush,
}

/// Sets up the log with `filter` (default `info`), and logs panics.
///
/// # Errors
/// When the filter cannot be understood, or the log is set up already.
pub fn init(filter: Option<&str>, format: Format) -> Result<Telemetry, TelemetryError> {
    let text = filter.unwrap_or("info");
    // Which looks at targets and levels alone: a filter that knew spans would look at each one entered.
    let filter: Targets = text
        .parse()
        .map_err(|source| TelemetryError::Filter { filter: text.to_owned(), source })?;
    let terminal = std::io::stderr().is_terminal();
    let (writer, flush) = writer::start(std::io::stderr()).map_err(TelemetryError::Thread)?;
    let registry = tracing_subscriber::registry().with(filter);
    if format == Format::Json || (format == Format::Auto && !terminal) {
        registry.with(json_lines(writer)).try_init()?;
    } else {
        let lines = tracing_subscriber::fmt::layer().compact().with_ansi(terminal);
        registry.with(lines.with_writer(writer)).try_init()?;
    }
    std::panic::set_hook(Box::new(log_panic));
    Ok(Telemetry { _flush: flush })
}

fn json_lines<S>(writer: QueueWriter) -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true);
    lines.with_current_span(true).with_span_list(false).with_writer(writer)
}

fn log_panic(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    let words = panic.payload_as_str().unwrap_or("without words");
    tracing::error!(place, "panicked: {words}");
}
