//! Hears a provider's webhook. What it says is never believed: it only makes payments ask how the charge
//! or its refund stands. So duplicates, any order and lies do no harm.

use techtrove_core::planted;
use techtrove_payments_api::{PaymentId, PaymentStatus};

use super::{App, recheck_charge::recheck_charge, recheck_refund::recheck_refund};
use crate::{
    error::Error,
    provider::{Delivery, Heard},
    store,
};

/// Asks the provider about the charge that its webhook names, when something about it is open here or it is
/// said to have been given up, and about a refund that is said to have failed, when it was made here.
///
/// # Errors
/// When there is no such provider, the webhook is not its own, the database does not answer, or what
/// may have been given up or have failed could not be looked at now: then the webhook has to come again.
pub async fn hear_webhook(app: &App, provider: &str, delivery: Delivery<'_>) -> Result<(), Error> {
    let sender = app.providers.lookup(provider).ok_or(Error::NoSuchSender)?;
    let Some(Heard { charge, failed_refund, given_up }) =
        sender.read_webhook(&delivery, app.now())?
    else {
        return Ok(());
    };
    let Ok(id) = charge.parse::<PaymentId>() else { return Ok(()) };
    let found = app.db.read("payments.webhook", move |tx| store::lookup(tx, id)).await?;
    let found = found.filter(|payment| {
        payment.terms.as_ref().is_some_and(|terms| terms.provider == sender.name())
    });
    let (is_ours, is_open) =
        (found.is_some(), found.as_ref().is_some_and(|payment| payment.open.is_some()));
    metrics::counter!("payments_webhooks_total", "provider" => sender.name()).increment(1);
    let reserved = found.clone().filter(|payment| payment.status == PaymentStatus::Authorized);
    let late = found.clone().filter(|payment| payment.open.is_none() && payment.terms.is_some());
    if let Some(payment) = found.filter(|_| is_open && planted("webhook-trusted")) {
        return super::drive::assume_authorized(app, payment).await;
    }
    if let Some(payment) = late.filter(|_| planted("webhook-order-assumed")) {
        return super::drive::assume_newest(app, payment).await;
    }
    if is_open {
        super::reconcile(app, id).await?;
    } else if let Some(payment) = reserved.filter(|_| given_up) {
        let checked = recheck_charge(app, sender, &payment).await;
        if !planted("webhook-error-swallowed") {
            checked?;
        }
    }
    match failed_refund.and_then(|key| key.parse().ok()).filter(|_| is_ours) {
        Some(refund) => recheck_refund(app, sender, id, refund).await,
        None => Ok(()),
    }
}
