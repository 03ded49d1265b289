//! Shows a payment as it is stored, without asking its provider.

use techtrove_payments_api::{Payment as Shown, PaymentId};

use super::App;
use crate::{error::Error, store};

/// The payment as it stands.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn get_payment(app: &App, id: PaymentId) -> Result<Shown, Error> {
    let found = app.db.read("payments.get", move |tx| store::lookup(tx, id)).await?;
    app.show(&found.ok_or(Error::NoSuchPayment)?)
}
