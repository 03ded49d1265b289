//! Asks the provider what became of an open operation: after a crash, a time-out, an answer that was
//! lost. It must never assume; a reservation that never arrived is voided by key before it is given up.

use techtrove_payments_api::{Payment as Shown, PaymentId};

use super::{
    App,
    drive::{self, Occasion, Outcome, Step},
    void::{give_up, remember, turn_away},
};
use crate::{domain::Payment, error::Error, store};

/// Brings the payment up to what the provider knows. One that was never asked for is remembered as
/// voided. An authorisation that the provider has not heard of may still be on its way; after
/// `give_up_after` it is voided by key, which makes the provider refuse it should it arrive.
///
/// # Errors
/// When the database does not answer.
pub async fn reconcile(app: &App, id: PaymentId) -> Result<Shown, Error> {
    let (now, currency) = (app.now(), app.rules.currency);
    let outcome = drive::run(app, "payments.reconcile", Occasion::Inquiry, move |tx| {
        match store::lookup(tx, id)? {
            None => remember(tx, Payment::never(id, currency), now),
            Some(payment) if payment.open.is_some() => Ok(Step::Ask(payment)),
            Some(payment) => Ok(Step::Answer(payment)),
        }
    })
    .await?;
    match outcome {
        Outcome::NeverArrived(payment) if is_old(app, &payment) => {
            give_up(app, id, Occasion::Inquiry).await
        }
        Outcome::TurnedAway(_, reason) => {
            Ok(app.show(&turn_away(app, id, Some(reason), Occasion::Inquiry).await?.payment()))
        }
        outcome => Ok(app.show(&outcome.payment())),
    }
}

fn is_old(app: &App, payment: &Payment) -> bool {
    payment
        .open
        .as_ref()
        .is_some_and(|open| app.now().since(open.opened_at) >= app.rules.give_up_after)
}
