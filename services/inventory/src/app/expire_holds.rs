//! Ends the holds whose time is over, each in a transaction of its own, so that a long list of them
//! never keeps a buyer waiting. The clock of each transaction decides, not the list.

use futures::{StreamExt, TryStreamExt, stream};

use super::{App, change_reservation};
use crate::{domain::Verb, error::Error, store};

/// How many holds are ended at the same time.
const AT_ONCE: usize = 16;

/// Ends up to `limit` holds that are over, oldest first, and tells how many were found.
///
/// # Errors
/// When the database fails; what was ended stays ended.
pub async fn expire_holds(app: &App, limit: u32) -> Result<usize, Error> {
    let now = app.clock.now();
    let due = app
        .db
        .read("inventory.list_due", move |tx| store::list_due(tx, now, limit).map_err(Error::from))
        .await?;
    let found = due.len();
    stream::iter(due)
        .map(|(id, attempt)| change_reservation(app, id, attempt, Verb::Expire))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|_| std::future::ready(Ok(())))
        .await?;
    Ok(found)
}
