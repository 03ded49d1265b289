//! Gives captured money back, once per refund.

use techtrove_core::Money;
use techtrove_payments_api::{Payment as Shown, PaymentId, RefundId};

use super::{
    App,
    drive::{self, Occasion},
};
use crate::{
    domain::{decide, next_look},
    error::Error,
    store,
};

/// What is to be given back.
#[derive(Clone, Debug)]
pub struct RefundOrder {
    /// The refund, named by the caller.
    pub id: RefundId,
    /// How much.
    pub amount: Money,
    /// Why, for the books.
    pub reason: String,
}

/// Gives `order.amount` back. The sum of all refunds is checked in the transaction that begins one, and
/// no two are open at once, so they never exceed what was captured.
///
/// # Errors
/// What the rules refuse; [`Error::NotTold`] when the provider has not told, and the refund may or may
/// not have been made.
pub async fn refund(app: &App, id: PaymentId, order: RefundOrder) -> Result<Shown, Error> {
    let (now, due) = (app.now(), app.first_retry_at());
    let look = next_look(now, now, app.rules.first_look);
    let outcome = drive::run(app, "payments.begin_refund", Occasion::Request, move |tx| {
        let payment = store::lock(tx, id)?.ok_or(Error::NoSuchPayment)?;
        let known = store::lookup_refund(tx, order.id, id)?;
        let decision = decide::refund(&payment, order.amount, known);
        drive::carry_out(payment, decision, |payment| {
            let begun = payment.begin_refund(order.id.to_string(), order.amount.amount, now);
            store::begin(tx, &begun, now, due)?;
            store::insert_refund(tx, &begun, &order, (now, look))?;
            Ok(begun)
        })
    })
    .await?;
    Ok(app.show(&outcome.ended()?))
}
