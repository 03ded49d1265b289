//! Databases are looked through for damage behind the start, one after the other, so that a damaged page is
//! found before a buyer needs it. What is found makes its database not ready, and ends nothing: what the
//! others hold can still be sold, and whoever runs the shop decides.

use techtrove_db::{Db, DbError};

use crate::{Shutdown, Worker};

/// Looks through these databases once.
#[must_use]
pub fn look_through(databases: Vec<Db>) -> Worker {
    Worker::new("look through", move |shutdown: Shutdown| {
        let databases = databases.clone();
        async move {
            for db in &databases {
                match shutdown.token().run_until_cancelled(db.look_through()).await {
                    None => return Ok(()),
                    // The database has said it, and is not ready.
                    Some(Ok(()) | Err(DbError::Corrupt(_))) => {}
                    Some(Err(error)) => return Err(error),
                }
            }
            Ok(())
        }
    })
}
