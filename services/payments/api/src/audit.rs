//! Payments' books, page by page, for `techtrove audit`.

use serde::{Deserialize, Serialize};
use techtrove_core::{Currency, Money, Timestamp};
use uuid::Uuid;

use crate::{PaymentId, PaymentStatus};

/// One payment: its state beside what its ledger entries sum to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentEntry {
    /// The payment.
    pub id: PaymentId,
    /// The order it is for; the nil UUID for a payment that was given up before it was asked for.
    pub reference: Uuid,
    /// Which provider holds the money; empty for a payment that was given up before it was asked for.
    pub provider: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What was asked for.
    pub amount: Money,
    /// Minor units captured, by the ledger.
    pub captured: i64,
    /// Minor units refunded, by the ledger.
    pub refunded: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// All entries of the double-entry ledger in one currency, debits less credits; must be zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerBalance {
    /// Which currency.
    pub currency: Currency,
    /// Debits less credits in minor units.
    pub balance: i64,
    /// How many entries were summed.
    pub entries: u64,
}
