//! Orders with their lines and history.

use techtrove_core::{Currency, Money, Quantity};
use techtrove_db::{DbError, Params, Row, Sql, Tx, p};
use techtrove_orders_api::{OrderId, Totals};

use super::tracking::{entry_row, list_history, status_row};
use crate::domain::{
    Address, Delivery, EntryKind, HistoryEntry, Line, Order, OrderNumber, PaymentState,
    fulfilment_from_word, fulfilment_word, payment_status_from_word, payment_status_word,
    status_from_word, status_word,
};

const INSERT_ORDER: Sql = Sql::new(
    "INSERT INTO orders (id, number, user_id, email, status, refused, payment_id, payment_provider, \
     payment_status, captured, shipping_method, shipping_address, billing_address, currency, \
     subtotal, discount, shipping, tax, total, version, created_at, updated_at, \
     cart_id, live_cart_id, prices_include_tax) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

const INSERT_LINE: Sql = Sql::new(
    "INSERT INTO order_lines (order_id, line_no, sku, product_id, variant_id, name, fulfilment, \
     quantity, unit_price, total, tax) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
);

const INSERT_HISTORY: Sql = Sql::new(
    "INSERT INTO order_history (order_id, entry_no, status, at, note) VALUES (?, ?, ?, ?, ?)",
);

const MOVE_ORDER: Sql = Sql::new(
    "UPDATE orders SET status = ?, payment_status = ?, captured = ?, updated_at = ? WHERE id = ?",
);

const FORGET_BUYER: Sql = Sql::new(
    "UPDATE orders SET refused = ?, number = NULL, email = NULL, shipping_method = NULL, \
     shipping_address = NULL, billing_address = NULL WHERE id = ?",
);

/// Stores a new order with its lines and history.
///
/// # Errors
/// [`DbError::UniqueViolation`] when its number is another's, or its cart has become an order.
pub fn insert_order(tx: &mut Tx<'_>, order: &Order) -> Result<(), DbError> {
    let delivery = &order.delivery;
    let shipping_address = to_json(delivery.shipping_address.as_ref())?;
    let billing_address = to_json(delivery.billing_address.as_ref())?;
    let totals = &order.totals;
    let row = p![
        order.id,
        order.number.as_ref().map(OrderNumber::as_str),
        order.user_id,
        order.email,
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
        order.cart_id.filter(|_| !order.refused),
        order.prices_include_tax,
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

/// What of a moved order has to be stored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moved<'a> {
    /// The order as it is now.
    pub order: &'a Order,
    /// Whether its history has a new station.
    pub has_station: bool,
    /// What its buyer is told of its payment, when that is new.
    pub payment: Option<&'a str>,
    /// Whether its buyer is forgotten.
    pub forgets_buyer: bool,
}

/// The statements which store it.
pub(super) fn moved<'a>(moved: &Moved<'a>) -> Vec<(Sql, Params<'a>)> {
    let order = moved.order;
    let row = p![
        status_word(order.status),
        payment_status_word(order.payment.status),
        order.payment.captured,
        order.updated_at,
        order.id,
    ];
    let mut statements = vec![(MOVE_ORDER, row)];
    if let Some(payment) = moved.payment {
        statements.push(entry_row(order, EntryKind::Payment, payment));
    }
    if let Some(entry) = order.history.last().filter(|_| moved.has_station) {
        statements.push(status_row(order, entry));
    }
    if moved.forgets_buyer {
        statements.push((FORGET_BUYER, p![true, order.id]));
    }
    statements
}

/// The order of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Option<Order>, DbError> {
    let found = tx.query_opt(
        "SELECT id, number, user_id, email, status, refused, payment_id, payment_provider, \
         payment_status, captured, shipping_method, shipping_address, billing_address, currency, \
         subtotal, discount, shipping, tax, total, version, created_at, updated_at, \
         cart_id, prices_include_tax FROM orders WHERE id = ?",
        p![id],
        read_order,
    )?;
    let Some(mut order) = found else { return Ok(None) };
    let currency = order.totals.total.currency;
    order.lines = tx.query(
        "SELECT sku, product_id, variant_id, name, fulfilment, quantity, unit_price, total, tax \
         FROM order_lines WHERE order_id = ? ORDER BY line_no",
        p![id],
        |row| read_line(row, currency),
    )?;
    order.history = list_history(tx, id)?;
    Ok(Some(order))
}

fn read_order(row: &Row<'_>) -> Result<Order, DbError> {
    let status = row.get::<String>(4)?;
    let payment_status = row.get::<String>(8)?;
    Ok(Order {
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
        },
        delivery: Delivery {
            method: row.get(10)?,
            shipping_address: from_json(row.get(11)?)?,
            billing_address: from_json(row.get(12)?)?,
        },
        lines: Vec::new(),
        totals: read_totals(row)?,
        history: Vec::new(),
        version: row.get(19)?,
        created_at: row.get(20)?,
        updated_at: row.get(21)?,
        cart_id: row.get(22)?,
        prices_include_tax: row.get(23)?,
    })
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

fn read_line(row: &Row<'_>, currency: Currency) -> Result<Line, DbError> {
    let fulfilment = row.get::<String>(4)?;
    let money = |index| Ok::<_, DbError>(Money::new(row.get(index)?, currency));
    Ok(Line {
        sku: row.get(0)?,
        product_id: row.get(1)?,
        variant_id: row.get(2)?,
        name: row.get(3)?,
        fulfilment: fulfilment_from_word(&fulfilment).map_err(DbError::decode)?,
        quantity: row.get::<Quantity>(5)?,
        unit_price: money(6)?,
        total: money(7)?,
        tax: money(8)?,
    })
}

fn to_json(address: Option<&Address>) -> Result<Option<String>, DbError> {
    address.map(serde_json::to_string).transpose().map_err(DbError::decode)
}

fn from_json(text: Option<String>) -> Result<Option<Address>, DbError> {
    // The error of a text that does not fit may quote it: an address is for nobody's log.
    text.map(|text| serde_json::from_str(&text))
        .transpose()
        .map_err(|_| DbError::decode("an address"))
}
