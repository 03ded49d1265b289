//! What mails say is personal and large: only the newest are kept readable. That a mail was written
//! stays on record.

use super::App;
use crate::{error::Error, store};

/// How many contents one transaction forgets.
const BATCH: u32 = 200;

/// Forgets what all but the newest `keep` mails say, unless they are still to be sent; tells how many.
///
/// # Errors
/// When the database fails; what was forgotten stays forgotten.
pub async fn forget_contents(app: &App, keep: u32) -> Result<u64, Error> {
    let cutoff = app
        .db
        .read("notifications.find_cutoff", move |tx| {
            store::lookup_cutoff(tx, keep).map_err(Error::from)
        })
        .await?;
    let Some(cutoff) = cutoff else { return Ok(0) };
    let mut forgotten = 0;
    loop {
        let batch = app
            .db
            .write("notifications.forget_contents", move |tx| {
                store::forget_letters(tx, cutoff, BATCH).map_err(Error::from)
            })
            .await?;
        forgotten += batch;
        if batch < u64::from(BATCH) {
            return Ok(forgotten);
        }
    }
}
