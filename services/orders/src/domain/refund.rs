//! Money given back, in part or whole: asked for once, guarded against what was taken when it is asked
//! for, and carried out by the order's saga. One of which nobody can tell yet what became of it, such as one
//! that waits for its bank, is asked about again in its own time, and holds up nothing else.

use std::time::Duration;

use techtrove_core::Timestamp;
use techtrove_payments_api::{PaymentStatus, RefundId};

use super::{
    Order, PaymentState,
    saga::{Change, PaymentReport},
};

/// The shortest and the longest pause before payments is asked again about a refund.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Longer than anybody waits for the answer to their request.
const LONG: Duration = Duration::from_secs(15);

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// Asked for, and not known to be given back.
    Pending,
    /// Given back.
    Succeeded,
    /// Refused for good, or failed after all; the money stays.
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
    /// The provider's reason, when it has failed.
    pub failure_code: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When payments is asked about it next, as long as it is pending.
    pub ask_at: Timestamp,
}

impl Refund {
    /// When payments is asked again that could not tell at `now`: in as long as the refund is old, but at
    /// least a second and at most a minute.
    #[must_use]
    pub fn ask_again_at(&self, now: Timestamp) -> Timestamp {
        let (shortest, longest) = PAUSES;
        now.plus(now.since(self.created_at).clamp(shortest, longest))
    }

    /// Whether whoever asked for it waits for its answer no more.
    #[must_use]
    pub fn has_waited_long(&self, now: Timestamp) -> bool {
        self.status == RefundStatus::Pending && now.since(self.created_at) >= LONG
    }

    /// The refund now that it is known that it is not made, for the reason `code`.
    #[must_use]
    pub fn failed(&self, code: &str, now: Timestamp) -> Self {
        Self {
            status: RefundStatus::Failed,
            failure_code: Some(code.to_owned()),
            updated_at: now,
            ..self.clone()
        }
    }
}

impl Order {
    /// What changes with a refund of which payments tells that it has failed after all; nothing when that
    /// is known. Its amount is given back no longer, if it was taken to be.
    #[must_use]
    pub fn refund_lost(&self, id: RefundId, code: &str, now: Timestamp) -> Option<Change> {
        let known = self.refunds.iter().find(|refund| refund.id == id);
        let refund = known.filter(|refund| refund.status != RefundStatus::Failed)?;
        let counted = refund.status == RefundStatus::Succeeded;
        let payment = counted.then(|| self.payment.given_back(-refund.amount));
        Some(Change { refunds: vec![refund.failed(code, now)], payment, ..Change::default() })
    }
}

impl PaymentState {
    /// The payment once so much more is given back. It is counted by the order's own refunds: a sum that
    /// payments told may be older than the news that one of them was lost.
    pub(super) fn given_back(&self, amount: i64) -> PaymentReport {
        let captured = self.captured;
        let refunded = self.refunded.saturating_add(amount);
        let status = match refunded {
            0 => PaymentStatus::Captured,
            all if all == captured => PaymentStatus::Refunded,
            _ => PaymentStatus::PartiallyRefunded,
        };
        PaymentReport { captured, refunded, ..PaymentReport::none(status) }
    }
}
