//! Lists of orders, newest first. Only ids are filtered and sorted; the orders of a page are read at
//! the end, with their lines and histories in a few statements for all.

use std::collections::BTreeMap;

use techtrove_core::{Timestamp, TypedId as _};
use techtrove_db::{DbError, IntoValue, Tx, Value, p};
use techtrove_identity_api::UserId;
use techtrove_orders_api::{OrderId, OrderStatus};
use uuid::Uuid;

use super::{
    orders::{read_line, read_order, select_history, select_lines, select_orders},
    refunds::{read_refund, select_refunds},
    returns::{read_return, read_returned, select_returned, select_returns},
    shipments::{read_parcel, read_pieces, select_parcels, select_pieces},
    tracking::read_station,
};
use crate::domain::{Order, status_word};

/// Which orders are wanted; what is absent does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Of this buyer.
    pub user_id: Option<UserId>,
    /// With this contact.
    pub email: Option<ContactFilter>,
    /// With this number.
    pub number: Option<String>,
    /// Where they stand.
    pub status: Option<OrderStatus>,
    /// Placed then or later.
    pub from: Option<Timestamp>,
    /// Placed then or earlier.
    pub to: Option<Timestamp>,
    /// Attempts that were refused are wanted too.
    pub with_refused: bool,
}

/// A contact which orders are looked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactFilter {
    /// The address, case-folded.
    pub folded: String,
    /// The user whose account has it: orders without an address of their own are written to there.
    pub account: Option<UserId>,
}

/// Where a page begins: behind the order that was placed then and has this id.
pub type OrderCursor = (Timestamp, OrderId);

/// How many orders are read at once.
const CHUNK: usize = 20;

/// One of [`CHUNK`] ids.
macro_rules! one_of_chunk {
    ($column:literal, $rest:literal) => {
        concat!(
            "WHERE ",
            $column,
            " IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ",
            $rest
        )
    };
}

/// Orders with the contact.
macro_rules! of_contact {
    () => {
        "(email_folded = ? OR (email_folded IS NULL AND user_id = ?)) AND "
    };
}

/// A page's ids, by conditions of their own. A refused attempt is shown only where `refused` may be
/// true; the range of `created_at` lets an index begin where the page does.
macro_rules! page {
    ($($condition:expr),*) => {
        concat!(
            "SELECT id FROM orders WHERE ",
            $($condition,)*
            "refused <= ? AND created_at >= ? AND created_at <= ? AND (created_at < ? OR id < ?) \
             ORDER BY created_at DESC, id DESC LIMIT ?"
        )
    };
}

/// At most `limit` orders, newest first, behind `after` where it is given.
///
/// # Errors
/// When the database fails.
pub fn list_orders(
    tx: &mut Tx<'_>,
    filter: &OrderFilter,
    after: Option<OrderCursor>,
    limit: usize,
) -> Result<Vec<Order>, DbError> {
    let ids = list_ids(tx, filter, after, limit)?;
    let mut orders = read_orders(tx, &ids)?;
    orders.retain(|order| filter.admits(order));
    Ok(orders)
}

/// The orders of these ids, in this order.
pub(super) fn read_orders(tx: &mut Tx<'_>, ids: &[OrderId]) -> Result<Vec<Order>, DbError> {
    let mut orders = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        orders.extend(read_chunk(tx, chunk)?);
    }
    Ok(orders)
}

fn list_ids(
    tx: &mut Tx<'_>,
    filter: &OrderFilter,
    after: Option<OrderCursor>,
    limit: usize,
) -> Result<Vec<OrderId>, DbError> {
    let OrderFilter { number, user_id, email, .. } = filter;
    let status = filter.status.map(status_word);
    let given = (number.is_some(), user_id.is_some(), email.is_some(), status.is_some());
    let text = match given {
        // A number names one order: what else is wanted of it is looked at once it is read.
        (true, ..) => page!("number = ? AND "),
        (_, false, false, false) => page!(""),
        (_, false, false, true) => page!("status = ? AND "),
        (_, false, true, false) => page!(of_contact!()),
        (_, false, true, true) => page!(of_contact!(), "status = ? AND "),
        (_, true, false, false) => page!("user_id = ? AND "),
        (_, true, false, true) => page!("user_id = ? AND status = ? AND "),
        (_, true, true, false) => page!("user_id = ? AND ", of_contact!()),
        (_, true, true, true) => page!("user_id = ? AND ", of_contact!(), "status = ? AND "),
    };
    // Without an account, nobody's.
    let account = email.as_ref().map(|contact| contact.account.map_or(Uuid::nil(), UserId::uuid));
    let keys = match number {
        Some(number) => [Some(number.into_stored()), None, None, None],
        None => [
            user_id.as_ref().map(IntoValue::into_stored),
            email.as_ref().map(|contact| contact.folded.into_stored()),
            account.as_ref().map(IntoValue::into_stored),
            status.as_ref().map(IntoValue::into_stored),
        ],
    };
    let (earliest, latest) = (Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    let (from, to) = (filter.from.unwrap_or(earliest), filter.to.unwrap_or(latest));
    let (before, before_id) = after.unwrap_or((latest, OrderId::from_uuid(Uuid::max())));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let range = p![filter.with_refused, from, to.min(before), before, before_id, limit];
    let values = keys.into_iter().flatten().chain(range.iter().cloned());
    tx.query(text, values.collect::<Vec<Value<'_>>>(), |row| row.get(0))
}

/// Up to [`CHUNK`] orders, in the order of their ids here.
fn read_chunk(tx: &mut Tx<'_>, ids: &[OrderId]) -> Result<Vec<Order>, DbError> {
    let places = ids.iter().chain(ids.last().into_iter().cycle()).take(CHUNK);
    let places: Vec<Value<'_>> = places.map(IntoValue::into_stored).collect();
    let found = tx.query(select_orders!(one_of_chunk!("id", "")), &places, read_order)?;
    // Few orders have any: the usual page costs nothing more.
    let has_parcels = found.iter().any(|(_, has)| has.shipments);
    let has_refunds = found.iter().any(|(_, has)| has.refunds);
    let has_returns = found.iter().any(|(_, has)| has.returns);
    let mut found: BTreeMap<OrderId, Order> =
        found.into_iter().map(|(order, ..)| (order.id, order)).collect();
    tx.query(
        select_lines!(one_of_chunk!("order_id", "ORDER BY order_id, line_no")),
        &places,
        |row| {
            if let Some(order) = found.get_mut(&row.get(0)?) {
                order.lines.push(read_line(row, order.totals.total.currency)?);
            }
            Ok(())
        },
    )?;
    tx.query(
        select_history!(one_of_chunk!("order_id", "ORDER BY order_id, entry_no")),
        &places,
        |row| {
            if let Some(order) = found.get_mut(&row.get(0)?) {
                order.history.push(read_station(row, 1)?);
            }
            Ok(())
        },
    )?;
    if has_parcels {
        read_parcels(tx, &places, &mut found)?;
    }
    if has_refunds {
        tx.query(
            select_refunds!(one_of_chunk!("order_id", "ORDER BY order_id, refund_no")),
            &places,
            |row| {
                if let Some(order) = found.get_mut(&row.get(0)?) {
                    order.refunds.push(read_refund(row)?);
                }
                Ok(())
            },
        )?;
    }
    if has_returns {
        read_returns(tx, &places, &mut found)?;
    }
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

fn read_returns(
    tx: &mut Tx<'_>,
    places: &[Value<'_>],
    found: &mut BTreeMap<OrderId, Order>,
) -> Result<(), DbError> {
    tx.query(
        select_returns!(one_of_chunk!("order_id", "ORDER BY order_id, return_no")),
        places,
        |row| {
            if let Some(order) = found.get_mut(&row.get(0)?) {
                order.returns.push(read_return(row)?);
            }
            Ok(())
        },
    )?;
    tx.query(
        select_returned!(one_of_chunk!("r.order_id", "ORDER BY l.return_id, l.line_no")),
        places,
        |row| {
            let (order, (back, pieces)) = (row.get(0)?, read_returned(row)?);
            let returns = found.get_mut(&order).into_iter().flat_map(|order| &mut order.returns);
            returns.filter(|known| known.id == back).for_each(|known| known.pieces.push(pieces));
            Ok(())
        },
    )?;
    Ok(())
}

fn read_parcels(
    tx: &mut Tx<'_>,
    places: &[Value<'_>],
    found: &mut BTreeMap<OrderId, Order>,
) -> Result<(), DbError> {
    tx.query(
        select_parcels!(one_of_chunk!("order_id", "ORDER BY order_id, shipment_no")),
        places,
        |row| {
            if let Some(order) = found.get_mut(&row.get(0)?) {
                order.shipments.push(read_parcel(row)?);
            }
            Ok(())
        },
    )?;
    tx.query(
        select_pieces!(one_of_chunk!("s.order_id", "ORDER BY l.shipment_id, l.line_no")),
        places,
        |row| {
            let (order, (parcel, pieces)) = (row.get(0)?, read_pieces(row)?);
            let parcels = found.get_mut(&order).into_iter().flat_map(|order| &mut order.shipments);
            parcels.filter(|known| known.id == parcel).for_each(|known| known.pieces.push(pieces));
            Ok(())
        },
    )?;
    Ok(())
}

impl OrderFilter {
    fn admits(&self, order: &Order) -> bool {
        self.user_id.is_none_or(|user| order.user_id == Some(user))
            && self.email.as_ref().is_none_or(|contact| contact.admits(order))
            && self.status.is_none_or(|status| order.status == status)
    }
}

impl ContactFilter {
    fn admits(&self, order: &Order) -> bool {
        match &order.email {
            Some(email) => email.folded() == self.folded,
            None => self.account.is_some() && order.user_id == self.account,
        }
    }
}
