//! Looks again at a refund that was made, since its provider says that it has failed after all. It is
//! only asked how the refund stands, never for the money; what it tells is stored in one transaction,
//! once nothing else of the payment is open. Whoever told of it tells again until that is done.

use techtrove_core::planted;
use techtrove_payments_api::{PaymentId, RefundId};

use super::{App, drive};
use crate::{
    domain::{OperationKind, Payment, Told, refund_failed},
    error::Error,
    events,
    provider::{ChargeName, Provider, Question},
    store,
};

/// Takes it back that the refund was made, when its provider tells so.
///
/// # Errors
/// [`Error::NotTold`] when it does not tell, [`Error::Overtaken`] while another operation is open, or when
/// the database does not answer.
pub(super) async fn recheck_refund(
    app: &App,
    provider: &dyn Provider,
    id: PaymentId,
    refund: RefundId,
) -> Result<(), Error> {
    let found = app.db.read("payments.made_refund", move |tx| {
        Ok::<_, Error>(store::lookup(tx, id)?.zip(store::made_refund(tx, refund, id)?))
    });
    let Some((payment, _)) = found.await? else { return Ok(()) };
    let Some(code) = ask(provider, &payment, refund).await? else { return Ok(()) };
    tracing::error!(payment = %id, %refund, code, "a refund that was made has failed: somebody should look");
    metrics::counter!("payments_refunds_failed_total").increment(1);
    let (now, context) = (app.now(), drive::context(app));
    app.db
        .write("payments.refund_failed", move |tx| {
            let payment = store::lock(tx, id)?.ok_or(Error::NoSuchPayment)?;
            let Some(made) = store::made_refund(tx, refund, id)? else { return Ok(()) };
            let settlement =
                refund_failed(&payment, made.amount, &code).map_err(|_| Error::Overtaken)?;
            store::unmake_refund(tx, made, &settlement, now)?;
            if let Some(event) = events::refund_failed(&settlement.payment, refund, &code)
                && !planted("lost-refund-untold")
            {
                techtrove_bus::record(tx, &context, &event)?;
            }
            Ok(())
        })
        .await
}

/// Why the refund has failed, if it has.
async fn ask(
    provider: &dyn Provider,
    payment: &Payment,
    refund: RefundId,
) -> Result<Option<String>, Error> {
    let (key, own) = (payment.id.to_string(), refund.to_string());
    let charge = ChargeName { key: &key, reference: payment.provider_reference.as_deref() };
    match provider.ask(Question::LookupRefund { charge, refund: &own }).await {
        Ok(Told::Refused { code }) => Ok(Some(code)),
        Ok(_) => Ok(None),
        Err(silence) => {
            let error = silence.with_causes();
            tracing::warn!(payment = %payment.id, %refund, error, "whether a refund has failed is unknown");
            Err(Error::NotTold { kind: OperationKind::Refund })
        }
    }
}
