//! Hears a provider's webhook. What it says is never believed: it only makes payments ask how the charge
//! stands, as the recovery would sooner or later. So duplicates, any order and lies do no harm.

use techtrove_core::planted;
use techtrove_payments_api::PaymentId;

use super::App;
use crate::{error::Error, provider::Delivery, store};

/// Asks the provider about the charge that its webhook names, when something about it is open here.
///
/// # Errors
/// When there is no such provider, the webhook is not its own, or the database does not answer.
pub async fn hear_webhook(app: &App, provider: &str, delivery: Delivery<'_>) -> Result<(), Error> {
    let sender = app.providers.lookup(provider).ok_or(Error::NoSuchSender)?;
    let Some(key) = sender.read_webhook(&delivery, app.now())? else { return Ok(()) };
    let Ok(id) = key.parse::<PaymentId>() else { return Ok(()) };
    let found = app.db.read("payments.webhook", move |tx| store::lookup(tx, id)).await?;
    let is_open = found.as_ref().is_some_and(|payment| {
        payment.open.is_some()
            && payment.terms.as_ref().is_some_and(|terms| terms.provider == sender.name())
    });
    metrics::counter!("payments_webhooks_total", "provider" => sender.name()).increment(1);
    let late = found.clone().filter(|payment| payment.open.is_none() && payment.terms.is_some());
    if let Some(payment) = found.filter(|_| is_open && planted("webhook-trusted")) {
        return super::drive::assume_authorized(app, payment).await;
    }
    if let Some(payment) = late.filter(|_| planted("webhook-order-assumed")) {
        return super::drive::assume_newest(app, payment).await;
    }
    if is_open {
        super::reconcile(app, id).await?;
    }
    Ok(())
}
