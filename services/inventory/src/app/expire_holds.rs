//! Ends the holds whose time is over, each in a transaction of its own, so that a long list of them
//! never keeps a buyer waiting. The clock of each transaction decides, not the list.

use futures::{StreamExt, TryStreamExt, stream};
use techtrove_inventory_api::ReservationId;

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
        .map(|(id, attempt)| expire(app, id, attempt))
        .buffer_unordered(AT_ONCE)
        .try_for_each(|()| std::future::ready(Ok(())))
        .await?;
    Ok(found)
}

/// Ends one hold. One whose books differ is reported and left for people: it must not keep the others
/// from ending.
async fn expire(app: &App, id: ReservationId, attempt: u32) -> Result<(), Error> {
    match change_reservation(app, id, attempt, Verb::Expire).await {
        Err(error @ Error::Books { .. }) => {
            tracing::error!(reservation = %id, attempt, %error, "cannot end a hold whose time is over");
            Ok(())
        }
        Err(Error::Ended) | Ok(_) => Ok(()),
        Err(other) => Err(other),
    }
}
