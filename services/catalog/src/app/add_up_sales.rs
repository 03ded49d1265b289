//! Adds what was sold to the products, from time to time: the lists of bestsellers need it soon, not at
//! once, and all orders of that time touch a product's row and its indexes once.

use std::time::Duration;

use techtrove_db::DbError;
use techtrove_runtime::Shutdown;

use super::App;
use crate::store;

/// How long what was sold may be missing among the bestsellers.
const EVERY: Duration = Duration::from_secs(2);

/// How many sales one transaction adds up.
const BATCH: i64 = 1_000;

/// Adds sales up until the word is spoken.
///
/// # Errors
/// When the database fails.
pub async fn add_up_sales(app: App, shutdown: Shutdown) -> Result<(), DbError> {
    while shutdown.pause(EVERY).await {
        while app.db.lookup("catalog.has_sales", store::has_sales).await? {
            let add_up = |tx: &mut techtrove_db::Tx<'_>| store::add_up_sales(tx, BATCH);
            app.db.write("catalog.add_up_sales", add_up).await?;
        }
    }
    Ok(())
}
