//! Payments against their own ledger and refunds, and against the provider's own book.

use std::time::Duration;

use techtrove_core::Timestamp;
use techtrove_payments_api::{
    Asked, LedgerBalance, OpenKind, PaymentEntry, PaymentStatus, RefundEntry, RefundState,
};

use super::{
    super::{
        books::{Charge, ChargeLedger, ChargeRefund},
        report::Report,
        rule::Rule,
    },
    AHEAD, sum,
};

/// So long may a payment wait for its provider or its customer; it is given up long before.
const OPEN_FOR: Duration = Duration::from_secs(3_600);

/// A payment is what is booked for it, what its refunds come to, and no more than its status allows.
pub(in super::super) fn payment(payment: &PaymentEntry, now: Timestamp, report: &mut Report) {
    let PaymentEntry { id, status, captured, refunded, booked, updated_at, .. } = payment;
    let open = matches!(status, PaymentStatus::Unknown | PaymentStatus::RequiresAction);
    let stuck = open && now.since(*updated_at) > OPEN_FOR || updated_at.since(now) > AHEAD;
    report.expect(!stuck, Rule::PaymentStuck, id, || {
        format!("{status:?}, unchanged since {updated_at}")
    });
    report.expect(is_as_asked(payment), Rule::PaymentOperations, id, || {
        format!("{status:?} with {captured} captured, {:?}", payment.asked)
    });
    report.expect(is_as_booked(payment), Rule::PaymentLedger, id, || {
        format!("{status:?} with {captured} captured and {refunded} refunded, {booked:?}")
    });
    report.expect(status_allows(payment), Rule::PaymentStatus, id, || {
        format!("{status:?} with {captured} captured and {refunded} refunded")
    });
    let made = sum(payment.refunds.iter().filter(|it| is_made(it)).map(|it| it.amount));
    let asked = payment.refunds.iter().all(|it| it.amount == it.asked);
    report.expect(asked && made == *refunded, Rule::PaymentRefunds, id, || {
        format!("{refunded} is refunded, its refunds are {:?}", payment.refunds)
    });
}

/// Whether what was taken is one capture, and nothing is open that the status does not allow.
fn is_as_asked(payment: &PaymentEntry) -> bool {
    let Asked { open, misnamed, captures } = &payment.asked;
    let allowed = match open {
        None => true,
        Some(OpenKind::Authorize) => {
            matches!(payment.status, PaymentStatus::Unknown | PaymentStatus::RequiresAction)
        }
        Some(OpenKind::Void) => matches!(
            payment.status,
            PaymentStatus::Unknown | PaymentStatus::RequiresAction | PaymentStatus::Authorized
        ),
        Some(OpenKind::Capture) => payment.status == PaymentStatus::Authorized,
        Some(OpenKind::Refund) => {
            matches!(payment.status, PaymentStatus::Captured | PaymentStatus::PartiallyRefunded)
        }
    };
    let taken: &[i64] = if payment.captured == 0 { &[] } else { &[payment.captured] };
    allowed && !misnamed && captures == taken
}

fn is_made(refund: &RefundEntry) -> bool {
    refund.state == RefundState::Made
}

/// Whether each account has of the payment what it must, and in its currency.
fn is_as_booked(payment: &PaymentEntry) -> bool {
    let PaymentEntry { captured, refunded, booked, .. } = payment;
    let reserved = match payment.status {
        PaymentStatus::Authorized => payment.amount.amount,
        _ => 0,
    };
    booked.sales == captured.saturating_neg()
        && booked.refunds == *refunded
        && booked.provider_receivable == captured.saturating_sub(*refunded)
        && booked.authorized_at_provider == reserved
        && booked.authorized_by_customer == reserved.saturating_neg()
        && !booked.other_currency
}

fn status_allows(payment: &PaymentEntry) -> bool {
    let (captured, refunded) = (payment.captured, payment.refunded);
    match payment.status {
        PaymentStatus::Captured => captured > 0 && refunded == 0,
        PaymentStatus::PartiallyRefunded => 0 < refunded && refunded < captured,
        PaymentStatus::Refunded => captured > 0 && refunded == captured,
        PaymentStatus::Unknown
        | PaymentStatus::RequiresAction
        | PaymentStatus::Authorized
        | PaymentStatus::Failed
        | PaymentStatus::Voided => (captured, refunded) == (0, 0),
    }
}

/// What we believe of our money is what the provider's own book says.
pub(in super::super) fn charged(
    payment: &PaymentEntry,
    charge: Option<&Charge>,
    report: &mut Report,
) {
    if let Some(charge) = charge {
        provider_ledger(charge, report);
    }
    // What became of it is still to be told, by a webhook or to a question.
    if matches!(payment.status, PaymentStatus::Unknown | PaymentStatus::RequiresAction) {
        return;
    }
    let (captured, refunded) = charge.map_or((0, 0), |charge| (charge.captured, charge.refunded));
    let reserved = charge.is_some_and(|charge| charge.status == "authorized");
    // What was given up before it was asked for has no amount there.
    let asked = charge.filter(|charge| charge.currency.is_some());
    let same_amount = asked.is_none_or(|charge| {
        (charge.amount, charge.currency) == (payment.amount.amount, Some(payment.amount.currency))
    });
    let agrees = (captured, refunded) == (payment.captured, payment.refunded)
        && reserved == (payment.status == PaymentStatus::Authorized)
        && same_amount;
    report.expect(agrees, Rule::PaymentAtProvider, payment.id, || {
        let PaymentEntry { status, amount, .. } = payment;
        format!("the payment is {status:?} over {amount}, the provider has {charge:?}")
    });
    let at_provider = charge.map_or(&[][..], |charge| &charge.refunds);
    report.expect(
        refunds_agree(&payment.refunds, at_provider),
        Rule::RefundAtProvider,
        payment.id,
        || format!("its refunds are {:?}, the provider has {at_provider:?}", payment.refunds),
    );
}

/// Whether each refund stands there as here, and there is no other.
fn refunds_agree(ours: &[RefundEntry], theirs: &[ChargeRefund]) -> bool {
    let stands = |refund: &RefundEntry| {
        let there = theirs.iter().find(|there| there.key == refund.key);
        let same_amount = there.is_none_or(|there| there.amount == refund.amount);
        let made = there.is_some_and(|there| there.status == "succeeded");
        same_amount
            && match refund.state {
                RefundState::Made => made,
                RefundState::NotMade => !made,
                RefundState::Open => true,
            }
    };
    let known = |there: &ChargeRefund| ours.iter().any(|refund| refund.key == there.key);
    ours.iter().all(stands) && theirs.iter().all(known)
}

/// A charge that no payment knows of.
pub(in super::super) fn lone_charge(orphan: &Charge, report: &mut Report) {
    provider_ledger(orphan, report);
    let harmless = orphan.captured == orphan.refunded && orphan.status != "authorized";
    report.expect(harmless, Rule::ChargeWithoutPayment, &orphan.key, || orphan.status.clone());
}

/// A charge is what the provider booked for it, and what its refunds come to.
fn provider_ledger(charge: &Charge, report: &mut Report) {
    let made = charge.refunds.iter().filter(|refund| refund.status == "succeeded");
    let made = sum(made.map(|refund| refund.amount));
    let ChargeLedger { authorized, captured, voided, refunded, other_currency } = charge.ledger;
    let reserved = match charge.status.as_str() {
        "authorized" | "captured" => (authorized, voided) == (charge.amount, 0),
        "voided" => authorized == voided,
        _ => (authorized, voided) == (0, 0),
    };
    let booked = (captured, refunded) == (charge.captured, charge.refunded) && !other_currency;
    let agrees = reserved && booked;
    report.expect(agrees && made == charge.refunded, Rule::ProviderLedger, &charge.key, || {
        format!("{charge:?}")
    });
}

/// The ledger sums to zero.
pub(in super::super) fn ledger(balance: &LedgerBalance, report: &mut Report) {
    report.expect(balance.balance == 0, Rule::LedgerBalance, &balance.currency, || {
        format!("debits less credits are {}", balance.balance)
    });
}
