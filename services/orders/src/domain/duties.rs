//! What is still owed to an order once it has been placed: the next step, read off the order as it
//! stands. Whoever asks something of an order only writes it down there (a cancellation, a refund, a
//! parcel); the saga comes here whenever a step is done, so that nothing written down is forgotten. A
//! cancellation comes first, also that of an order which cannot be paid any more, and money before parcels; but a
//! refund that waits for its bank comes when it is to be asked about again, and holds up nothing.

use std::{str::FromStr, time::Duration};

use techtrove_core::{Quantity, Timestamp, TypedId as _, planted};
use techtrove_orders_api::{OrderStatus, ShipmentId};
use techtrove_payments_api::{PaymentStatus, RefundId};
use uuid::Uuid;

use super::{
    Line, Order, Pieces, Refund, RefundStatus, Shipment, ShipmentStatus, Withdrawal, saga::Step,
};

/// How often the money of a cancelled order is asked back by itself.
const REFUND_TRIES: usize = 5;

/// The pause after the first time that it was not given back; each later one is eight times as long.
const FIRST_PAUSE: Duration = Duration::from_secs(60);

/// When the rest of a cancelled order's money is asked back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NextRefund {
    /// Now.
    Now,
    /// Then.
    At(Timestamp),
    /// When staff asks: it was tried often enough.
    ByStaff,
}

/// Who carries what needs no parcel.
const DIGITAL: &str = "digital";

/// When the reserved money is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CapturePolicy {
    /// Right after the confirmation.
    #[default]
    Confirmation,
    /// All of it, before the first parcel leaves.
    Shipment,
}

/// The text names no time to capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("money is taken at `confirmation` or at `shipment`")]
pub struct InvalidCapture;

impl FromStr for CapturePolicy {
    type Err = InvalidCapture;

    fn from_str(text: &str) -> Result<Self, InvalidCapture> {
        match text {
            "confirmation" => Ok(Self::Confirmation),
            "shipment" => Ok(Self::Shipment),
            _ => Err(InvalidCapture),
        }
    }
}

/// The next step for an order that has been placed; none when it is settled. A refund that is to be asked
/// about later is the next step only when nothing else is owed.
#[must_use]
pub fn next_step(order: &Order, policy: CapturePolicy, now: Timestamp) -> Option<Step> {
    match order.status {
        OrderStatus::Pending | OrderStatus::PaymentFailed => return None,
        _ if order.is_to_be_cancelled() => return Some(Step::Release),
        _ => {}
    }
    let reserved = order.payment.status == PaymentStatus::Authorized;
    let parcel = order.preparing().next().is_some();
    if order.status == OrderStatus::Cancelled {
        let voided = order.payment.status == PaymentStatus::Voided && order.refunds.is_empty();
        let owed =
            order.payment.captured > order.payment.refunded || voided && planted("void-refunded");
        return if reserved { Some(Step::Void) } else { owed.then_some(Step::Refund) };
    }
    if order.owes_refund(now) {
        Some(Step::Refund)
    } else if order.to_take_back().is_some() && !planted("taking-back-forgotten") {
        Some(Step::TakeBack)
    } else if planted("capture-forgotten") {
        None
    } else if reserved && (policy == CapturePolicy::Confirmation || parcel) {
        Some(Step::Capture)
    } else if parcel {
        Some(Step::Ship)
    } else {
        order.pending_refund().map(|_| Step::Refund)
    }
}

/// The refund of everything that is left, when a cancelled order needs one: it is promised to nobody.
pub(super) fn refund_of_the_rest(order: &Order, id: Uuid, now: Timestamp) -> Option<Refund> {
    let given_up = order.payment.status == PaymentStatus::Voided && planted("void-refunded");
    let rest = if given_up { order.totals.total.amount } else { order.refundable() };
    let needed = order.status == OrderStatus::Cancelled
        && rest > 0
        && next_refund(order, now) == NextRefund::Now;
    let failed = order.refunds.last().filter(|_| planted("refund-asked-again-under-its-id"));
    needed.then(|| Refund {
        id: failed.map_or(RefundId::from_uuid(id), |failed| failed.id),
        status: RefundStatus::Pending,
        amount: rest,
        reason: "the order was cancelled".to_owned(),
        claim: None,
        failure_code: None,
        created_at: now,
        updated_at: now,
        ask_at: now,
    })
}

/// When the rest of a cancelled order's money is asked back: at once, and again, under another id, ever
/// longer after it was refused or has failed, a few times.
pub(super) fn next_refund(order: &Order, now: Timestamp) -> NextRefund {
    let cancelled = order.history.iter().rev().find(|it| it.status == OrderStatus::Cancelled);
    let since = cancelled.map_or(order.created_at, |entry| entry.at);
    let failed = order
        .refunds
        .iter()
        .filter(|refund| refund.status == RefundStatus::Failed && refund.created_at >= since);
    let (count, last) = failed.fold((0_usize, None), |(count, last), refund| {
        (count + 1, last.max(Some(refund.updated_at)))
    });
    match last {
        None => NextRefund::Now,
        Some(_) if count >= REFUND_TRIES || planted("rest-asked-back-once") => NextRefund::ByStaff,
        Some(last) => {
            let times = 8_u32.saturating_pow(u32::try_from(count - 1).unwrap_or(u32::MAX));
            let due = last.plus(FIRST_PAUSE.saturating_mul(times));
            if due <= now { NextRefund::Now } else { NextRefund::At(due) }
        }
    }
}

/// The parcel of what needs none, once it is sold: licence keys are revealed by it. It is made once; one
/// that had to be withdrawn is for staff to look at.
pub(super) fn digital_parcel(order: &Order, id: Uuid, now: Timestamp) -> Option<Shipment> {
    let sold = matches!(order.status, OrderStatus::Confirmed | OrderStatus::Processing)
        && order.cancel_asked.is_none();
    if !sold || order.lines.iter().all(Line::ships) {
        return None;
    }
    let failed = order.shipments.iter().any(|parcel| {
        parcel.carrier == DIGITAL
            && parcel.withdrawn_for.is_some_and(|why| why != Withdrawal::Cancelled)
    });
    let digital = order.lines.iter().enumerate().filter(|(_, line)| !line.ships());
    let pieces: Vec<Pieces> = digital
        .filter_map(|(line, _)| {
            let quantity = Quantity::new(order.left_to_ship(line)).ok()?;
            Some(Pieces { line, quantity })
        })
        .collect();
    (!failed && !pieces.is_empty()).then(|| Shipment {
        id: ShipmentId::from_uuid(id),
        status: ShipmentStatus::Preparing,
        carrier: DIGITAL.to_owned(),
        tracking_number: None,
        pieces,
        withdrawn_for: None,
        claim: None,
        created_at: now,
        shipped_at: None,
    })
}
