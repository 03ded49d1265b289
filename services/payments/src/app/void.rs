//! Gives the reserved money up, or the wish to reserve it.

use techtrove_core::Timestamp;
use techtrove_db::Tx;
use techtrove_payments_api::{Payment as Shown, PaymentId};

use super::{
    App,
    drive::{self, Occasion, Outcome, Step},
};
use crate::{
    domain::{Decision, OperationKind, Payment, Refusal, decide},
    error::Error,
    store,
};

/// Gives the payment up by its key. One that was never asked for is remembered as voided, so that a
/// late request to authorise it changes nothing; as nobody asks a provider before the payment is
/// stored, there is nothing to void there. Until the provider has confirmed, the status is unknown.
///
/// # Errors
/// What the rules refuse.
pub async fn void(app: &App, id: PaymentId) -> Result<Shown, Error> {
    give_up(app, id, Occasion::Request).await
}

/// As [`void`], only for a payment of which nobody knows how it stands; the order learns of it by an
/// event.
///
/// # Errors
/// When there is no such payment, or it is known how it stands.
pub async fn void_unknown(app: &App, id: PaymentId) -> Result<Shown, Error> {
    let (now, due) = (app.now(), app.first_retry_at());
    let outcome = drive::run(app, "payments.void_unknown", Occasion::Inquiry, move |tx| {
        let payment = store::lock(tx, id)?.ok_or(Error::NoSuchPayment)?;
        let decision = decide::void_unknown(&payment);
        carry_out(tx, payment, decision, (now, due))
    })
    .await?;
    Ok(app.show(&outcome.payment()))
}

/// [`void`], on any occasion.
pub(super) async fn give_up(
    app: &App,
    id: PaymentId,
    occasion: Occasion<'_>,
) -> Result<Shown, Error> {
    let (now, due, currency) = (app.now(), app.first_retry_at(), app.rules.currency);
    let outcome = drive::run(app, "payments.begin_void", occasion, move |tx| {
        let Some(payment) = store::lock(tx, id)? else {
            return remember(tx, Payment::never(id, currency), now);
        };
        let decision = decide::void(&payment);
        carry_out(tx, payment, decision, (now, due))
    })
    .await?;
    Ok(app.show(&outcome.payment()))
}

fn carry_out(
    tx: &mut Tx<'_>,
    payment: Payment,
    decision: Result<Decision, Refusal>,
    (now, due): (Timestamp, Timestamp),
) -> Result<Step, Error> {
    drive::carry_out(payment, decision, |payment| {
        let begun = payment.begin(OperationKind::Void, now);
        store::begin(tx, &begun, now, due)?;
        Ok(begun)
    })
}

/// Gives an authorisation up which the provider refused for `reason`, or was not even introduced to. That
/// speaks of one request only; the void by key refuses every other one that may still be on its way. A
/// payment that has settled otherwise meanwhile stays as it is.
pub(super) async fn turn_away(
    app: &App,
    id: PaymentId,
    reason: Option<String>,
    occasion: Occasion<'_>,
) -> Result<Outcome, Error> {
    let (now, due) = (app.now(), app.first_retry_at());
    drive::run(app, "payments.turn_away", occasion, move |tx| {
        let payment = store::lock(tx, id)?.ok_or(Error::NoSuchPayment)?;
        let decision = Ok(decide::turned_away(&payment));
        drive::carry_out(payment, decision, |payment| {
            let begun = payment.begin_turning_away(reason.clone(), now);
            store::begin(tx, &begun, now, due)?;
            Ok(begun)
        })
    })
    .await
}

/// Remembers a payment that was given up before it was asked for.
pub(super) fn remember(tx: &mut Tx<'_>, never: Payment, now: Timestamp) -> Result<Step, Error> {
    store::insert_never(tx, &never, now)?;
    Ok(Step::Answer(never))
}
