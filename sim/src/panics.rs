//! Panics of a run: a task that panics ends alone and may go unnoticed, which is not to happen here.

use std::{cell::RefCell, sync::Once};

thread_local! {
    static HEARD: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

static LISTENING: Once = Once::new();

/// Notes the panics of all threads from now on, each for its own thread, and tells of those of threads that
/// run no simulation as before.
pub fn listen() {
    LISTENING.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if tokio::runtime::Handle::try_current().is_err() {
                return before(panic);
            }
            HEARD.with_borrow_mut(|heard| heard.push(panic.to_string().replace('\n', " ")));
        }));
    });
}

/// The panics of this thread since they were asked for last.
#[must_use]
pub fn heard() -> Vec<String> {
    HEARD.take()
}
