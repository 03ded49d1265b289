//! Takes the reserved money, once.

use techtrove_payments_api::{Payment as Shown, PaymentId};

use super::{
    App,
    drive::{self, Occasion},
};
use crate::{
    domain::{OperationKind, decide},
    error::Error,
    store,
};

/// Takes all of the reserved money. A repetition finds it taken, or asks the provider again by the same
/// key.
///
/// # Errors
/// What the rules refuse; [`Error::NotTold`] when the provider has not told, and the capture may or may
/// not have been made.
pub async fn capture(app: &App, id: PaymentId) -> Result<Shown, Error> {
    let (now, due) = (app.now(), app.first_retry_at());
    let outcome = drive::run(app, "payments.begin_capture", Occasion::Request, move |tx| {
        let payment = store::lock(tx, id)?.ok_or(Error::NoSuchPayment)?;
        let decision = decide::capture(&payment);
        drive::carry_out(payment, decision, |payment| {
            let begun = payment.begin(OperationKind::Capture, now);
            store::begin(tx, &begun, now, due)?;
            Ok(begun)
        })
    })
    .await?;
    Ok(app.show(&outcome.ended()?))
}
