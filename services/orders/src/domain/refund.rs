//! Money given back, in part or whole: asked for once, guarded against what was taken when it is asked
//! for, and carried out by the order's saga one after the other.

use techtrove_core::Timestamp;
use techtrove_payments_api::RefundId;

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Asked for, and not known to be given back.
    Pending,
    /// Given back.
    Succeeded,
    /// Refused for good; the money stays.
    Failed,
}

/// A refund of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Which refund; chosen with it, so that asking payments may be repeated.
    pub id: RefundId,
    /// Where it stands.
    pub status: RefundStatus,
    /// Minor units.
    pub amount: i64,
    /// Why.
    pub reason: String,
    /// The idempotency key that the request claimed.
    pub claim: Option<[u8; 32]>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}
