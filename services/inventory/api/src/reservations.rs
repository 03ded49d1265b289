//! Reservations: pieces of several SKUs set aside for one buyer, all or none. A reservation's attempt
//! is a new reservation under the same id; ended ones are remembered, so that late repeats change nothing.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use techtrove_core::{Quantity, Sku, Timestamp};
use uuid::Uuid;

techtrove_core::typed_id!(
    /// A reservation; carries the same UUID as the order it is for.
    ReservationId, "rsv"
);

/// So many pieces of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// What is wanted.
    pub sku: Sku,
    /// How many pieces.
    pub quantity: Quantity,
}

/// Asks for all lines or none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldRequest {
    /// The reservation to make.
    pub reservation_id: ReservationId,
    /// Counts the caller's tries, from 1.
    pub attempt: u32,
    /// What to set aside. Several lines of one SKU count together.
    pub lines: Vec<Line>,
    /// Those of the SKUs that the buyer was promised as licence keys. What there is of another kind than
    /// was promised is not available.
    pub digital: BTreeSet<Sku>,
    /// When the hold ends by itself; never, when absent.
    pub expires_at: Option<Timestamp>,
}

/// Where a reservation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// Set aside; may still expire when it has an expiry.
    Held,
    /// Sold; never expires.
    Committed,
    /// All pieces have left the building.
    Shipped,
    /// Given back by the caller.
    Released,
    /// Given back because its time was over.
    Expired,
}

/// A reservation as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The caller's try.
    pub attempt: u32,
    /// Where it stands.
    pub state: ReservationState,
    /// When the hold ends by itself, if it does.
    pub expires_at: Option<Timestamp>,
}

/// Lets committed pieces leave the building.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShipRequest {
    /// The parcel, chosen by the caller: shipped once, however often it is asked for.
    pub shipment_id: Uuid,
    /// What is in it; all of it must be committed and not shipped yet. Licence keys among it are
    /// revealed to the buyer from then on.
    pub lines: Vec<Line>,
}

/// Takes back pieces that left the building.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakeBackRequest {
    /// The return, chosen by the caller: taken once, however often it is asked for.
    pub return_id: Uuid,
    /// What came back; all of it must have left, and be no licence key.
    pub lines: Vec<Line>,
    /// Whether it can be sold again; else it is written off.
    pub restock: bool,
}

/// The licence keys that a buyer was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldKeys {
    /// One for each piece.
    pub keys: Vec<SoldKey>,
}

/// A licence key that was sold; it does not show itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldKey {
    /// What it is a licence of.
    pub sku: Sku,
    /// The key itself.
    pub key: String,
}

/// A line of which not enough was available.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct OutOfStockLine {
    /// What was wanted.
    pub sku: Sku,
    /// How many pieces were wanted.
    pub requested: u32,
    /// How many are available.
    pub available: u32,
}

impl std::fmt::Debug for SoldKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SoldKey").field("sku", &self.sku).finish_non_exhaustive()
    }
}
