//! The word that the process ends, passed to everything that runs on. It can be told many times and
//! never taken back.

use std::{future::Future, io, time::Duration};

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Tells when to end. Clones are the same word.
#[derive(Clone, Debug, Default)]
pub struct Shutdown(CancellationToken);

impl Shutdown {
    /// A word that nobody has spoken yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A word that Ctrl-C or SIGTERM speaks. A second signal ends the process at once with code 130.
    ///
    /// # Errors
    /// When the signals cannot be listened to.
    pub fn on_signals() -> io::Result<Self> {
        let (mut interrupt, mut terminate) =
            (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        let shutdown = Self::new();
        let word = shutdown.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            word.begin();
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            // 128 + SIGINT, as shells count it.
            std::process::exit(130);
        });
        Ok(shutdown)
    }

    /// Speaks the word.
    pub fn begin(&self) {
        self.0.cancel();
    }

    /// Whether the word was spoken.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        self.0.is_cancelled()
    }

    /// Waits for the word.
    pub async fn begun(&self) {
        self.0.cancelled().await;
    }

    /// Waits for `pause` to pass or for the word; false when it was spoken.
    pub async fn pause(&self, pause: Duration) -> bool {
        self.until_begun(tokio::time::sleep(pause)).await.is_some()
    }

    /// Runs `work` to its end, or until the word; then `work` is dropped where it stands.
    pub async fn until_begun<F: Future>(&self, work: F) -> Option<F::Output> {
        self.0.run_until_cancelled(work).await
    }

    /// The word as a token, for crates which know nothing of this one.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.0.clone()
    }

    /// A word of its own which this one speaks too.
    #[must_use]
    pub fn child(&self) -> Self {
        Self(self.0.child_token())
    }
}
