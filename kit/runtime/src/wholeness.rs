//! Databases are looked through for damage behind the start, one after the other, so that a damaged page is
//! found before a buyer needs it. A start that finds damage ends.

use techtrove_db::{Db, DbError};

use crate::{Shutdown, Worker};

/// Looks through these databases once, and has the process end by `end` when one is damaged.
#[must_use]
pub fn look_through(databases: Vec<Db>, end: Shutdown) -> Worker {
    Worker::new("look through", move |shutdown: Shutdown| {
        let (databases, end) = (databases.clone(), end.clone());
        async move {
            for db in &databases {
                match shutdown.token().run_until_cancelled(db.look_through()).await {
                    None => return Ok(()),
                    Some(Ok(())) => {}
                    // The database has said it.
                    Some(Err(DbError::Corrupt(_))) => end.begin(),
                    Some(Err(error)) => return Err(error),
                }
            }
            Ok(())
        }
    })
}
