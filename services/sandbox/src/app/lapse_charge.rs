//! Ends a reservation by the bank's own word, as banks do with those that have become too old.

use super::App;
use crate::{
    domain::{Change, Charge, Key},
    error::Error,
    store,
};

/// Sets the reserved money of the charge under `key` free, though nobody asked for that; a charge that
/// holds none stays as it is. It is announced by a webhook, stored in the same transaction.
///
/// # Errors
/// When there is no such charge, or the books cannot be written.
pub async fn lapse_charge(app: &App, key: Key) -> Result<Charge, Error> {
    let now = app.clock.now();
    let charge = app
        .db
        .write("sandbox.lapse_charge", move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            match charge.lapse() {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    store::announce(tx, &charge, now)?;
                    Ok::<_, Error>(charge)
                }
            }
        })
        .await?;
    app.announced.notify_one();
    Ok(charge)
}
