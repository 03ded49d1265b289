//! Whether a database is known to be damaged: a job met it, or a look through the whole file found it. Once
//! known it stays so until the process ends, for whoever asks whether the database is in order.

use std::sync::{Arc, OnceLock};

/// What is known of a database's damage.
pub(crate) struct Damage {
    db: Arc<str>,
    found: OnceLock<String>,
}

impl Damage {
    pub(crate) fn unknown(db: &Arc<str>) -> Self {
        Self { db: Arc::clone(db), found: OnceLock::new() }
    }

    /// The database is damaged; it is said aloud the first time.
    pub(crate) fn report(&self, reason: &str) {
        if self.found.set(reason.to_owned()).is_ok() {
            metrics::gauge!("techtrove_db_damaged", "db" => self.db.to_string()).set(1.0);
            tracing::error!(
                db = &*self.db,
                reason,
                "the database is damaged: it is used as far as it goes, and not ready any more; stop the \
                 process, keep a copy of the files, and restore a backup"
            );
        }
    }

    pub(crate) fn found(&self) -> Option<&str> {
        self.found.get().map(String::as_str)
    }
}
