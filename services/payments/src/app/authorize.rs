//! Asks a provider to reserve money, at most once per payment.

use techtrove_db::DbError;
use techtrove_payments_api::{
    AMOUNT_NOT_SUPPORTED, INVALID_TOKEN, Payment as Shown, PaymentId, PaymentStatus,
};

use super::{
    App,
    drive::{self, Occasion, Outcome},
    void::turn_away,
};
use crate::{
    domain::{Payment, Secret, Terms, decide},
    error::Error,
    store,
};

/// What a caller wants reserved.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// The payment, named by the caller.
    pub id: PaymentId,
    /// What is agreed.
    pub terms: Terms,
    /// The customer's means of payment.
    pub token: Secret,
}

/// Stores the payment, then asks the provider. A repetition finds the payment: settled, it is the
/// answer; still open, the provider is asked again under the same key; given up, it stays so. When the
/// provider cannot be introduced to the charge, no money is asked for, and the payment is given up at once.
///
/// # Errors
/// When the provider is not set up, does not know the token or does not take the amount, the id was used with other
/// terms, or the database does not answer: [`Error::NotBegun`] when that was before money was asked for.
pub async fn authorize(app: &App, wish: Authorization) -> Result<Shown, Error> {
    if app.providers.lookup(&wish.terms.provider).is_none() {
        return Err(Error::Invalid { pointer: "/provider", detail: "no such provider".to_owned() });
    }
    let (now, due) = (app.now(), app.first_retry_at());
    let begun = Payment::authorize(wish.id, wish.terms.clone(), now);
    let payment = begun.payment.clone();
    let stored =
        app.db.write("payments.new_payment", move |tx| store::insert(tx, &begun, now, due)).await;
    let outcome = match stored {
        Ok(()) => match drive::ask(app, payment, Occasion::Authorization(&wish.token)).await {
            Err(Error::Overtaken) => again(app, wish).await?,
            outcome => outcome?,
        },
        Err(DbError::UniqueViolation { .. }) => again(app, wish).await?,
        Err(error) => return Err(not_stored(app, wish.id, error).await),
    };
    let payment = match outcome {
        Outcome::TurnedAway(payment, reason) => {
            turn_away(app, payment.id, Some(reason), Occasion::Request).await?
        }
        Outcome::NotIntroduced(payment) => {
            turn_away(app, payment.id, None, Occasion::Request).await?
        }
        outcome => outcome,
    }
    .payment();
    match payment.decline_code.as_deref().filter(|_| payment.status == PaymentStatus::Failed) {
        Some(INVALID_TOKEN) => Err(Error::UnknownToken),
        Some(code) if code == AMOUNT_NOT_SUPPORTED.code => Err(Error::AmountNotSupported),
        _ => Ok(app.show(&payment)),
    }
}

/// Why a payment was not stored; unless an earlier request had done so, it is not begun.
async fn not_stored(app: &App, id: PaymentId, error: DbError) -> Error {
    let known = app.db.lookup("payments.is_known", move |tx| store::lookup(tx, id)).await;
    match known {
        Ok(None) => Error::Db(error).before_asking(),
        Ok(Some(_)) | Err(_) => Error::Db(error),
    }
}

async fn again(app: &App, wish: Authorization) -> Result<Outcome, Error> {
    let Authorization { id, terms, token } = wish;
    let occasion = Occasion::Authorization(&token);
    let outcome = drive::run(app, "payments.authorize_again", occasion, move |tx| {
        let payment = store::lookup(tx, id)?.ok_or(Error::NoSuchPayment)?;
        let decision = decide::authorize_again(&payment, &terms);
        drive::carry_out(payment, decision, |_| Err(Error::Overtaken))
    });
    match outcome.await {
        // An earlier request may have asked for money.
        Err(Error::NotBegun(error)) => Err(Error::Db(error)),
        outcome => outcome,
    }
}
