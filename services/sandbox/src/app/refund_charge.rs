//! Gives money of a charge back, once per key, or as often as it is asked.

use super::{App, end_refund::end_overdue};
use crate::{
    domain::{Change, Charge, Key, Refund, RefundMove, RefundStatus},
    error::Error,
    store,
};

/// A refund, and its charge from then on.
#[derive(Clone, Debug)]
pub struct Refunded {
    /// The refund.
    pub refund: Refund,
    /// The charge.
    pub charge: Charge,
}

/// Gives `amount` minor units of the charge under `key` back, under the refund's own key; tells how the
/// refund stands, which need not be that it was made. What is refused is remembered, so that it stays so.
///
/// # Errors
/// When there is no such charge, less is left of it, the refund's key was used for another amount, or it
/// is refused.
pub async fn refund_charge(
    app: &App,
    key: Key,
    refund: Key,
    amount: i64,
) -> Result<Refunded, Error> {
    end_overdue(app, &key).await?;
    let now = app.clock.now();
    let refunded = app
        .db
        .write("sandbox.refund_charge", move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            let before = store::refunds(tx, &key)?;
            let is_new = before.iter().all(|known| known.key != refund);
            let RefundMove { refund, change } = charge.refund(&refund, amount, &before)?;
            if is_new {
                store::insert_refund(tx, &key, &refund, now)?;
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
    match refunded.refund.failure {
        Some(code) if refunded.refund.status == RefundStatus::Refused => {
            Err(Error::RefundRefused(code))
        }
        _ => Ok(refunded),
    }
}

/// As [`refund_charge`], only that a key which was used before stands for another refund, as it does for
/// a provider that has forgotten its first use.
///
/// # Errors
/// When there is no such charge, less is left of it, or it is refused.
pub async fn refund_again(
    app: &App,
    key: Key,
    refund: Key,
    amount: i64,
) -> Result<Refunded, Error> {
    let known = super::list_refunds(app, key.clone()).await?;
    let before = known.iter().filter(|known| known.key.stands_for() == refund).count();
    let own = if before == 0 { refund } else { refund.numbered(before) };
    refund_charge(app, key, own, amount).await
}
