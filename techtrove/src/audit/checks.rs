//! What must hold between the books: plain functions over what was read.

use std::collections::BTreeMap;
use std::time::Duration;

use techtrove_bus::outbox::Unpublished;
use techtrove_core::{Sku, Timestamp, TypedId as _};
use techtrove_inventory_api::{Line, ReservationEntry, ReservationState, ReturnEntry, StockEntry};
use techtrove_notifications_api::MailEntry;
use techtrove_orders_api::{OrderEntry, OrderId, OrderStatus, ReturnClaim, StockClaim};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentStatus};
use uuid::Uuid;

use super::{books::Charge, report::Report, rule::Rule};

/// After this long an order that still has a step to take is stuck, and an event is unsent.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);
const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// Each number of a SKU against the rows that it is the sum of.
pub(super) fn stock(row: &StockEntry, report: &mut Report) {
    let sku = &row.sku;
    report.expect(row.on_hand == row.movements, Rule::StockMovements, sku, || {
        format!("on_hand is {}, the movements sum to {}", row.on_hand, row.movements)
    });
    report.expect(row.held == row.held_by_reservations, Rule::StockHeld, sku, || {
        format!("held is {}, the reservations hold {}", row.held, row.held_by_reservations)
    });
    report.expect(
        row.committed == row.committed_by_reservations,
        Rule::StockCommitted,
        sku,
        || {
            let reserved = row.committed_by_reservations;
            format!("committed is {}, the reservations have {reserved}", row.committed)
        },
    );
    if let Some(keys) = row.keys {
        let agree = (keys.unseen, keys.assigned) == (row.on_hand, row.committed);
        report.expect(agree, Rule::StockKeys, sku, || {
            format!("{keys:?} of on_hand {} with committed {}", row.on_hand, row.committed)
        });
    }
    let sane = row.held >= 0 && row.committed >= 0 && row.held + row.committed <= row.on_hand;
    report.expect(sane, Rule::StockOversold, sku, || {
        format!("held {} + committed {} of on_hand {}", row.held, row.committed, row.on_hand)
    });
}

/// An order and its open reservations mirror each other; both bear the same UUID.
pub(super) fn reserved(order: &OrderEntry, found: &[ReservationEntry], report: &mut Report) {
    let agrees = match order.stock {
        StockClaim::InFlight => found.len() <= 2,
        StockClaim::Nothing => found.is_empty(),
        StockClaim::Committed => matches!(found, [one] if is_sale_of(one, order)),
    };
    report.expect(agrees, Rule::OrderStock, order.id, || {
        let states: Vec<_> = found.iter().map(|one| (one.state, &one.lines)).collect();
        let (claim, lines) = (order.stock, &order.lines);
        format!("the order claims {claim:?} of {lines:?}, inventory has {states:?}")
    });
}

/// A reservation that no order claims.
pub(super) fn lone_reservation(orphan: &ReservationEntry, report: &mut Report) {
    report.expect(false, Rule::ReservationWithoutOrder, orphan.reservation_id, || {
        format!("{:?} of {:?}", orphan.state, orphan.lines)
    });
}

fn is_sale_of(reservation: &ReservationEntry, order: &OrderEntry) -> bool {
    reservation.state == ReservationState::Committed
        && claimed(&order.lines) == kept(&reservation.lines)
}

/// The pieces of each SKU, as orders counts them.
fn claimed(lines: &[(Sku, u32)]) -> BTreeMap<&Sku, i64> {
    let mut pieces: BTreeMap<&Sku, i64> = BTreeMap::new();
    for (sku, quantity) in lines {
        *pieces.entry(sku).or_default() += i64::from(*quantity);
    }
    pieces
}

/// The pieces of each SKU, as inventory counts them.
fn kept(lines: &[Line]) -> BTreeMap<&Sku, i64> {
    let mut pieces: BTreeMap<&Sku, i64> = BTreeMap::new();
    for line in lines {
        *pieces.entry(&line.sku).or_default() += line.quantity.as_i64();
    }
    pieces
}

/// What came back of an order stands alike in orders' book and in inventory's.
pub(super) fn returned(order: &OrderEntry, found: &[ReturnEntry], report: &mut Report) {
    for claim in &order.returns {
        let found = found.iter().find(|found| found.return_id == claim.id);
        let agrees = found.is_some_and(|found| is_return_of(found, order, claim));
        report.expect(agrees, Rule::OrderReturn, order.id, || {
            format!("the order says that {claim:?} came back, inventory has {found:?}")
        });
    }
    // What inventory was told of and the order not yet is a step that the order is about to store.
    let claimed =
        |found: &ReturnEntry| order.returns.iter().any(|claim| claim.id == found.return_id);
    for orphan in found.iter().filter(|found| order.settled && !claimed(found)) {
        lone_return(orphan, report);
    }
}

/// A return that no order claims.
pub(super) fn lone_return(orphan: &ReturnEntry, report: &mut Report) {
    report.expect(false, Rule::ReturnWithoutOrder, orphan.reservation_id, || {
        format!("{:?} came back", orphan.lines)
    });
}

fn is_return_of(found: &ReturnEntry, order: &OrderEntry, claim: &ReturnClaim) -> bool {
    found.reservation_id.uuid() == order.id.uuid()
        && found.restocked == claim.restock
        && kept(&found.lines) == claimed(&claim.lines)
}

/// A confirmed order's money is captured, less what was given back; everybody else's is not ours.
pub(super) fn money(
    order: &OrderEntry,
    payment: Option<&PaymentEntry>,
    now: Timestamp,
    report: &mut Report,
) {
    report.expect(order.parts == order.total.amount, Rule::OrderTotal, order.id, || {
        format!("it is over {}, its parts come to {}", order.total, order.parts)
    });
    if order.settled {
        let agrees = money_agrees(order, payment);
        report.expect(agrees, Rule::OrderMoney, order.id, || {
            let (status, total) = (order.status, order.total);
            format!("the order is {status:?} over {total}, its payment is {payment:?}")
        });
    } else {
        let stuck = now.since(order.updated_at) > STUCK_AFTER;
        report.expect(!stuck, Rule::OrderStuck, order.id, || {
            format!("{:?}, unchanged since {}", order.status, order.updated_at)
        });
    }
}

/// A payment that no order claims.
pub(super) fn lone_payment(orphan: &PaymentEntry, report: &mut Report) {
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

/// What we believe of our money is what the provider's own book says.
pub(super) fn charged(payment: &PaymentEntry, charge: Option<&Charge>, report: &mut Report) {
    if let Some(charge) = charge {
        provider_ledger(charge, report);
    }
    // What became of it is still to be told, by a webhook or to a question.
    if matches!(payment.status, PaymentStatus::Unknown | PaymentStatus::RequiresAction) {
        return;
    }
    let (captured, refunded) = charge.map_or((0, 0), |charge| (charge.captured, charge.refunded));
    let reserved = charge.is_some_and(|charge| charge.status == "authorized");
    let agrees = (captured, refunded) == (payment.captured, payment.refunded)
        && reserved == (payment.status == PaymentStatus::Authorized);
    report.expect(agrees, Rule::PaymentAtProvider, payment.id, || {
        format!("the payment is {:?}, the provider has {charge:?}", payment.status)
    });
}

/// A charge that no payment knows of.
pub(super) fn lone_charge(orphan: &Charge, report: &mut Report) {
    provider_ledger(orphan, report);
    let harmless = orphan.captured == orphan.refunded && orphan.status != "authorized";
    report.expect(harmless, Rule::ChargeWithoutPayment, &orphan.key, || orphan.status.clone());
}

fn provider_ledger(charge: &Charge, report: &mut Report) {
    let ledger = (charge.ledger.captured, charge.ledger.refunded);
    let agrees = ledger == (charge.captured, charge.refunded);
    report.expect(agrees, Rule::ProviderLedger, &charge.key, || format!("{charge:?}"));
}

/// The ledger sums to zero.
pub(super) fn ledger(balances: &[LedgerBalance], report: &mut Report) {
    let entries = balances.iter().map(|balance| balance.entries).sum::<u64>();
    report.count("ledger entries", usize::try_from(entries).unwrap_or(usize::MAX));
    for balance in balances {
        report.expect(balance.balance == 0, Rule::LedgerBalance, balance.currency, || {
            format!("debits less credits are {}", balance.balance)
        });
    }
}

/// Which orders are to have a mail of their confirmation, and how many there are: some twenty bytes for each
/// order that is confirmed and not yet packed.
#[derive(Debug, Default)]
pub(super) struct Confirmations(Vec<Confirmation>);

#[derive(Debug)]
struct Confirmation {
    order: Uuid,
    /// Whether its event had time to be handled.
    due: bool,
    mails: u8,
}

impl Confirmations {
    /// Notes an order, in the order of their ids.
    pub(super) fn expect(&mut self, order: &OrderEntry, now: Timestamp) {
        if order.status == OrderStatus::Confirmed {
            let due = now.since(order.updated_at) > UNSENT_AFTER;
            self.0.push(Confirmation { order: order.id.uuid(), due, mails: 0 });
        }
    }

    /// Notes a mail.
    pub(super) fn note(&mut self, mail: &MailEntry) {
        if mail.template != "order_confirmed" {
            return;
        }
        if let Ok(place) = self.0.binary_search_by_key(&mail.subject_id, |it| it.order) {
            self.0[place].mails = self.0[place].mails.saturating_add(1);
        }
    }

    /// Every confirmed order has its mail, once its event had time to be handled.
    pub(super) fn check(&self, report: &mut Report) {
        for Confirmation { order, due, mails } in &self.0 {
            let agrees = *mails == 1 || (*mails == 0 && !due);
            report.expect(agrees, Rule::OrderMail, OrderId::from_uuid(*order), || {
                format!("{mails} mails tell of its confirmation")
            });
        }
    }
}

/// No event waits for long.
pub(super) fn outboxes(
    outboxes: &[(&'static str, Unpublished)],
    now: Timestamp,
    report: &mut Report,
) {
    report.count("outboxes", outboxes.len());
    for (service, unpublished) in outboxes {
        let late = unpublished.oldest.is_some_and(|oldest| now.since(oldest) > UNSENT_AFTER);
        report.expect(!late, Rule::EventUnsent, service, || {
            format!("{} events wait, the oldest since {:?}", unpublished.count, unpublished.oldest)
        });
    }
}
