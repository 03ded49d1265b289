//! Takes the money of a charge, once.

use super::App;
use crate::{
    domain::{Change, Charge, Key},
    error::Error,
    store,
};

/// Takes the reserved money of the charge under `key`; a repetition finds it taken.
///
/// # Errors
/// When there is no such charge, or none of its money is reserved.
pub async fn capture_charge(app: &App, key: Key) -> Result<Charge, Error> {
    let now = app.clock.now();
    app.db
        .write("sandbox.capture_charge", move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            match charge.capture()? {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    Ok(charge)
                }
            }
        })
        .await
}
