//! Payments' books, page by page, for `techtrove audit`.

use serde::{Deserialize, Serialize};
use techtrove_core::{Money, Timestamp};
use uuid::Uuid;

use crate::{PaymentId, PaymentStatus};

/// What the ledger's entries of one payment sum to, by account, in minor units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booked {
    /// What the provider holds reserved.
    pub authorized_at_provider: i64,
    /// What the customer has agreed to; the other side of the reservation.
    pub authorized_by_customer: i64,
    /// What the provider owes.
    pub provider_receivable: i64,
    /// What was sold; negative.
    pub sales: i64,
    /// What was given back.
    pub refunds: i64,
    /// Whether an entry is in another currency than the payment.
    pub other_currency: bool,
}

/// One refund of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundEntry {
    /// The caller's id for it.
    pub id: Uuid,
    /// Minor units.
    pub amount: i64,
    /// Minor units that its operation asked the provider for.
    pub asked: i64,
    /// The provider's name for it: its operation's key.
    pub key: String,
    /// Where its operation stands.
    pub state: RefundState,
}

/// Whether a refund is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundState {
    /// The provider is asked.
    Open,
    /// It gave the money back.
    Made,
    /// It did not, or not after all.
    NotMade,
}

/// What a provider is, and was, asked to do for one payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What it is asked now, if something is.
    pub open: Option<OpenKind>,
    /// Whether the payment names another operation as open than is, or one where none is.
    pub misnamed: bool,
    /// Minor units of each capture that was made.
    pub captures: Vec<i64>,
}

/// What a provider may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenKind {
    /// To reserve the money.
    Authorize,
    /// To take it.
    Capture,
    /// To give it up.
    Void,
    /// To give some of it back.
    Refund,
}

/// One payment: its state beside what its ledger entries sum to, and its refunds.
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
    /// Minor units captured, as the payment has it.
    pub captured: i64,
    /// Minor units refunded, as the payment has it.
    pub refunded: i64,
    /// What its ledger entries come to.
    pub booked: Booked,
    /// Its refunds, in the order in which they were asked for.
    pub refunds: Vec<RefundEntry>,
    /// What its provider was asked besides.
    pub asked: Asked,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// All entries of the double-entry ledger for some payments in one currency, debits less credits; must be zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerBalance {
    /// Which currency, as the entries have it.
    pub currency: String,
    /// Debits less credits in minor units.
    pub balance: i64,
    /// How many entries were summed.
    pub entries: u64,
}
