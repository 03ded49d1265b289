//! What follows for an order that was placed: money is taken and given back, parcels leave, or the order
//! is cancelled, because that was asked for or its money is gone: its stock first, so that nobody waits for
//! it, then its money, which is known by then.

use std::time::Duration;

use techtrove_core::{Timestamp, planted};
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;

use super::{
    super::{Booking, Line, Order, Refund, RefundStatus, Return, Shipment, Withdrawal},
    Change, Facts, NextRefund, Outcome, PaymentReport, Saga, next_refund,
};

/// How often staff is reminded of money that nobody but them can give back.
const REMINDER: Duration = Duration::from_secs(3_600);

/// Why an order is cancelled for which nobody asked that.
const LAPSED: &str = "cancelled by the shop: the payment lapsed before it was taken";

impl Saga {
    pub(super) fn after_capture(&self, order: &Order, outcome: &Outcome) -> Change {
        let Outcome::Payment(report) = outcome else { return self.wait(None) };
        match report.status {
            PaymentStatus::Captured
            | PaymentStatus::PartiallyRefunded
            | PaymentStatus::Refunded => done(Change::paid(report)),
            PaymentStatus::Authorized | PaymentStatus::Unknown | PaymentStatus::RequiresAction => {
                self.wait(None)
            }
            PaymentStatus::Voided | PaymentStatus::Failed => {
                let alert = order.has_shipped().then_some("what has left can never be paid");
                let shipments = withdrawn(order, Withdrawal::NotCaptured);
                done(Change { shipments, alert, ..Change::paid(report) })
            }
        }
    }

    /// After the stock of a confirmed order was given back: it is cancelled, whatever its money does.
    pub(super) fn after_late_release(&self, order: &Order, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Released => {
                let asked = order.cancel_asked.clone();
                let why =
                    if asked.is_some() { Withdrawal::Cancelled } else { Withdrawal::NotCaptured };
                done(Change {
                    status: Some(OrderStatus::Cancelled),
                    note: Some(asked.unwrap_or_else(|| LAPSED.to_owned())),
                    shipments: if planted("parcel-left-when-cancelled") {
                        Vec::new()
                    } else {
                        withdrawn(order, why)
                    },
                    ..Change::default()
                })
            }
            _ => self.wait(None),
        }
    }

    /// After the money of a cancelled order was given up, or had been taken: then it is given back.
    pub(super) fn after_late_void(&self, outcome: &Outcome) -> Change {
        match outcome {
            Outcome::Payment(report) => match report.status {
                PaymentStatus::Authorized
                | PaymentStatus::Unknown
                | PaymentStatus::RequiresAction => self.wait(None),
                PaymentStatus::Voided
                | PaymentStatus::Failed
                | PaymentStatus::Captured
                | PaymentStatus::PartiallyRefunded
                | PaymentStatus::Refunded => done(Change::paid(report)),
            },
            _ => self.wait(None),
        }
    }

    /// After a refund was asked for. One that is refused is never asked for again under its id: staff may
    /// ask for another, and what is left of a cancelled order's money is. One of which nobody can tell, as
    /// long as its bank has not decided, is asked about again in its own time, while the rest goes on.
    pub(super) fn after_refund(&self, order: &Order, outcome: &Outcome, facts: &Facts) -> Change {
        let Some(pending) = order.pending_refund() else {
            return self.without_refund(order, facts);
        };
        match outcome {
            // Others have ended the one that was asked about.
            Outcome::Refunded(refund) | Outcome::RefundRefused { refund, .. }
                if *refund != pending.id =>
            {
                done(Change::default())
            }
            Outcome::Refunded(_) => {
                let made = Refund {
                    status: RefundStatus::Succeeded,
                    updated_at: facts.now,
                    ..pending.clone()
                };
                let payment = Some(order.payment.given_back(pending.amount));
                done(Change { refunds: vec![made], payment, ..Change::default() })
            }
            Outcome::RefundRefused { code, .. } => done(Change {
                refunds: vec![pending.failed(code, facts.now)],
                alert: Some("a refund was refused"),
                ..Change::default()
            }),
            _ => done(Change {
                put_off: Some((pending.id, pending.ask_again_at(facts.now))),
                ..Change::default()
            }),
        }
    }

    /// Nothing is asked back just now: the rest of a cancelled order's money in a while, or once staff asks.
    fn without_refund(&self, order: &Order, facts: &Facts) -> Change {
        if order.status != OrderStatus::Cancelled || order.refundable() <= 0 {
            return done(Change::default());
        }
        match next_refund(order, facts.now) {
            NextRefund::Now => done(Change::default()),
            NextRefund::At(due) => Change { due: Some(due), ..self.wait(None) },
            NextRefund::ByStaff => {
                let alert = Some("the money of a cancelled order is not given back");
                Change { due: Some(facts.now.plus(REMINDER)), ..self.wait(alert) }
            }
        }
    }

    pub(super) fn after_ship(&self, order: &Order, outcome: &Outcome, facts: &Facts) -> Change {
        let Some(parcel) = order.preparing().next() else { return done(Change::default()) };
        match outcome {
            Outcome::Shipped => done(shipped(order, parcel, facts.now)),
            Outcome::ReservationEnded => done(Change {
                shipments: vec![parcel.withdrawn(Withdrawal::Stock)],
                alert: Some("inventory would not ship what was sold"),
                ..Change::default()
            }),
            _ => self.wait(None),
        }
    }

    /// After inventory was told what came back. What it will not take is for staff to look at: the money
    /// is the buyer's anyhow.
    pub(super) fn after_take_back(
        &self,
        order: &Order,
        outcome: &Outcome,
        facts: &Facts,
    ) -> Change {
        let Some(back) = order.to_take_back() else { return done(Change::default()) };
        let booked = |booking| vec![Return { booking, updated_at: facts.now, ..back.clone() }];
        match outcome {
            Outcome::TakenBack => {
                done(Change { returns: booked(Booking::Booked), ..Change::default() })
            }
            Outcome::ReservationEnded => done(Change {
                returns: booked(Booking::Refused),
                alert: Some("inventory would not take back what was received"),
                ..Change::default()
            }),
            _ => self.wait(None),
        }
    }
}

impl Change {
    fn paid(report: &PaymentReport) -> Self {
        Self { payment: Some(report.clone()), ..Self::default() }
    }
}

/// The change which ends its work, so that whatever is owed to the order comes next.
fn done(change: Change) -> Change {
    Change { done: true, ..change }
}

fn withdrawn(order: &Order, why: Withdrawal) -> Vec<Shipment> {
    order.preparing().map(|parcel| parcel.withdrawn(why)).collect()
}

/// The first parcel makes the order `processing`, the one with the last piece `shipped`; where nothing
/// travels, it has arrived.
fn shipped(order: &Order, parcel: &Shipment, now: Timestamp) -> Change {
    let in_it: u32 = parcel.pieces.iter().map(|pieces| pieces.quantity.get()).sum();
    let ordered: u32 = order.lines.iter().map(|line| line.quantity.get()).sum();
    let left_before: u32 = order.lines.iter().map(|line| line.shipped).sum();
    let status = if left_before + in_it >= ordered {
        let travels = order.lines.iter().any(Line::ships);
        Some(if travels { OrderStatus::Shipped } else { OrderStatus::Delivered })
    } else {
        (order.status == OrderStatus::Confirmed).then_some(OrderStatus::Processing)
    };
    Change { status, shipments: vec![parcel.shipped(now)], ..Change::default() }
}
