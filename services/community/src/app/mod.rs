//! Community's use cases, one file each. Every change is one transaction behind the lock of its
//! customer's row; catalog is asked before it, never within.

mod change_favorites;
mod list_favorites;

pub use change_favorites::{add_favorite, remove_favorite};
pub use list_favorites::list_favorites;

use std::sync::Arc;

use techtrove_catalog_api::CatalogClient;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::{Db, Tx};

use crate::error::Error;

/// What the use cases work with.
#[derive(Clone, Debug)]
pub struct App {
    /// Community's own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Knows which products are on sale.
    pub catalog: CatalogClient,
}

impl App {
    /// How often a job may collide with another's insert before the caller is told to come again. Once
    /// is enough for the other's row to be seen.
    const TRIES: usize = 3;

    /// Runs a transaction, again when another made the same row at the same moment.
    async fn write<T, F>(&self, name: &'static str, job: F) -> Result<T, Error>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
        T: Send + 'static,
    {
        let job = Arc::new(job);
        let mut tried = 1;
        loop {
            let again = Arc::clone(&job);
            match self.db.write(name, move |tx| again(tx)).await {
                Err(error) if error.is_race() && tried < Self::TRIES => tried += 1,
                Err(error) if error.is_race() => return Err(Error::Raced),
                done => return done,
            }
        }
    }
}
