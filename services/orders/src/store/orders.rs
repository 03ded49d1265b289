//! Orders with their lines and history; their parcels and refunds are in files of their own.

use serde::Serialize;
use techtrove_core::{Currency, EmailAddress, Money, Quantity, planted};
use techtrove_db::{DbError, Params, Row, Sql, Tx, p};
use techtrove_orders_api::{OrderId, OrderStatus, Totals};

use super::{
    adoption::adopted,
    refunds, returns, shipments,
    tracking::{entry_row, read_station, status_row},
};
use crate::domain::{
    Address, Delivery, EntryKind, HistoryEntry, Line, Order, OrderNumber, PaymentState,
    ShipmentStatus, fulfilment_from_word, fulfilment_word, payment_status_from_word,
    payment_status_word, saga::Change, status_from_word, status_word,
};

/// Orders as [`read_order`] reads them, with what stands behind their table.
macro_rules! select_orders {
    ($rest:expr) => {
        concat!(
            "SELECT id, number, user_id, email, status, refused, payment_id, payment_provider, \
             payment_status, captured, shipping_method, shipping_address, billing_address, \
             currency, subtotal, discount, shipping, tax, total, version, created_at, updated_at, \
             cart_id, prices_include_tax, refunded, next_action, attempt, cancel_asked, \
             shipment_count, refund_count, note, return_count, languages FROM orders ",
            $rest
        )
    };
}

/// Lines as [`read_line`] reads them; the first column is their order.
macro_rules! select_lines {
    ($rest:expr) => {
        concat!(
            "SELECT order_id, sku, product_id, variant_id, name, fulfilment, quantity, unit_price, \
             total, tax, shipped, returned FROM order_lines ",
            $rest
        )
    };
}

/// Stations as [`read_station`] reads them from the second column on; the first one is their order.
macro_rules! select_history {
    ($rest:expr) => {
        concat!(
            "SELECT order_id, status, at, note FROM (SELECT order_id, entry_no, status, at, note \
             FROM order_history WHERE kind = 'status') stations ",
            $rest
        )
    };
}

pub(super) use {select_history, select_lines, select_orders};

const INSERT_ORDER: Sql = Sql::new(
    "INSERT INTO orders (id, number, user_id, email, email_folded, status, refused, payment_id, \
     payment_provider, payment_status, captured, shipping_method, shipping_address, billing_address, \
     currency, subtotal, discount, shipping, tax, total, version, created_at, updated_at, \
     cart_id, live_cart_id, prices_include_tax, languages) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

const INSERT_LINE: Sql = Sql::new(
    "INSERT INTO order_lines (order_id, line_no, sku, product_id, variant_id, name, fulfilment, \
     quantity, unit_price, total, tax) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

const INSERT_HISTORY: Sql = Sql::new(
    "INSERT INTO order_history (order_id, entry_no, status, at, note) VALUES (?, ?, ?, ?, ?)",
);

const MOVE_ORDER: Sql = Sql::new(
    "UPDATE orders SET status = ?, payment_status = ?, captured = ?, refunded = ?, next_action = ?, \
     attempt = ?, cancel_asked = ?, shipment_count = ?, refund_count = ?, return_count = ?, updated_at = ? WHERE id = ?",
);

const FORGET_BUYER: Sql = Sql::new(
    "UPDATE orders SET refused = ?, number = NULL, email = NULL, email_folded = NULL, \
     shipping_method = NULL, shipping_address = NULL, billing_address = NULL, note = NULL, \
     languages = NULL \
     WHERE id = ?",
);

/// Stores a new order with its lines and history.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its number is another's, or its cart has become an order.
pub fn insert_order(tx: &mut Tx<'_>, order: &Order) -> Result<(), DbError> {
    let delivery = &order.delivery;
    let shipping_address = to_json(delivery.shipping_address.as_ref())?;
    let billing_address = to_json(delivery.billing_address.as_ref())?;
    let email_folded = order.email.as_ref().map(EmailAddress::folded);
    let languages = (!order.languages.is_empty()).then(|| order.languages.join(","));
    let totals = &order.totals;
    let row = p![
        order.id,
        order.number.as_ref().map(OrderNumber::as_str),
        order.user_id,
        order.email,
        email_folded,
        status_word(order.status),
        order.refused,
        order.payment.id,
        order.payment.provider,
        payment_status_word(order.payment.status),
        order.payment.captured,
        delivery.method,
        shipping_address,
        billing_address,
        totals.total.currency,
        totals.subtotal.amount,
        totals.discount.amount,
        totals.shipping.amount,
        totals.tax.amount,
        totals.total.amount,
        order.version,
        order.created_at,
        order.updated_at,
        order.cart_id,
        order.cart_id.filter(|_| !order.refused && !planted("cart-bought-twice")),
        order.prices_include_tax,
        languages,
    ];
    let mut statements = vec![(INSERT_ORDER, row)];
    statements
        .extend((1_i64..).zip(&order.lines).map(|(number, line)| line_row(order, number, line)));
    statements.extend(
        (1_i64..).zip(&order.history).map(|(number, entry)| history_row(order, number, entry)),
    );
    tx.execute_many(&statements)?;
    Ok(())
}

fn line_row<'a>(order: &'a Order, number: i64, line: &'a Line) -> (Sql, Params<'a>) {
    let row = p![
        order.id,
        number,
        line.sku,
        line.product_id,
        line.variant_id,
        line.name,
        fulfilment_word(line.fulfilment),
        line.quantity,
        line.unit_price.amount,
        line.total.amount,
        line.tax.amount,
    ];
    (INSERT_LINE, row)
}

fn history_row<'a>(order: &'a Order, number: i64, entry: &'a HistoryEntry) -> (Sql, Params<'a>) {
    (INSERT_HISTORY, p![order.id, number, status_word(entry.status), entry.at, entry.note])
}

/// Stores the order as `change` has left it; `stations` of its history are stored already. Whoever
/// tracks it is told of its payment when `change` has one, of parcels that left, and of new stations.
///
/// # Errors
/// When the database fails.
pub fn store_moved(
    tx: &mut Tx<'_>,
    order: &Order,
    change: &Change,
    stations: usize,
) -> Result<(), DbError> {
    let next_action = to_json(order.payment.next_action.as_ref())?;
    let news = news(order, change)?;
    let row = p![
        status_word(order.status),
        payment_status_word(order.payment.status),
        order.payment.captured,
        order.payment.refunded,
        next_action,
        order.attempt,
        order.cancel_asked,
        count(&order.shipments),
        count(&order.refunds),
        count(&order.returns),
        order.updated_at,
        order.id,
    ];
    let mut statements = vec![(MOVE_ORDER, row)];
    statements.extend(shipments::changed(order, &change.shipments));
    statements.extend(refunds::changed(order, &change.refunds));
    statements.extend(returns::changed(order, &change.returns));
    statements.extend(news.iter().map(|(kind, data)| entry_row(order, *kind, data)));
    let new = order.history.iter().skip(stations);
    statements.extend(new.map(|entry| status_row(order, entry)));
    if change.status == Some(OrderStatus::Confirmed) && order.user_id.is_none() {
        statements.push(adopted(order));
    }
    if change.forgets_buyer {
        statements.push((FORGET_BUYER, p![true, order.id]));
    }
    tx.execute_many(&statements)?;
    Ok(())
}

/// What the buyer is told beside the stations: of the payment, then of the parcels that left.
fn news(order: &Order, change: &Change) -> Result<Vec<(EntryKind, String)>, DbError> {
    let payment = change.payment.as_ref().map(|_| {
        let news = serde_json::to_string(&order.payment_news()).map_err(DbError::decode)?;
        Ok((EntryKind::Payment, news))
    });
    let left = change.shipments.iter().filter(|parcel| parcel.status == ShipmentStatus::Shipped);
    let parcels = left.map(|parcel| {
        let news = serde_json::to_string(&parcel.shown(order)).map_err(DbError::decode)?;
        Ok((EntryKind::Shipment, news))
    });
    payment.into_iter().chain(parcels).collect()
}

fn count<T>(items: &[T]) -> i64 {
    i64::try_from(items.len()).unwrap_or(i64::MAX)
}

/// The order of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Order>, DbError> {
    let found = tx.query_opt(select_orders!("WHERE id = ?"), p![id], read_order)?;
    let Some((mut order, has)) = found else { return Ok(None) };
    let currency = order.totals.total.currency;
    order.lines =
        tx.query(select_lines!("WHERE order_id = ? ORDER BY line_no"), p![id], |row| {
            read_line(row, currency)
        })?;
    order.history =
        tx.query(select_history!("WHERE order_id = ? ORDER BY entry_no"), p![id], |row| {
            read_station(row, 1)
        })?;
    // Few orders have any: the usual look at one costs nothing more.
    if has.shipments {
        order.shipments = shipments::of_order(tx, id)?;
    }
    if has.refunds {
        order.refunds = refunds::of_order(tx, id)?;
    }
    if has.returns {
        order.returns = returns::of_order(tx, id)?;
    }
    Ok(Some(order))
}

/// Which lists an order has that most have not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Has {
    pub shipments: bool,
    pub refunds: bool,
    pub returns: bool,
}

/// The order without its lists, and which of them it has.
pub(super) fn read_order(row: &Row<'_>) -> Result<(Order, Has), DbError> {
    let status = row.get::<String>(4)?;
    let payment_status = row.get::<String>(8)?;
    let next_action = row.get::<Option<String>>(25)?;
    let next_action = next_action.map(|json| serde_json::from_str(&json)).transpose();
    let order = Order {
        id: row.get(0)?,
        number: row.get::<Option<String>>(1)?.map(OrderNumber::stored),
        user_id: row.get(2)?,
        email: row.get(3)?,
        status: status_from_word(&status).map_err(DbError::decode)?,
        refused: row.get(5)?,
        payment: PaymentState {
            id: row.get(6)?,
            provider: row.get(7)?,
            status: payment_status_from_word(&payment_status).map_err(DbError::decode)?,
            captured: row.get(9)?,
            refunded: row.get(24)?,
            next_action: next_action.map_err(DbError::decode)?,
        },
        delivery: Delivery {
            method: row.get(10)?,
            shipping_address: from_json(row.get(11)?)?,
            billing_address: from_json(row.get(12)?)?,
        },
        lines: Vec::new(),
        totals: read_totals(row)?,
        note: row.get(30)?,
        history: Vec::new(),
        attempt: row.get(26)?,
        cancel_asked: row.get(27)?,
        shipments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        version: row.get(19)?,
        created_at: row.get(20)?,
        updated_at: row.get(21)?,
        cart_id: row.get(22)?,
        prices_include_tax: row.get(23)?,
        languages: languages(row.get(32)?),
    };
    let some = |index| Ok::<_, DbError>(row.get::<i64>(index)? > 0);
    Ok((order, Has { shipments: some(28)?, refunds: some(29)?, returns: some(31)? }))
}

/// The languages as they were stored, one behind the other.
fn languages(stored: Option<String>) -> Vec<String> {
    stored.map_or_else(Vec::new, |text| text.split(',').map(str::to_owned).collect())
}

fn read_totals(row: &Row<'_>) -> Result<Totals, DbError> {
    let currency: Currency = row.get(13)?;
    let money = |index| Ok::<_, DbError>(Money::new(row.get(index)?, currency));
    Ok(Totals {
        subtotal: money(14)?,
        discount: money(15)?,
        shipping: money(16)?,
        tax: money(17)?,
        total: money(18)?,
    })
}

/// A line of an order in this currency.
pub(super) fn read_line(row: &Row<'_>, currency: Currency) -> Result<Line, DbError> {
    let fulfilment = row.get::<String>(5)?;
    let money = |index| Ok::<_, DbError>(Money::new(row.get(index)?, currency));
    Ok(Line {
        sku: row.get(1)?,
        product_id: row.get(2)?,
        variant_id: row.get(3)?,
        name: row.get(4)?,
        fulfilment: fulfilment_from_word(&fulfilment).map_err(DbError::decode)?,
        quantity: row.get::<Quantity>(6)?,
        unit_price: money(7)?,
        total: money(8)?,
        tax: money(9)?,
        shipped: row.get(10)?,
        returned: row.get(11)?,
    })
}

/// A value as the JSON that is stored.
pub(super) fn to_json<T: Serialize>(value: Option<&T>) -> Result<Option<String>, DbError> {
    value.map(serde_json::to_string).transpose().map_err(DbError::decode)
}

fn from_json(text: Option<String>) -> Result<Option<Address>, DbError> {
    // The error of a text that does not fit may quote it: an address is for nobody's log.
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|_| DbError::decode("an address"))
}
