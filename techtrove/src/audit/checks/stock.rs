//! Stock against what it is the sum of, and orders against what inventory set aside and took back.

use std::collections::BTreeMap;

use techtrove_core::{Sku, TypedId as _};
use techtrove_inventory_api::{
    Line, ParcelEntry, ReservationEntry, ReservationState, ReturnEntry, StockEntry,
};
use techtrove_orders_api::{OrderEntry, ParcelClaim, ReturnClaim, StockClaim};

use super::super::{report::Report, rule::Rule};

/// Each number of a SKU against the rows that it is the sum of.
pub(in super::super) fn stock(row: &StockEntry, report: &mut Report) {
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
    report.expect(row.moved == row.gone, Rule::StockGone, sku, || {
        format!("by its movements {:?}, by reservations and returns {:?}", row.moved, row.gone)
    });
    if let Some(keys) = row.keys {
        let agree = (keys.unseen, keys.assigned) == (row.on_hand, row.committed);
        report.expect(agree, Rule::StockKeys, sku, || {
            format!("{keys:?} of on_hand {} with committed {}", row.on_hand, row.committed)
        });
    }
    let sane = row.held >= 0
        && row.committed >= 0
        && row.held.saturating_add(row.committed) <= row.on_hand;
    report.expect(sane, Rule::StockOversold, sku, || {
        format!("held {} + committed {} of on_hand {}", row.held, row.committed, row.on_hand)
    });
}

/// An order and its reservations mirror each other; both bear the same UUID.
pub(in super::super) fn reserved(
    order: &OrderEntry,
    found: &[ReservationEntry],
    report: &mut Report,
) {
    let sold_as = |state| matches!(found, [one] if one.state == state && is_sale_of(one, order));
    let agrees = match order.stock {
        StockClaim::InFlight => found.len() <= 2,
        StockClaim::Held => sold_as(ReservationState::Held),
        StockClaim::Nothing => found.is_empty(),
        StockClaim::Committed => sold_as(ReservationState::Committed),
        StockClaim::Left => sold_as(ReservationState::Shipped),
    };
    report.expect(agrees, Rule::OrderStock, order.id, || {
        let states: Vec<_> = found.iter().map(|one| (one.state, &one.lines)).collect();
        let (claim, lines) = (order.stock, sold(order));
        format!("the order claims {claim:?} of {lines:?}, inventory has {states:?}")
    });
}

/// A reservation that no order claims.
pub(in super::super) fn lone_reservation(orphan: &ReservationEntry, report: &mut Report) {
    report.expect(false, Rule::ReservationWithoutOrder, orphan.reservation_id, || {
        format!("{:?} of {:?}", orphan.state, orphan.lines)
    });
}

/// Pieces of a SKU: sold, left, and come back.
type Pieces<'a> = BTreeMap<&'a Sku, (i64, i64, i64)>;

/// Whether the reservation is of these pieces, of which so many left and, once that is told, came back.
fn is_sale_of(reservation: &ReservationEntry, order: &OrderEntry) -> bool {
    let mut reserved = Pieces::new();
    for line in &reservation.lines {
        let returned = if order.unbooked_returns == 0 { line.returned } else { 0 };
        add(&mut reserved, &line.sku, (line.quantity, line.shipped, returned));
    }
    reserved == sold(order)
}

fn sold(order: &OrderEntry) -> Pieces<'_> {
    let mut sold = Pieces::new();
    for line in &order.lines {
        add(&mut sold, &line.sku, (i64::from(line.quantity), i64::from(line.shipped), 0));
    }
    if order.unbooked_returns == 0 {
        for (sku, pieces) in order.returns.iter().flat_map(|claim| &claim.lines) {
            add(&mut sold, sku, (0, 0, i64::from(*pieces)));
        }
    }
    sold
}

fn add<'a>(pieces: &mut Pieces<'a>, sku: &'a Sku, more: (i64, i64, i64)) {
    let (sold, left, back) = pieces.entry(sku).or_default();
    *sold += more.0;
    *left += more.1;
    *back += more.2;
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

/// A parcel that left an order is the one that left inventory; both bear the same UUID.
pub(in super::super) fn parcel(
    parcel: &ParcelClaim,
    found: Option<&ParcelEntry>,
    report: &mut Report,
) {
    let same = |found: &ParcelEntry| {
        let ours: BTreeMap<_, _> = parcel.lines.iter().map(|(sku, pieces)| (sku, pieces)).collect();
        let theirs = found.lines.iter().map(|(sku, pieces)| (sku, pieces)).collect();
        found.reservation_id.uuid() == parcel.order.uuid() && ours == theirs
    };
    // One that is being prepared may have left already, and not be known to.
    let agrees = found.map_or(!parcel.left, same);
    report.expect(agrees, Rule::OrderParcel, parcel.order, || {
        format!("the order has the parcel {parcel:?}, inventory {found:?}")
    });
}

/// A parcel that no order has.
pub(in super::super) fn lone_parcel(orphan: &ParcelEntry, report: &mut Report) {
    report.expect(false, Rule::ParcelWithoutOrder, orphan.reservation_id, || format!("{orphan:?}"));
}

/// What came back of an order stands alike in orders' book and in inventory's.
pub(in super::super) fn returned(order: &OrderEntry, found: &[ReturnEntry], report: &mut Report) {
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
pub(in super::super) fn lone_return(orphan: &ReturnEntry, report: &mut Report) {
    report.expect(false, Rule::ReturnWithoutOrder, orphan.reservation_id, || {
        format!("{:?} came back", orphan.lines)
    });
}

fn is_return_of(found: &ReturnEntry, order: &OrderEntry, claim: &ReturnClaim) -> bool {
    found.reservation_id.uuid() == order.id.uuid()
        && found.restocked == claim.restock
        && kept(&found.lines) == claimed(&claim.lines)
}
