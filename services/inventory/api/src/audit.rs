//! Inventory's books, page by page, for `techtrove audit`.

use serde::{Deserialize, Serialize};
use techtrove_core::{Sku, Timestamp};
use uuid::Uuid;

use crate::{Line, ReservationId, ReservationState};

/// One SKU's numbers, each from its own rows, so that they can be compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockEntry {
    /// Which SKU.
    pub sku: Sku,
    /// Pieces in the building.
    pub on_hand: i64,
    /// Pieces set aside.
    pub held: i64,
    /// Pieces sold and not yet shipped.
    pub committed: i64,
    /// The sum of all movements; must equal `on_hand`.
    pub movements: i64,
    /// The sum of lines of reservations that are held; must equal `held`.
    pub held_by_reservations: i64,
    /// The sum of lines of reservations that are committed; must equal `committed`.
    pub committed_by_reservations: i64,
    /// What left and came back by movements; each must be what the next field says, of reservations and returns.
    pub moved: Gone,
    /// The same by the lines of reservations and returns.
    pub gone: Gone,
    /// The licence keys of a SKU whose pieces are keys.
    pub keys: Option<KeyCount>,
    /// When one of them last changed.
    pub updated_at: Timestamp,
}

/// Pieces of a SKU that left the building, and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// Pieces that were sent to buyers.
    pub shipped: i64,
    /// Pieces that they sent back.
    pub returned: i64,
    /// Pieces of those that were written off.
    pub written_off: i64,
}

/// How many licence keys there are of a SKU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyCount {
    /// Those that no buyer has seen; must equal `on_hand`.
    pub unseen: i64,
    /// Those of them that are sold; must equal `committed`.
    pub assigned: i64,
}

/// The pieces of a SKU in a reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservedLine {
    /// Which SKU.
    pub sku: Sku,
    /// How many are set aside, or were.
    pub quantity: i64,
    /// How many of them have left.
    pub shipped: i64,
    /// How many of those came back.
    pub returned: i64,
}

/// One reservation that is held, committed, or has left as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationEntry {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The caller's try.
    pub attempt: u32,
    /// Held, committed or shipped.
    pub state: ReservationState,
    /// Its pieces, in SKU order.
    pub lines: Vec<ReservedLine>,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One parcel that has left.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelEntry {
    /// The caller's parcel.
    pub id: Uuid,
    /// Of which reservation.
    pub reservation_id: ReservationId,
    /// SKU and pieces, in SKU order.
    pub lines: Vec<(Sku, i64)>,
}

/// What came back of a reservation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnEntry {
    /// The caller's return.
    pub return_id: Uuid,
    /// The reservation.
    pub reservation_id: ReservationId,
    /// Whether it can be sold again.
    pub restocked: bool,
    /// What came back.
    pub lines: Vec<Line>,
    /// When.
    pub updated_at: Timestamp,
}
