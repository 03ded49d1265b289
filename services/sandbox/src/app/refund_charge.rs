//! Gives money of a charge back, once per key, or as often as it is asked.

use super::App;
use crate::{
    domain::{Change, Charge, EntryKind, Key},
    error::Error,
    store,
};

/// Gives `amount` minor units of the charge under `key` back, under the refund's own key.
///
/// # Errors
/// When there is no such charge, less is left of it, or the refund's key was used for another amount.
pub async fn refund_charge(app: &App, key: Key, refund: Key, amount: i64) -> Result<Charge, Error> {
    let now = app.clock.now();
    app.db
        .write("sandbox.refund_charge", move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            let booked = store::booked(tx, &key, &EntryKind::Refunded(refund.clone()))?;
            match charge.refund(&refund, amount, booked)? {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    Ok(charge)
                }
            }
        })
        .await
}

/// As [`refund_charge`], only that a key which was booked before stands for another refund, as it does for
/// a provider that has forgotten its first use. The answer is the refund's own key.
///
/// # Errors
/// When there is no such charge, or less is left of it.
pub async fn refund_again(app: &App, key: Key, refund: Key, amount: i64) -> Result<Key, Error> {
    let booked = super::list_refunds(app, key.clone()).await?;
    let before = booked.iter().filter(|made| made.key.stands_for() == refund).count();
    let own = if before == 0 { refund } else { refund.numbered(before) };
    refund_charge(app, key, own.clone(), amount).await?;
    Ok(own)
}
