//! Payments as their owner, the order, sees them.

use serde::{Deserialize, Serialize};
use techtrove_core::Money;
use uuid::Uuid;

techtrove_core::typed_id!(
    /// A payment of one order.
    PaymentId, "pay"
);

techtrove_core::typed_id!(
    /// A refund of a payment, in part or whole.
    RefundId, "ref"
);

/// Where a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    /// The provider was asked and has not told yet; it may or may not have reserved the money.
    Unknown,
    /// The customer has to do something first, such as confirm it at their bank.
    RequiresAction,
    /// The money is reserved and not yet taken.
    Authorized,
    /// The money is taken.
    Captured,
    /// The provider refused.
    Failed,
    /// The authorisation was given up, or never came to be.
    Voided,
    /// Part of the captured money was given back.
    PartiallyRefunded,
    /// All captured money was given back.
    Refunded,
}

/// Asks a provider to reserve money.
#[derive(Clone, Serialize, Deserialize)]
pub struct AuthorizeRequest {
    /// The payment, chosen by the caller; the same id is the same payment for ever.
    pub payment_id: PaymentId,
    /// The order it is for.
    pub reference: Uuid,
    /// The signed-in customer who pays, by the UUID of their id; none for a guest.
    #[serde(default)]
    pub owner: Option<Uuid>,
    /// How much.
    pub amount: Money,
    /// Which provider: `sandbox` or `stripe`.
    pub provider: String,
    /// The provider's token for the customer's means of payment; a secret, never logged.
    pub token: String,
}

/// Asks for money back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// The refund, chosen by the caller.
    pub refund_id: RefundId,
    /// How much.
    pub amount: Money,
    /// Why, for the books.
    pub reason: String,
}

/// A payment as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The payment.
    pub id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// What was asked for.
    pub amount: Money,
    /// Minor units taken so far.
    pub captured: i64,
    /// Minor units given back so far.
    pub refunded: i64,
    /// What the customer has to do, while the status is `requires_action`.
    #[serde(default)]
    pub next_action: Option<NextAction>,
    /// The provider's reason when it refused: `card_declined`, `insufficient_funds`, `invalid_token`.
    pub decline_code: Option<String>,
}

/// What a customer has to do before the money can be reserved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NextAction {
    /// What kind of action: `sandbox_confirmation`, a call of ours, or `redirect_to_url`, a page of the bank.
    #[serde(rename = "type")]
    #[schema(example = "sandbox_confirmation")]
    pub kind: String,
    /// Where it is done: a path of this shop, to `POST` to, or a page of the provider.
    pub url: String,
}

/// The data of [`crate::PAYMENT_CHANGED`]: ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentChanged {
    /// Which payment.
    pub payment_id: PaymentId,
    /// The order it is for.
    pub reference: Uuid,
    /// Where it stands from now on.
    pub status: PaymentStatus,
}

/// The data of [`crate::REFUND_FAILED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundFailed {
    /// Of which payment.
    pub payment_id: PaymentId,
    /// The order it is for.
    pub reference: Uuid,
    /// Where the payment stands from now on.
    pub status: PaymentStatus,
    /// Which refund.
    pub refund_id: RefundId,
    /// The provider's reason.
    pub failure_code: String,
}
