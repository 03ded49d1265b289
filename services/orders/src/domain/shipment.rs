//! Parcels: which pieces of which lines leave together. A parcel is prepared first, so that no piece is
//! promised to two; it is shipped once inventory has let its pieces go, or withdrawn.

use techtrove_core::{FieldError, Quantity, Sku, Timestamp};
use techtrove_orders_api::ShipmentId;

use super::{Line, Order};

/// Where a parcel stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// Its pieces are set apart.
    Preparing,
    /// Its pieces have left the building.
    Shipped,
    /// It never left.
    Withdrawn,
}

/// Why a parcel never left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// The order was cancelled first.
    Cancelled,
    /// The money could not be taken.
    NotCaptured,
    /// Inventory would not let the pieces go.
    Stock,
}

/// A parcel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// Which parcel; chosen with it, so that asking inventory may be repeated.
    pub id: ShipmentId,
    /// Where it stands.
    pub status: ShipmentStatus,
    /// Who carries it.
    pub carrier: String,
    /// By which number it can be followed.
    pub tracking_number: Option<String>,
    /// What is in it.
    pub pieces: Vec<Pieces>,
    /// Why it never left, when it did not.
    pub withdrawn_for: Option<Withdrawal>,
    /// The idempotency key that the request claimed.
    pub claim: Option<[u8; 32]>,
    /// When it was prepared.
    pub created_at: Timestamp,
    /// When it left.
    pub shipped_at: Option<Timestamp>,
}

/// So many pieces of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pieces {
    /// Which line of the order, counted from 0.
    pub line: usize,
    /// How many pieces.
    pub quantity: Quantity,
}

/// A parcel as clients see it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ShownShipment {
    /// Which parcel.
    pub id: ShipmentId,
    /// Where it stands: `shipped`, or `preparing` as long as nobody can tell.
    pub status: ShipmentStatus,
    /// Who carries it; `digital` for what needs no parcel.
    #[schema(example = "DHL")]
    pub carrier: String,
    /// By which number it can be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// What is in it.
    pub lines: Vec<ShownPieces>,
    /// When it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipped_at: Option<Timestamp>,
}

/// So many pieces in a parcel.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct ShownPieces {
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

impl ShownPieces {
    /// Pieces of this order as clients see them.
    #[must_use]
    pub fn of(order: &Order, pieces: &[Pieces]) -> Vec<Self> {
        let shown = pieces.iter().filter_map(|pieces| {
            let sku = order.lines.get(pieces.line)?.sku.clone();
            Some(Self { sku, quantity: pieces.quantity })
        });
        shown.collect()
    }
}

impl Shipment {
    /// The same as clients see it, being of this order.
    #[must_use]
    pub fn shown(&self, order: &Order) -> ShownShipment {
        ShownShipment {
            id: self.id,
            status: self.status,
            carrier: self.carrier.clone(),
            tracking_number: self.tracking_number.clone(),
            lines: ShownPieces::of(order, &self.pieces),
            shipped_at: self.shipped_at,
        }
    }

    /// Whether something in it travels, being of this order.
    #[must_use]
    pub fn travels(&self, order: &Order) -> bool {
        let mut lines = self.pieces.iter().filter_map(|pieces| order.lines.get(pieces.line));
        lines.any(Line::ships)
    }

    /// The same, having left at `now`.
    #[must_use]
    pub fn shipped(&self, now: Timestamp) -> Self {
        Self { status: ShipmentStatus::Shipped, shipped_at: Some(now), ..self.clone() }
    }

    /// The same, never to leave.
    #[must_use]
    pub fn withdrawn(&self, why: Withdrawal) -> Self {
        Self { status: ShipmentStatus::Withdrawn, withdrawn_for: Some(why), ..self.clone() }
    }
}

/// The pieces that `wanted` asks for, taken from the order's lines in their order; all that is left of
/// what ships when nothing is asked for in particular.
///
/// # Errors
/// What is not to be had, with its place in the request.
pub fn pack(
    order: &Order,
    wanted: Option<&[(Sku, Quantity)]>,
) -> Result<Vec<Pieces>, Vec<FieldError>> {
    let mut left: Vec<u32> = (0..order.lines.len()).map(|line| order.left_to_ship(line)).collect();
    let Some(wanted) = wanted else {
        let pieces = order.lines.iter().enumerate().filter(|(_, line)| line.ships());
        return Ok(pieces.filter_map(|(line, _)| take(&mut left, line, u32::MAX)).collect());
    };
    choose(&order.lines, &mut left, wanted, "are left to be shipped")
}

/// The pieces that `wanted` asks for, of what is `left` of each line; `what` it is that they are left for.
///
/// # Errors
/// What is not to be had, with its place in the request.
pub(super) fn choose(
    lines: &[Line],
    left: &mut [u32],
    wanted: &[(Sku, Quantity)],
    what: &str,
) -> Result<Vec<Pieces>, Vec<FieldError>> {
    let (mut pieces, mut errors) = (Vec::new(), Vec::new());
    for (index, (sku, quantity)) in wanted.iter().enumerate() {
        match pick(lines, left, sku, *quantity) {
            Ok(picked) => pieces.extend(picked),
            Err(why) => errors.push(FieldError::new(format!("/lines/{index}"), why.says(what))),
        }
    }
    if errors.is_empty() { Ok(merged(pieces)) } else { Err(errors) }
}

/// Why pieces are not to be had.
enum Missing {
    Sku(Sku),
    Pieces { sku: Sku, there: u32 },
}

impl Missing {
    fn says(&self, what: &str) -> String {
        match self {
            Self::Sku(sku) => format!("the order has no {sku}"),
            Self::Pieces { sku, there } => format!("only {there} of {sku} {what}"),
        }
    }
}

fn pick(
    lines: &[Line],
    left: &mut [u32],
    sku: &Sku,
    quantity: Quantity,
) -> Result<Vec<Pieces>, Missing> {
    let of_sku = || lines.iter().enumerate().filter(|(_, line)| line.sku == *sku);
    if of_sku().next().is_none() {
        return Err(Missing::Sku(sku.clone()));
    }
    let there: u32 = of_sku().map(|(line, _)| left[line]).sum();
    if there < quantity.get() {
        return Err(Missing::Pieces { sku: sku.clone(), there });
    }
    let mut missing = quantity.get();
    let mut pieces = Vec::new();
    for (line, _) in of_sku() {
        let taken = take(left, line, missing);
        missing -= taken.map_or(0, |pieces| pieces.quantity.get());
        pieces.extend(taken);
    }
    Ok(pieces)
}

/// Up to `most` of what is left of a line.
fn take(left: &mut [u32], line: usize, most: u32) -> Option<Pieces> {
    let quantity = Quantity::new(left[line].min(most)).ok()?;
    left[line] -= quantity.get();
    Some(Pieces { line, quantity })
}

/// One entry for each line: a SKU may be asked for more than once.
fn merged(pieces: Vec<Pieces>) -> Vec<Pieces> {
    let mut merged: Vec<Pieces> = Vec::new();
    for next in pieces {
        match merged.iter_mut().find(|known| known.line == next.line) {
            Some(known) => {
                known.quantity =
                    known.quantity.checked_add(next.quantity).unwrap_or(known.quantity);
            }
            None => merged.push(next),
        }
    }
    merged
}
