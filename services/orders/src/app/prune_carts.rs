//! Guests' carts that nobody has touched for long go, a few at a time, so that no deletion holds up
//! those who buy.

use std::{sync::Arc, time::Duration};

use techtrove_runtime::{Shutdown, Worker};

use super::App;
use crate::{error::Error, store};

/// How often old carts are looked for.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// How many carts go in one transaction.
const BATCH: u32 = 100;

/// Deletes guests' carts that were left behind, from the start of the process on.
pub fn cart_pruner(app: Arc<App>) -> Worker {
    Worker::new("orders.carts", move |shutdown: Shutdown| {
        let app = Arc::clone(&app);
        async move {
            while shutdown.pause(EVERY).await {
                while prune_carts(&app).await? && !shutdown.has_begun() {}
            }
            Ok::<(), Error>(())
        }
    })
}

/// Deletes a batch of old carts, and tells whether there may be more.
///
/// # Errors
/// When the database fails.
pub async fn prune_carts(app: &App) -> Result<bool, Error> {
    let before = app.clock.now().minus(app.config.carts_kept);
    let job = move |tx: &mut techtrove_db::Tx<'_>| {
        store::prune_carts(tx, before, BATCH).map_err(Error::from)
    };
    let pruned = app.db.write("orders.prune_carts", job).await?;
    Ok(u32::try_from(pruned).is_ok_and(|pruned| pruned == BATCH))
}
