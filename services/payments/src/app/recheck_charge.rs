//! Looks again at money that is reserved, since its provider says that the charge was given up. It is only
//! asked how the charge stands. Once it tells so itself, the payment is voided by the way that every void
//! takes: it finds the charge given up, and whoever has the order is told.

use super::{App, drive::Occasion, void::give_up};
use crate::{
    domain::{OperationKind, Payment, Refusal, is_given_up},
    error::Error,
    provider::{ChargeName, Provider, Question},
};

/// Gives the payment up when its provider tells that it has done so. What is begun of the payment
/// meanwhile finds that by itself.
///
/// # Errors
/// [`Error::NotTold`] when it does not tell, or when the database does not answer.
pub(super) async fn recheck_charge(
    app: &App,
    provider: &dyn Provider,
    payment: &Payment,
) -> Result<(), Error> {
    let key = payment.id.to_string();
    let charge = ChargeName { key: &key, reference: payment.provider_reference.as_deref() };
    let told = provider.ask(Question::Lookup { charge }).await.map_err(|silence| {
        let error = silence.with_causes();
        tracing::warn!(payment = %payment.id, error, "whether a charge was given up is unknown");
        Error::NotTold { kind: OperationKind::Void }
    })?;
    if !is_given_up(payment, &told) {
        return Ok(());
    }
    tracing::warn!(payment = %payment.id, "the provider has ended a reservation by itself");
    match give_up(app, payment.id, Occasion::Inquiry).await {
        Ok(_)
        | Err(Error::Refused(Refusal::InProgress { .. } | Refusal::InvalidTransition { .. })) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
