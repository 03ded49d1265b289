//! The orders' book: what the other services' books must mirror, and what an order's own tables must agree on,
//! page by page. What belongs to the orders of a page is read for all of them at once.

use std::collections::BTreeMap;

use techtrove_catalog_api::Fulfilment;
use techtrove_core::{BookPage, Money, Timestamp};
use techtrove_db::{Book, DbError, Row, Rows, Sql, Tx, Wanted};
use techtrove_orders_api::{
    CartClaim, HistoryClaim, LineEntry, OrderEntry, OrderStatus, ParcelCount, Parts, RefundClaim,
    RefundClaimState, ReturnClaim, ReturnStatus, StockClaim,
};
use techtrove_payments_api::{PaymentId, PaymentStatus};
use uuid::Uuid;

use super::sagas;
use crate::domain::{
    Booking, EntryKind, RefundStatus, ShipmentStatus, booking_from_word, entry_kind_from_word,
    fulfilment_from_word, payment_status_word, refund_status_from_word, return_status_from_word,
    saga::Step, shipment_status_from_word, status_from_word, stock_claim,
};

const ORDERS: Rows = Rows::of(
    "orders, carts",
    Sql::new(
        "SELECT o.id, o.status, o.payment_id, o.total, o.currency, o.captured, \
     o.updated_at, o.version, o.refunded, o.subtotal, o.discount, o.shipping, o.tax, \
     o.prices_include_tax, o.payment_status, o.refused, o.number, o.cart_id, o.live_cart_id, \
     c.status, c.order_id, o.email, o.payment_provider, o.cancel_asked, o.created_at \
     FROM orders o LEFT JOIN carts c ON c.id = o.cart_id WHERE o.id > ? ORDER BY o.id LIMIT ?",
    ),
);

const LINES: Rows = Rows::of(
    "order_lines",
    Sql::new(
        "SELECT order_id, line_no, sku, fulfilment, quantity, unit_price, total, tax, \
     shipped, returned FROM order_lines WHERE order_id > ? AND order_id <= ? \
     ORDER BY order_id, line_no",
    ),
);

const HISTORY: Rows = Rows::of(
    "order_history",
    Sql::new(
        "SELECT order_id, entry_no, kind, status FROM order_history \
     WHERE order_id > ? AND order_id <= ? ORDER BY order_id, entry_no",
    ),
);

const REFUNDS: Rows = Rows::of(
    "refunds",
    Sql::new(
        "SELECT order_id, id, amount, status FROM refunds \
     WHERE order_id > ? AND order_id <= ? ORDER BY order_id, refund_no",
    ),
);

/// Parcels with their pieces; one that lost all of them shows with none.
const PARCELS: Rows = Rows::of(
    "shipments, shipment_lines",
    Sql::new(
        "SELECT s.order_id, s.id, s.status, p.line_no, p.quantity FROM shipments s \
     LEFT JOIN shipment_lines p ON p.shipment_id = s.id \
     WHERE s.order_id > ? AND s.order_id <= ? ORDER BY s.order_id, s.shipment_no",
    ),
);

const RETURNS: Rows = Rows::of(
    "returns, return_lines",
    Sql::new(
        "SELECT r.order_id, r.id, r.status, r.booking, r.restock, p.line_no, p.quantity \
     FROM returns r LEFT JOIN return_lines p ON p.return_id = r.id \
     WHERE r.order_id > ? AND r.order_id <= ? ORDER BY r.order_id, r.return_no, p.line_no",
    ),
);

/// The page of orders that is wanted, in the order of their ids.
///
/// # Errors
/// When the database fails.
pub fn list_entries(
    tx: &mut Tx<'_>,
    wanted: &Wanted<Uuid>,
) -> Result<BookPage<OrderEntry>, DbError> {
    let mut book = Book::read(tx, wanted, &ORDERS, read_entry)?;
    let steps = book.details(tx, &sagas::OF_PAGE, sagas::read_saga)?;
    let lines = book.details(tx, &LINES, read_line)?;
    let history = book.details(tx, &HISTORY, read_station)?;
    let refunds = book.details(tx, &REFUNDS, read_refund)?;
    let parcels = book.details(tx, &PARCELS, read_parcel)?;
    let returns = book.details(tx, &RETURNS, read_return)?;
    let mut page = Page::of(book.entries());
    steps.iter().for_each(|(order, stored)| page.add_step(*order, stored.saga.step));
    lines.into_iter().for_each(|(order, (number, line))| page.add_line(order, number, line));
    history.iter().for_each(|(order, entry)| page.add_history(*order, entry));
    for (order, refund) in refunds {
        page.change(order, |entry| entry.refunds.push(refund));
    }
    parcels.iter().for_each(|(order, parcel)| page.add_parcel(*order, parcel));
    returns.iter().for_each(|(order, back)| page.add_return(*order, back));
    Ok(book.finish())
}

/// The orders of a page, in the order of their ids, and the numbers of their lines.
struct Page<'a> {
    entries: &'a mut [(Uuid, OrderEntry)],
    lines: BTreeMap<(Uuid, i64), (usize, usize)>,
    last_parcel: Option<Uuid>,
    last_return: Option<Uuid>,
}

/// An entry of an order's history.
struct Station {
    number: u32,
    kind: EntryKind,
    status: techtrove_orders_api::OrderStatus,
}

/// Pieces of a line, if there are any.
#[derive(Clone, Copy)]
struct Pieces {
    line: i64,
    quantity: u32,
}

/// A parcel with pieces of one of its lines.
struct Parcel {
    id: Uuid,
    status: ShipmentStatus,
    pieces: Option<Pieces>,
}

/// A return with pieces of one of its lines.
struct Back {
    id: Uuid,
    status: ReturnStatus,
    booking: Booking,
    restock: bool,
    pieces: Option<Pieces>,
}

impl<'a> Page<'a> {
    fn of(entries: &'a mut [(Uuid, OrderEntry)]) -> Self {
        Self { entries, lines: BTreeMap::new(), last_parcel: None, last_return: None }
    }

    fn place(&self, order: Uuid) -> Option<usize> {
        self.entries.binary_search_by_key(&order, |(id, _)| *id).ok()
    }

    fn change(&mut self, order: Uuid, change: impl FnOnce(&mut OrderEntry)) {
        if let Some(place) = self.place(order) {
            change(&mut self.entries[place].1);
        }
    }

    fn add_step(&mut self, order: Uuid, step: Step) {
        self.change(order, |entry| {
            entry.stock = stock_of(entry.status, Some(step), &entry.payment_status);
            entry.settled = false;
            entry.refunding = step == Step::Refund;
        });
    }

    fn add_line(&mut self, order: Uuid, number: i64, line: LineEntry) {
        if let Some(place) = self.place(order) {
            let lines = &mut self.entries[place].1.lines;
            self.lines.insert((order, number), (place, lines.len()));
            lines.push(line);
        }
    }

    /// The line that pieces are of; none when there is no such line.
    fn line(&mut self, order: Uuid, pieces: Pieces) -> Option<&mut LineEntry> {
        let (place, line) = self.lines.get(&(order, pieces.line))?;
        self.entries[*place].1.lines.get_mut(*line)
    }

    fn add_history(&mut self, order: Uuid, station: &Station) {
        self.change(order, |entry| {
            let history = &mut entry.history;
            history.entries = history.entries.saturating_add(1);
            history.last = station.number;
            if station.kind == EntryKind::Status {
                history.stations.push(station.status);
            }
        });
    }

    fn add_parcel(&mut self, order: Uuid, parcel: &Parcel) {
        let is_new = self.last_parcel.replace(parcel.id) != Some(parcel.id);
        let left = parcel.status == ShipmentStatus::Shipped;
        let mut travels = false;
        if let Some(pieces) = parcel.pieces
            && let Some(line) = self.line(order, pieces)
        {
            travels = !line.digital;
            if left {
                line.in_parcels = line.in_parcels.saturating_add(pieces.quantity);
            }
        }
        let preparing = u32::from(is_new && parcel.status == ShipmentStatus::Preparing);
        // What travels and what does not are in parcels of their own.
        let travelled = u32::from(is_new && left && travels);
        self.change(order, |entry| {
            entry.parcels.preparing = entry.parcels.preparing.saturating_add(preparing);
            entry.parcels.travelled = entry.parcels.travelled.saturating_add(travelled);
        });
    }

    fn add_return(&mut self, order: Uuid, back: &Back) {
        let is_new = self.last_return.replace(back.id) != Some(back.id);
        let mut line = None;
        if let Some(pieces) = back.pieces
            && let Some(of) = self.line(order, pieces)
        {
            if back.status != ReturnStatus::Rejected {
                of.in_returns = of.in_returns.saturating_add(pieces.quantity);
            }
            line = Some((of.sku.clone(), pieces.quantity));
        }
        self.change(order, |entry| match back.booking {
            Booking::Booked if is_new => {
                let lines = line.into_iter().collect();
                entry.returns.push(ReturnClaim { id: back.id, restock: back.restock, lines });
            }
            Booking::Booked => {
                if let Some(claim) = entry.returns.last_mut() {
                    claim.lines.extend(line);
                }
            }
            Booking::Pending => {
                entry.unbooked_returns = entry.unbooked_returns.saturating_add(u32::from(is_new));
            }
            Booking::None | Booking::Refused => {}
        });
    }
}

/// What inventory must show for an order with this step to take.
fn stock_of(status: OrderStatus, step: Option<Step>, payment_status: &str) -> StockClaim {
    let awaits_buyer = payment_status == payment_status_word(PaymentStatus::RequiresAction);
    stock_claim(status, step, awaits_buyer)
}

/// An order's entry, but for its lists and its step, with what else its service reads of the row.
fn read_entry(row: &Row<'_>) -> Result<OrderEntry, DbError> {
    let status = row.get::<String>(1)?;
    let status = status_from_word(&status).map_err(DbError::decode)?;
    let payment_status = row.get::<String>(14)?;
    row.get::<i64>(7)?;
    row.get::<Timestamp>(24)?;
    Ok(OrderEntry {
        id: row.get(0)?,
        status,
        stock: stock_of(status, None, &payment_status),
        refused: row.get(15)?,
        numbered: row.get::<Option<String>>(16)?.is_some(),
        contact: row.get::<Option<String>>(21)?.is_some(),
        lines: Vec::new(),
        parcels: ParcelCount::default(),
        payment: techtrove_core::TypedId::uuid(row.get::<PaymentId>(2)?),
        provider: row.get(22)?,
        payment_status,
        total: Money::new(row.get(3)?, row.get(4)?),
        parts: Parts {
            subtotal: row.get(9)?,
            discount: row.get(10)?,
            shipping: row.get(11)?,
            tax: row.get(12)?,
            prices_include_tax: row.get(13)?,
        },
        captured: row.get(5)?,
        refunded: row.get(8)?,
        refunds: Vec::new(),
        returns: Vec::new(),
        unbooked_returns: 0,
        history: HistoryClaim::default(),
        cart: read_cart(row)?,
        settled: true,
        refunding: false,
        cancel_asked: row.get::<Option<String>>(23)?.is_some(),
        updated_at: row.get(6)?,
    })
}

fn read_cart(row: &Row<'_>) -> Result<Option<CartClaim>, DbError> {
    let Some(cart) = row.get::<Option<Uuid>>(17)? else { return Ok(None) };
    let live = row.get::<Option<Uuid>>(18)? == Some(cart);
    Ok(Some(CartClaim { live, status: row.get(19)?, order: row.get(20)? }))
}

fn read_line(row: &Row<'_>) -> Result<(i64, LineEntry), DbError> {
    let fulfilment = row.get::<String>(3)?;
    let fulfilment = fulfilment_from_word(&fulfilment).map_err(DbError::decode)?;
    let line = LineEntry {
        sku: row.get(2)?,
        digital: fulfilment != Fulfilment::Physical,
        quantity: row.get(4)?,
        unit_price: row.get(5)?,
        total: row.get(6)?,
        tax: row.get(7)?,
        shipped: row.get(8)?,
        returned: row.get(9)?,
        in_parcels: 0,
        in_returns: 0,
    };
    Ok((row.get(1)?, line))
}

fn read_station(row: &Row<'_>) -> Result<Station, DbError> {
    let (kind, status) = (row.get::<String>(2)?, row.get::<String>(3)?);
    Ok(Station {
        number: row.get(1)?,
        kind: entry_kind_from_word(&kind).map_err(DbError::decode)?,
        status: status_from_word(&status).map_err(DbError::decode)?,
    })
}

fn read_refund(row: &Row<'_>) -> Result<RefundClaim, DbError> {
    let state = refund_status_from_word(&row.get::<String>(3)?).map_err(DbError::decode)?;
    let state = match state {
        RefundStatus::Pending => RefundClaimState::Pending,
        RefundStatus::Succeeded => RefundClaimState::Made,
        RefundStatus::Failed => RefundClaimState::Failed,
    };
    Ok(RefundClaim { id: row.get(1)?, amount: row.get(2)?, state })
}

fn read_parcel(row: &Row<'_>) -> Result<Parcel, DbError> {
    let status = row.get::<String>(2)?;
    let status = shipment_status_from_word(&status).map_err(DbError::decode)?;
    Ok(Parcel { id: row.get(1)?, status, pieces: read_pieces(row, 3)? })
}

fn read_return(row: &Row<'_>) -> Result<Back, DbError> {
    let (status, booking) = (row.get::<String>(2)?, row.get::<String>(3)?);
    Ok(Back {
        id: row.get(1)?,
        status: return_status_from_word(&status).map_err(DbError::decode)?,
        booking: booking_from_word(&booking).map_err(DbError::decode)?,
        restock: row.get::<Option<bool>>(4)?.unwrap_or(false),
        pieces: read_pieces(row, 5)?,
    })
}

/// Number and pieces of a line, from this column on.
fn read_pieces(row: &Row<'_>, first: usize) -> Result<Option<Pieces>, DbError> {
    let line = row.get::<Option<i64>>(first)?.zip(row.get::<Option<u32>>(first + 1)?);
    Ok(line.map(|(line, quantity)| Pieces { line, quantity }))
}
