//! What must hold between the books: plain functions over what was read.

use std::collections::BTreeMap;
use std::time::Duration;

use techtrove_core::{Sku, TypedId};
use techtrove_inventory_api::{Line, ReservationEntry, ReservationState, ReturnEntry};
use techtrove_orders_api::{OrderEntry, OrderStatus, ReturnClaim, StockClaim};
use techtrove_payments_api::{PaymentEntry, PaymentStatus};
use uuid::Uuid;

use super::{books::Snapshot, report::Report, rule::Rule};

/// After this long an order that still has a step to take is stuck, and an event is unsent.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);
const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// Checks everything.
pub(super) fn check(books: &Snapshot) -> Report {
    let mut report = Report::default();
    stock(books, &mut report);
    reservations(books, &mut report);
    returns(books, &mut report);
    orders_and_payments(books, &mut report);
    payments_and_provider(books, &mut report);
    ledger(books, &mut report);
    mails(books, &mut report);
    outboxes(books, &mut report);
    report
}

fn stock(books: &Snapshot, report: &mut Report) {
    report.count("stock rows", books.stock.len());
    for row in &books.stock {
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
}

/// Orders and the open reservations mirror each other; both bear the same UUID.
fn reservations(books: &Snapshot, report: &mut Report) {
    report.count("open reservations", books.reservations.len());
    let mut open: BTreeMap<Uuid, Vec<&ReservationEntry>> = BTreeMap::new();
    for reservation in &books.reservations {
        open.entry(reservation.reservation_id.uuid()).or_default().push(reservation);
    }
    for order in &books.orders {
        let found = open.remove(&order.id.uuid()).unwrap_or_default();
        let agrees = match order.stock {
            StockClaim::InFlight => found.len() <= 2,
            StockClaim::Nothing => found.is_empty(),
            StockClaim::Committed => matches!(found[..], [one] if is_sale_of(one, order)),
        };
        report.expect(agrees, Rule::OrderStock, order.id, || {
            let states: Vec<_> = found.iter().map(|one| (one.state, &one.lines)).collect();
            format!(
                "the order claims {:?} of {:?}, inventory has {states:?}",
                order.stock, order.lines
            )
        });
    }
    for orphan in open.into_values().flatten() {
        report.expect(false, Rule::ReservationWithoutOrder, orphan.reservation_id, || {
            format!("{:?} of {:?}", orphan.state, orphan.lines)
        });
    }
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
fn returns(books: &Snapshot, report: &mut Report) {
    report.count("returns", books.returns.len());
    let mut back: BTreeMap<Uuid, &ReturnEntry> =
        books.returns.iter().map(|entry| (entry.return_id, entry)).collect();
    for order in &books.orders {
        for claim in &order.returns {
            let found = back.remove(&claim.id);
            let agrees = found.is_some_and(|found| is_return_of(found, order, claim));
            report.expect(agrees, Rule::OrderReturn, order.id, || {
                format!("the order says that {claim:?} came back, inventory has {found:?}")
            });
        }
    }
    // What inventory was told of and the order not yet is a step that an order is about to store.
    let open = |id: Uuid| books.orders.iter().any(|it| it.id.uuid() == id && !it.settled);
    for orphan in back.into_values().filter(|it| !open(it.reservation_id.uuid())) {
        report.expect(false, Rule::ReturnWithoutOrder, orphan.reservation_id, || {
            format!("{:?} came back", orphan.lines)
        });
    }
}

fn is_return_of(found: &ReturnEntry, order: &OrderEntry, claim: &ReturnClaim) -> bool {
    found.reservation_id.uuid() == order.id.uuid()
        && found.restocked == claim.restock
        && kept(&found.lines) == claimed(&claim.lines)
}

/// A confirmed order's money is captured, less what was given back; everybody else's is not ours.
fn orders_and_payments(books: &Snapshot, report: &mut Report) {
    report.count("orders", books.orders.len());
    let mut payments: BTreeMap<Uuid, &PaymentEntry> =
        books.payments.iter().map(|payment| (payment.id.uuid(), payment)).collect();
    for order in &books.orders {
        report.expect(order.parts == order.total.amount, Rule::OrderTotal, order.id, || {
            format!("it is over {}, its parts come to {}", order.total, order.parts)
        });
        let payment = payments.remove(&order.payment);
        if order.settled {
            let agrees = money_agrees(order, payment);
            report.expect(agrees, Rule::OrderMoney, order.id, || {
                format!(
                    "the order is {:?} over {}, its payment is {payment:?}",
                    order.status, order.total
                )
            });
        } else {
            let stuck = books.read_at.since(order.updated_at) > STUCK_AFTER;
            report.expect(!stuck, Rule::OrderStuck, order.id, || {
                format!("{:?}, unchanged since {}", order.status, order.updated_at)
            });
        }
    }
    for orphan in payments.into_values() {
        let harmless =
            orphan.captured == orphan.refunded && orphan.status != PaymentStatus::Authorized;
        report.expect(harmless, Rule::PaymentWithoutOrder, orphan.id, || {
            format!("{:?}", orphan.status)
        });
    }
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
fn payments_and_provider(books: &Snapshot, report: &mut Report) {
    report.count("payments", books.payments.len());
    report.count("charges at the provider", books.charges.len());
    let mut charges: BTreeMap<&str, _> =
        books.charges.iter().map(|charge| (charge.key.as_str(), charge)).collect();
    let sandboxed = books.payments.iter().filter(|payment| payment.provider == "sandbox");
    for payment in sandboxed {
        let charge = charges.remove(payment.id.to_string().as_str());
        // What became of it is still to be told, by a webhook or to a question.
        if matches!(payment.status, PaymentStatus::Unknown | PaymentStatus::RequiresAction) {
            continue;
        }
        let (captured, refunded) =
            charge.map_or((0, 0), |charge| (charge.captured, charge.refunded));
        let reserved = charge.is_some_and(|charge| charge.status == "authorized");
        let agrees = (captured, refunded) == (payment.captured, payment.refunded)
            && reserved == (payment.status == PaymentStatus::Authorized);
        report.expect(agrees, Rule::PaymentAtProvider, payment.id, || {
            format!("the payment is {:?}, the provider has {charge:?}", payment.status)
        });
    }
    for charge in &books.charges {
        let ledger = (charge.ledger.captured, charge.ledger.refunded);
        report.expect(
            ledger == (charge.captured, charge.refunded),
            Rule::ProviderLedger,
            &charge.key,
            || format!("{charge:?}"),
        );
    }
    for orphan in charges.into_values() {
        let harmless = orphan.captured == orphan.refunded && orphan.status != "authorized";
        report.expect(harmless, Rule::ChargeWithoutPayment, &orphan.key, || orphan.status.clone());
    }
}

fn ledger(books: &Snapshot, report: &mut Report) {
    let entries = books.ledger.iter().map(|balance| balance.entries).sum::<u64>();
    report.count("ledger entries", usize::try_from(entries).unwrap_or(usize::MAX));
    for balance in &books.ledger {
        report.expect(balance.balance == 0, Rule::LedgerBalance, balance.currency, || {
            format!("debits less credits are {}", balance.balance)
        });
    }
}

/// Every confirmed order has its mail, once its event had time to be handled.
fn mails(books: &Snapshot, report: &mut Report) {
    report.count("mails", books.mails.len());
    let mut written: BTreeMap<Uuid, usize> = BTreeMap::new();
    for mail in books.mails.iter().filter(|mail| mail.template == "order_confirmed") {
        *written.entry(mail.subject_id).or_default() += 1;
    }
    for order in books.orders.iter().filter(|order| order.status == OrderStatus::Confirmed) {
        let count = written.get(&order.id.uuid()).copied().unwrap_or(0);
        let due = books.read_at.since(order.updated_at) > UNSENT_AFTER;
        report.expect(count == 1 || (count == 0 && !due), Rule::OrderMail, order.id, || {
            format!("{count} mails tell of its confirmation")
        });
    }
}

fn outboxes(books: &Snapshot, report: &mut Report) {
    report.count("outboxes", books.outboxes.len());
    for (service, unpublished) in &books.outboxes {
        let late =
            unpublished.oldest.is_some_and(|oldest| books.read_at.since(oldest) > UNSENT_AFTER);
        report.expect(!late, Rule::EventUnsent, service, || {
            format!("{} events wait, the oldest since {:?}", unpublished.count, unpublished.oldest)
        });
    }
}
