//! Brings the bank's word on a refund: on one that waits for it, or on one that was made and fails after
//! all. A bank that was told nothing else gives back what has waited for it long enough, which is found when
//! somebody asks.

use super::{App, Refunded};
use crate::{
    domain::{Change, Key, RefundMove, RefundOutcome},
    error::Error,
    store,
};

/// Ends the refund under `refund` of the charge under `key`; a repetition finds how it stands. What
/// changes is announced by a webhook, stored in the same transaction.
///
/// # Errors
/// When there is no such charge or refund, or less is left of the charge than a waiting refund is of.
pub async fn end_refund(
    app: &App,
    key: Key,
    refund: Key,
    outcome: RefundOutcome,
) -> Result<Refunded, Error> {
    let now = app.clock.now();
    let ended = app
        .db
        .write("sandbox.end_refund", move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            let known = store::refunds(tx, &key)?.into_iter().find(|known| known.key == refund);
            let known = known.ok_or_else(|| Error::NoSuchRefund(refund.clone()))?;
            let RefundMove { refund, change } = charge.end_refund(&known, outcome)?;
            if refund != known {
                store::update_refund(tx, &key, &refund)?;
                store::announce_refund(tx, &key, &refund, now)?;
            }
            let charge = match change {
                Change::None => charge,
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    charge
                }
            };
            Ok::<_, Error>(Refunded { refund, charge })
        })
        .await?;
    app.announced.notify_one();
    Ok(ended)
}

/// Has the bank give back what of the charge under `key` has waited for it long enough.
///
/// # Errors
/// When the books cannot be read or written.
pub(super) async fn end_overdue(app: &App, key: &Key) -> Result<(), Error> {
    let (wanted, before) = (key.clone(), app.clock.now().minus(app.bank));
    let overdue = app
        .db
        .lookup("sandbox.overdue", move |tx| store::refunds_waiting(tx, &wanted, before))
        .await?;
    for refund in overdue {
        end_refund(app, key.clone(), refund, RefundOutcome::Succeeded).await?;
    }
    Ok(())
}
