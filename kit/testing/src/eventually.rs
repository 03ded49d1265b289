//! Waiting for what happens by itself, such as an event's effect. Where an answer already promises it,
//! a test must assert at once instead.

use std::{future::Future, panic::Location, time::Duration};

use tokio::time::{Instant, sleep};

/// The pause between the first looks; it grows, so that long waits cost little.
const FIRST_PAUSE: Duration = Duration::from_millis(2);

/// The longest pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Looks until `look` finds something, for at most `patience`.
///
/// # Panics
/// When nothing is found in time, naming the line that waited.
#[track_caller]
pub fn eventually<T>(
    patience: Duration,
    mut look: impl AsyncFnMut() -> Option<T>,
) -> impl Future<Output = T> {
    let place = Location::caller();
    async move {
        let deadline = Instant::now() + patience;
        let mut pause = FIRST_PAUSE;
        let mut looks = 1_u32;
        loop {
            if let Some(found) = look().await {
                return found;
            }
            assert!(
                Instant::now() < deadline,
                "{place}: nothing after {patience:?} and {looks} looks"
            );
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            looks += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_comes_later_is_found() {
        let mut looks = 0;

        let found = eventually(Duration::from_secs(1), async || {
            looks += 1;
            (looks == 4).then_some("here")
        });

        assert_eq!(found.await, "here");
    }

    #[tokio::test(start_paused = true)]
    #[should_panic(expected = "eventually.rs")]
    async fn what_never_comes_names_the_line_that_waited() {
        eventually(Duration::from_secs(1), async || None::<()>).await;
    }
}
