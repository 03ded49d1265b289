//! The returns of orders, numbered within each, and what is in them.

use techtrove_core::planted;
use techtrove_db::{DbError, Params, Row, Sql, Tx, p};
use techtrove_orders_api::{OrderId, ReturnId, ReturnStatus};

use super::shipments::line_number;
use crate::domain::{
    Order, Pieces, Return, booking_from_word, booking_word, return_status_from_word,
    return_status_word,
};

const INSERT_RETURN: Sql = Sql::new(
    "INSERT INTO returns (id, order_id, return_no, status, reason, booking, created_at, updated_at) \
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
);

const INSERT_PIECES: Sql =
    Sql::new("INSERT INTO return_lines (return_id, line_no, quantity) VALUES (?, ?, ?)");

const MOVE_RETURN: Sql = Sql::new(
    "UPDATE returns SET status = ?, restock = ?, booking = ?, refund_id = ?, received_under = ?, \
     updated_at = ? WHERE id = ?",
);

/// The table's `CHECK` refuses to send back more than left.
const COUNT_PIECES: Sql =
    Sql::new("UPDATE order_lines SET returned = ? WHERE order_id = ? AND line_no = ?");

/// The statements which store these returns of the order, new ones and those that moved.
pub(super) fn changed<'a>(order: &'a Order, returns: &'a [Return]) -> Vec<(Sql, Params<'a>)> {
    returns
        .iter()
        .flat_map(|back| match back.status {
            ReturnStatus::Requested => {
                let new = requested(order, back);
                new.into_iter().chain(counted(order, back)).collect()
            }
            ReturnStatus::Rejected if planted("rejected-return-left-counted") => vec![moved(back)],
            ReturnStatus::Rejected => {
                std::iter::once(moved(back)).chain(counted(order, back)).collect()
            }
            ReturnStatus::Approved | ReturnStatus::Received => vec![moved(back)],
        })
        .collect()
}

fn requested<'a>(order: &Order, back: &'a Return) -> Vec<(Sql, Params<'a>)> {
    let place = order.returns.iter().position(|known| known.id == back.id);
    let row = p![
        back.id,
        order.id,
        line_number(place.unwrap_or(order.returns.len())),
        return_status_word(back.status),
        back.reason,
        booking_word(back.booking),
        back.created_at,
        back.updated_at,
    ];
    let pieces = back
        .pieces
        .iter()
        .map(|pieces| (INSERT_PIECES, p![back.id, line_number(pieces.line), pieces.quantity]));
    std::iter::once((INSERT_RETURN, row)).chain(pieces).collect()
}

fn moved(back: &Return) -> (Sql, Params<'_>) {
    let row = p![
        return_status_word(back.status),
        back.restock,
        booking_word(back.booking),
        back.refund,
        back.received_under.as_ref().map(<[u8; 32]>::as_slice),
        back.updated_at,
        back.id,
    ];
    (MOVE_RETURN, row)
}

/// The lines' counts as they are with the return.
fn counted<'a>(
    order: &'a Order,
    back: &'a Return,
) -> impl Iterator<Item = (Sql, Params<'a>)> + use<'a> {
    let lines = back.pieces.iter().filter_map(|it| Some((it.line, order.lines.get(it.line)?)));
    lines.map(|(line, of)| (COUNT_PIECES, p![of.returned, order.id, line_number(line)]))
}

/// Returns as [`read_return`] reads them; the first column is their order.
macro_rules! select_returns {
    ($rest:expr) => {
        concat!(
            "SELECT order_id, id, status, reason, restock, booking, refund_id, received_under, \
             created_at, updated_at FROM returns ",
            $rest
        )
    };
}

/// Pieces as [`read_returned`] reads them; the first column is their order.
macro_rules! select_returned {
    ($rest:expr) => {
        concat!(
            "SELECT r.order_id, l.return_id, l.line_no, l.quantity FROM return_lines l \
             JOIN returns r ON r.id = l.return_id ",
            $rest
        )
    };
}

pub(super) use {select_returned, select_returns};

/// The order of a return, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_order_of_return(tx: &mut Tx<'_>, id: ReturnId) -> Result<Option<OrderId>, DbError> {
    tx.query_opt("SELECT order_id FROM returns WHERE id = ?", p![id], |row| row.get(0))
}

/// The returns of an order, in the order in which they were asked for.
pub(super) fn of_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<Return>, DbError> {
    let mut returns =
        tx.query(select_returns!("WHERE order_id = ? ORDER BY return_no"), p![id], read_return)?;
    let pieces = tx.query(
        select_returned!("WHERE r.order_id = ? ORDER BY l.return_id, l.line_no"),
        p![id],
        read_returned,
    )?;
    for back in &mut returns {
        let own = pieces.iter().filter(|(of, _)| *of == back.id);
        back.pieces = own.map(|(_, pieces)| *pieces).collect();
    }
    Ok(returns)
}

/// A return without its pieces.
pub(super) fn read_return(row: &Row<'_>) -> Result<Return, DbError> {
    let (status, booking) = (row.get::<String>(2)?, row.get::<String>(5)?);
    Ok(Return {
        id: row.get(1)?,
        status: return_status_from_word(&status).map_err(DbError::decode)?,
        pieces: Vec::new(),
        reason: row.get(3)?,
        restock: row.get(4)?,
        booking: booking_from_word(&booking).map_err(DbError::decode)?,
        refund: row.get(6)?,
        received_under: row.get(7)?,
        created_at: row.get(8)?,
        updated_at: row.get(9)?,
    })
}

/// Pieces, and the return which they are in.
pub(super) fn read_returned(row: &Row<'_>) -> Result<(ReturnId, Pieces), DbError> {
    let number = row.get::<i64>(2)?;
    let line = usize::try_from(number - 1).map_err(|_| DbError::decode("a line's number"))?;
    Ok((row.get(1)?, Pieces { line, quantity: row.get(3)? }))
}
