//! What services report as errors, for somebody to look at: what the program itself holds to be wrong is wrong
//! here too, but for what faults and banks bring about.

use std::{
    cell::RefCell,
    fmt::{self, Write as _},
    sync::Once,
};

use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static LISTENING: Once = Once::new();

/// What is reported though nothing is wrong with the shop: the provider's planned faults, what banks made of
/// refunds, and who could not reach a neighbour.
const EXPECTED: [&str; 6] = [
    "the answer was held back",
    "a planned fault",
    "a refund was refused",
    "a refund that was made has failed",
    "a refund has failed after all",
    "inventory could not be asked",
];

/// Notes the errors of all threads from now on, each for its own thread.
pub fn listen() {
    LISTENING.call_once(|| {
        // Where somebody else listens, nothing is noted.
        let _ = tracing::subscriber::set_global_default(Alarms);
    });
}

/// The errors of this thread since they were asked for last.
#[must_use]
pub fn heard() -> Vec<String> {
    HEARD.take()
}

struct Alarms;

impl Subscriber for Alarms {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && *metadata.level() == Level::ERROR
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::ERROR)
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut text = Text(event.metadata().target().to_owned());
        event.record(&mut text);
        if !EXPECTED.iter().any(|expected| text.0.contains(expected)) {
            HEARD.with_borrow_mut(|heard| heard.push(text.0));
        }
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

/// An event in one line.
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string cannot fail.
        let _ = write!(self.0, " {field}={value:?}");
    }
}
