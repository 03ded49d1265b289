//! The parcels of orders, numbered within each, and what is in them.

use std::collections::BTreeMap;

use techtrove_core::{BookPage, Sku};
use techtrove_db::{Book, DbError, Params, Row, Rows, Sql, Tx, Wanted, p};
use techtrove_orders_api::{OrderId, ParcelClaim, ShipmentId};
use uuid::Uuid;

use crate::domain::{
    Order, Pieces, Shipment, ShipmentStatus, shipment_status_from_word, shipment_status_word,
    withdrawal_from_word, withdrawal_word,
};

const INSERT_SHIPMENT: Sql = Sql::new(
    "INSERT INTO shipments (id, order_id, shipment_no, status, carrier, tracking_number, claim, \
     created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
);

const INSERT_PIECES: Sql =
    Sql::new("INSERT INTO shipment_lines (shipment_id, line_no, quantity) VALUES (?, ?, ?)");

const END_SHIPMENT: Sql =
    Sql::new("UPDATE shipments SET status = ?, withdrawn_for = ?, shipped_at = ? WHERE id = ?");

const SHIP_PIECES: Sql =
    Sql::new("UPDATE order_lines SET shipped = ? WHERE order_id = ? AND line_no = ?");

const CLAIMS: Rows = Rows::of(
    "shipments",
    Sql::new(
        "SELECT id, order_id, status FROM shipments WHERE id > ? AND status <> 'withdrawn' \
         ORDER BY id LIMIT ?",
    ),
);

const CLAIMED_LINES: Rows = Rows::of(
    "shipment_lines, order_lines",
    Sql::new(
        "SELECT p.shipment_id, l.sku, p.quantity FROM shipment_lines p \
         JOIN shipments s ON s.id = p.shipment_id \
         JOIN order_lines l ON l.order_id = s.order_id AND l.line_no = p.line_no \
         WHERE p.shipment_id > ? AND p.shipment_id <= ?",
    ),
);

/// The statements which store these parcels of the order, new ones and ended ones.
pub(super) fn changed<'a>(order: &'a Order, shipments: &'a [Shipment]) -> Vec<(Sql, Params<'a>)> {
    shipments
        .iter()
        .flat_map(|shipment| match shipment.status {
            ShipmentStatus::Preparing => prepared(order, shipment),
            ShipmentStatus::Shipped | ShipmentStatus::Withdrawn => ended(order, shipment),
        })
        .collect()
}

fn prepared<'a>(order: &Order, shipment: &'a Shipment) -> Vec<(Sql, Params<'a>)> {
    let place = order.shipments.iter().position(|known| known.id == shipment.id);
    let number = place.unwrap_or(order.shipments.len()).saturating_add(1);
    let row = p![
        shipment.id,
        order.id,
        i64::try_from(number).unwrap_or(i64::MAX),
        shipment_status_word(shipment.status),
        shipment.carrier,
        shipment.tracking_number,
        shipment.claim.as_ref().map(<[u8; 32]>::as_slice),
        shipment.created_at,
    ];
    let pieces = shipment
        .pieces
        .iter()
        .map(|pieces| (INSERT_PIECES, p![shipment.id, line_number(pieces.line), pieces.quantity]));
    std::iter::once((INSERT_SHIPMENT, row)).chain(pieces).collect()
}

fn ended<'a>(order: &'a Order, shipment: &'a Shipment) -> Vec<(Sql, Params<'a>)> {
    let row = p![
        shipment_status_word(shipment.status),
        shipment.withdrawn_for.map(withdrawal_word),
        shipment.shipped_at,
        shipment.id,
    ];
    let left = shipment.pieces.iter().filter(|_| shipment.status == ShipmentStatus::Shipped);
    let lines = left.filter_map(|pieces| Some((pieces.line, order.lines.get(pieces.line)?)));
    let lines = lines.map(|(line, of)| (SHIP_PIECES, p![of.shipped, order.id, line_number(line)]));
    std::iter::once((END_SHIPMENT, row)).chain(lines).collect()
}

/// The number of what stands at a place counted from 0.
pub(super) fn line_number(line: usize) -> i64 {
    i64::try_from(line).unwrap_or(i64::MAX).saturating_add(1)
}

/// Parcels as [`read_parcel`] reads them; the first column is their order.
macro_rules! select_parcels {
    ($rest:expr) => {
        concat!(
            "SELECT order_id, id, status, carrier, tracking_number, withdrawn_for, claim, \
             created_at, shipped_at FROM shipments ",
            $rest
        )
    };
}

/// Pieces as [`read_pieces`] reads them; the first column is their order.
macro_rules! select_pieces {
    ($rest:expr) => {
        concat!(
            "SELECT s.order_id, l.shipment_id, l.line_no, l.quantity FROM shipment_lines l \
             JOIN shipments s ON s.id = l.shipment_id ",
            $rest
        )
    };
}

pub(super) use {select_parcels, select_pieces};

/// The parcels of an order, in the order in which they were prepared.
pub(super) fn of_order(tx: &mut Tx<'_>, id: OrderId) -> Result<Vec<Shipment>, DbError> {
    let mut shipments =
        tx.query(select_parcels!("WHERE order_id = ? ORDER BY shipment_no"), p![id], read_parcel)?;
    let pieces = tx.query(
        select_pieces!("WHERE s.order_id = ? ORDER BY l.shipment_id, l.line_no"),
        p![id],
        read_pieces,
    )?;
    for shipment in &mut shipments {
        let own = pieces.iter().filter(|(parcel, _)| *parcel == shipment.id);
        shipment.pieces = own.map(|(_, pieces)| *pieces).collect();
    }
    Ok(shipments)
}

/// A parcel without its pieces.
pub(super) fn read_parcel(row: &Row<'_>) -> Result<Shipment, DbError> {
    let status = row.get::<String>(2)?;
    let withdrawn_for = row.get::<Option<String>>(5)?;
    let withdrawn_for = withdrawn_for.map(|word| withdrawal_from_word(&word)).transpose();
    Ok(Shipment {
        id: row.get(1)?,
        status: shipment_status_from_word(&status).map_err(DbError::decode)?,
        carrier: row.get(3)?,
        tracking_number: row.get(4)?,
        pieces: Vec::new(),
        withdrawn_for: withdrawn_for.map_err(DbError::decode)?,
        claim: row.get(6)?,
        created_at: row.get(7)?,
        shipped_at: row.get(8)?,
    })
}

/// Pieces, and the parcel which they are in.
pub(super) fn read_pieces(row: &Row<'_>) -> Result<(ShipmentId, Pieces), DbError> {
    let number = row.get::<i64>(2)?;
    let line = usize::try_from(number - 1).map_err(|_| DbError::decode("a line's number"))?;
    Ok((row.get(1)?, Pieces { line, quantity: row.get(3)? }))
}

/// The page of parcels that is wanted, of those that were not withdrawn, in the order of their ids.
///
/// # Errors
/// When the database fails.
pub fn list_parcels(
    tx: &mut Tx<'_>,
    wanted: &Wanted<Uuid>,
) -> Result<BookPage<ParcelClaim>, DbError> {
    let mut book = Book::read(tx, wanted, &CLAIMS, |row| {
        let status = shipment_status_from_word(&row.get::<String>(2)?);
        let left = status.map_err(DbError::decode)? == ShipmentStatus::Shipped;
        Ok(ParcelClaim { id: row.get(0)?, order: row.get(1)?, left, lines: Vec::new() })
    })?;
    let pieces =
        book.details(tx, &CLAIMED_LINES, |row| Ok((row.get::<Sku>(1)?, row.get::<i64>(2)?)))?;
    let mut contents: BTreeMap<Uuid, BTreeMap<Sku, i64>> = BTreeMap::new();
    for (parcel, (sku, quantity)) in pieces {
        *contents.entry(parcel).or_default().entry(sku).or_default() += quantity;
    }
    for (id, parcel) in book.entries() {
        parcel.lines = contents.remove(id).unwrap_or_default().into_iter().collect();
    }
    Ok(book.finish())
}
