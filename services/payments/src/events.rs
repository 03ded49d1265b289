//! What payments publishes: that it became known how a payment stands while no caller waited for it, in
//! the transaction that stores it (`app/drive.rs`), and that a refund has failed after all
//! (`app/recheck_refund.rs`). It listens to nothing.

use techtrove_bus::{AggregateRef, NewEvent};
use techtrove_payments_api::{
    PAYMENT_AGGREGATE, PAYMENT_CHANGED, PaymentChanged, REFUND_FAILED, RefundFailed, RefundId,
};

use crate::domain::Payment;

/// The event which tells how the payment stands from now on; none for one that no order asked for.
pub(crate) fn payment_changed(payment: &Payment) -> Option<NewEvent> {
    let changed = PaymentChanged {
        payment_id: payment.id,
        reference: payment.terms.as_ref()?.reference,
        status: payment.shown_status(),
    };
    let aggregate = AggregateRef::new(PAYMENT_AGGREGATE, payment.id);
    Some(NewEvent { kind: PAYMENT_CHANGED, aggregate, data: serde_json::json!(changed) })
}

/// The event which tells that money which was given back was not, after all.
pub(crate) fn refund_failed(payment: &Payment, refund: RefundId, code: &str) -> Option<NewEvent> {
    let failed = RefundFailed {
        payment_id: payment.id,
        reference: payment.terms.as_ref()?.reference,
        status: payment.shown_status(),
        refund_id: refund,
        failure_code: code.to_owned(),
    };
    let aggregate = AggregateRef::new(PAYMENT_AGGREGATE, payment.id);
    Some(NewEvent { kind: REFUND_FAILED, aggregate, data: serde_json::json!(failed) })
}
