//! Ends what a charge requires of its customer, as the page of a bank would.

use super::App;
use crate::{
    domain::{ActionOutcome, Change, Charge, Key},
    error::Error,
    store,
};

/// Reserves the money of the charge under `key`, or declines it, once its customer has acted; a
/// repetition finds what the first one led to. It is announced by a
/// webhook, stored in the same transaction: whoever asked for the charge is not told by this answer.
///
/// # Errors
/// When there is no such charge, it was given up, or it never required an action.
pub async fn complete_action(app: &App, key: Key, outcome: ActionOutcome) -> Result<Charge, Error> {
    let now = app.clock.now();
    let charge = app
        .db
        .write("sandbox.complete_action", move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            match charge.complete_action(outcome)? {
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
