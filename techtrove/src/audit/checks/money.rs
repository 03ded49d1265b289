//! Orders against their payments.

use techtrove_core::{Timestamp, TypedId as _};
use techtrove_orders_api::{OrderEntry, OrderStatus, RefundClaim, RefundClaimState};
use techtrove_payments_api::{PaymentEntry, PaymentStatus, RefundEntry, RefundState};

use super::{
    super::{report::Report, rule::Rule},
    AHEAD, STUCK_AFTER, sum,
};

/// A confirmed order's money is captured, less what was given back; everybody else's is not ours.
pub(in super::super) fn money(
    order: &OrderEntry,
    payment: Option<&PaymentEntry>,
    now: Timestamp,
    report: &mut Report,
) {
    given_back(order, report);
    let foreign = payment.filter(|payment| !is_of(payment, order));
    report.expect(foreign.is_none(), Rule::OrderMoney, order.id, || {
        format!("it is asked of {}, its payment is another's: {foreign:?}", order.provider)
    });
    report.expect(order.updated_at.since(now) <= AHEAD, Rule::OrderStuck, order.id, || {
        format!("{:?}, last changed on {}", order.status, order.updated_at)
    });
    if order.settled {
        let agrees = money_agrees(order, payment) && status_agrees(order, payment);
        report.expect(agrees, Rule::OrderMoney, order.id, || {
            let OrderEntry { status, total, payment_status: known, .. } = order;
            format!("the order is {status:?} over {total} and {known}, its payment is {payment:?}")
        });
        let ours = payment.map_or(&[][..], |payment| &payment.refunds);
        report.expect(refunds_agree(&order.refunds, ours), Rule::OrderRefund, order.id, || {
            format!("its refunds are {:?}, those of its payment {ours:?}", order.refunds)
        });
        let ended = matches!(order.status, OrderStatus::Cancelled | OrderStatus::PaymentFailed);
        report.expect(ended || !order.cancel_asked, Rule::OrderStuck, order.id, || {
            format!("{:?}, and nobody goes on to cancel it", order.status)
        });
    } else {
        let stuck = now.since(order.updated_at) > STUCK_AFTER && !waits_for_bank(order, payment);
        report.expect(!stuck, Rule::OrderStuck, order.id, || {
            format!("{:?}, unchanged since {}", order.status, order.updated_at)
        });
    }
}

/// Whether a payment is the order's. One that was given up before it was asked for is for nothing.
fn is_of(payment: &PaymentEntry, order: &OrderEntry) -> bool {
    if payment.reference.is_nil() {
        return payment.captured == 0 && payment.status != PaymentStatus::Authorized;
    }
    payment.reference == order.id.uuid() && payment.provider == order.provider
}

/// Whether nothing is left to do for an order but what payments has taken on and a bank has to decide, which
/// may take it days.
fn waits_for_bank(order: &OrderEntry, payment: Option<&PaymentEntry>) -> bool {
    let open = |refund: &RefundClaim| {
        let theirs = payment.and_then(|it| it.refunds.iter().find(|there| there.id == refund.id));
        refund.state == RefundClaimState::Pending
            && theirs.is_some_and(|there| there.state == RefundState::Open)
    };
    let goods = order.parcels.preparing > 0 || order.unbooked_returns > 0;
    order.refunding && !goods && order.refunds.iter().any(open)
}

/// What an order gave back is its refunds.
fn given_back(order: &OrderEntry, report: &mut Report) {
    let made = order.refunds.iter().filter(|refund| refund.state == RefundClaimState::Made);
    let made = sum(made.map(|refund| refund.amount));
    report.expect(made == order.refunded, Rule::OrderRefund, order.id, || {
        format!("{} is given back, its refunds are {:?}", order.refunded, order.refunds)
    });
}

/// Whether each refund of a settled order is one of its payment and stands there as here, and there is no other.
fn refunds_agree(ours: &[RefundClaim], theirs: &[RefundEntry]) -> bool {
    let stands = |refund: &RefundClaim| {
        let there = theirs.iter().find(|there| there.id == refund.id);
        let made = there.is_some_and(|there| there.state == RefundState::Made);
        there.is_none_or(|there| there.amount == refund.amount)
            && match refund.state {
                RefundClaimState::Made => made,
                RefundClaimState::Failed => !made,
                RefundClaimState::Pending => false,
            }
    };
    let known = |there: &RefundEntry| ours.iter().any(|refund| refund.id == there.id);
    ours.iter().all(stands) && theirs.iter().all(known)
}

/// Whether a settled order knows how its payment stands. Of one that came to nothing it may not know why: a
/// refusal that it was told of need not be the end that payments made of it.
fn status_agrees(order: &OrderEntry, payment: Option<&PaymentEntry>) -> bool {
    let known = order.payment_status.as_str();
    match payment.map(|payment| payment.status) {
        None | Some(PaymentStatus::Failed | PaymentStatus::Voided) => {
            ["failed", "voided"].contains(&known)
        }
        Some(PaymentStatus::Unknown) => known == "unknown",
        Some(PaymentStatus::RequiresAction) => known == "requires_action",
        Some(PaymentStatus::Authorized) => known == "authorized",
        Some(PaymentStatus::Captured) => known == "captured",
        Some(PaymentStatus::PartiallyRefunded) => known == "partially_refunded",
        Some(PaymentStatus::Refunded) => known == "refunded",
    }
}

/// A payment that no order claims.
pub(in super::super) fn lone_payment(orphan: &PaymentEntry, report: &mut Report) {
    let harmless = orphan.captured == orphan.refunded && orphan.status != PaymentStatus::Authorized;
    report
        .expect(harmless, Rule::PaymentWithoutOrder, orphan.id, || format!("{:?}", orphan.status));
}

/// Whether a settled order's payment is what the order says, and what its status allows.
fn money_agrees(order: &OrderEntry, payment: Option<&PaymentEntry>) -> bool {
    let (captured, refunded) =
        payment.map_or((0, 0), |payment| (payment.captured, payment.refunded));
    let known = (order.captured, order.refunded) == (captured, refunded);
    let status = payment.map(|payment| payment.status);
    match order.status {
        OrderStatus::Confirmed
        | OrderStatus::Processing
        | OrderStatus::Shipped
        | OrderStatus::Delivered => {
            // Where money is taken at shipment, it is only reserved until the first parcel leaves.
            let packing = matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing);
            let reserved = packing && captured == 0 && status == Some(PaymentStatus::Authorized);
            let paid = captured == order.total.amount || reserved;
            known && paid && payment.is_some_and(|payment| payment.amount == order.total)
        }
        OrderStatus::PaymentFailed | OrderStatus::Cancelled => {
            let ended = [
                None,
                Some(PaymentStatus::Voided),
                Some(PaymentStatus::Failed),
                Some(PaymentStatus::Refunded),
            ];
            known && captured == refunded && ended.contains(&status)
        }
        OrderStatus::Pending => false,
    }
}
