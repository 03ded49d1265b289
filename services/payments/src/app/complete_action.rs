//! Tells the provider what the customer did, where the provider wants to hear it from us.

use techtrove_payments_api::{Payment as Shown, PaymentId};

use super::{
    App,
    drive::{self, Occasion, Outcome},
    void::turn_away,
};
use crate::{
    domain::{ActionOutcome, decide},
    error::Error,
    store,
};

/// Completes the action which the payment requires: its money is reserved, or it has failed. A
/// repetition finds what came of the first one.
///
/// # Errors
/// What the rules refuse; [`Error::NotTold`] when the provider has not told, and it may or may not be
/// done.
pub async fn complete_action(
    app: &App,
    id: PaymentId,
    outcome: ActionOutcome,
) -> Result<Shown, Error> {
    let occasion = Occasion::Completion(outcome);
    let done = drive::run(app, "payments.complete_action", occasion, move |tx| {
        let payment = store::lookup(tx, id)?.ok_or(Error::NoSuchPayment)?;
        let decision = decide::complete_action(&payment);
        drive::carry_out(payment, decision, |_| Err(Error::Overtaken))
    })
    .await?;
    let done = match done {
        Outcome::TurnedAway(_, reason) => turn_away(app, id, Some(reason), occasion).await?,
        done => done,
    };
    Ok(app.show(&done.told()?))
}
