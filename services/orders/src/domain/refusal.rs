//! Why an order is undone, and what the buyer is told. Stored with the step that undoes, so that
//! whoever finishes the undoing can still say it.

use serde::{Deserialize, Serialize};
use techtrove_inventory_api::OutOfStockLine;
use techtrove_orders_api::OrderStatus;

/// Why an order is undone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// Not enough is available.
    OutOfStock {
        /// Of what.
        lines: Vec<OutOfStockLine>,
    },
    /// The provider refused.
    PaymentDeclined {
        /// The provider's reason.
        code: Option<String>,
    },
    /// Payments would not even ask the provider.
    PaymentRejected {
        /// Why, fit for the buyer.
        detail: String,
    },
    /// The provider does not charge such an amount.
    AmountNotSupported,
    /// A part of the shop could not answer before it was certain that the order can be kept.
    Unavailable,
    /// Nobody could tell for too long whether the money was reserved.
    PaymentUnsettled,
    /// The buyer or staff asked for it.
    Cancelled {
        /// What the order's history says.
        note: String,
    },
}

impl Refusal {
    /// Whether asking again with the same key gives the same answer (409, 402), or a new try.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::OutOfStock { .. } | Self::PaymentDeclined { .. })
    }

    /// Whether the buyer is told once the undoing is stored, and not after it: a part of the shop has let
    /// them wait already, and may do so again. Everybody else finds stock and cart as they were.
    #[must_use]
    pub fn is_told_early(&self) -> bool {
        matches!(self, Self::Unavailable | Self::PaymentUnsettled)
    }

    /// Where the order ends.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        match self {
            Self::PaymentDeclined { .. } => OrderStatus::PaymentFailed,
            Self::OutOfStock { .. }
            | Self::PaymentRejected { .. }
            | Self::AmountNotSupported
            | Self::Unavailable
            | Self::PaymentUnsettled
            | Self::Cancelled { .. } => OrderStatus::Cancelled,
        }
    }

    /// The same for the order's history.
    #[must_use]
    pub fn note(&self) -> String {
        match self {
            Self::OutOfStock { .. } => "out of stock".to_owned(),
            Self::PaymentDeclined { code: Some(code) } => format!("payment declined: {code}"),
            Self::PaymentDeclined { code: None } => "payment declined".to_owned(),
            Self::PaymentRejected { .. } => "payment not accepted".to_owned(),
            Self::AmountNotSupported => "the payment provider takes no such amount".to_owned(),
            Self::Unavailable => "could not be completed; nothing was charged".to_owned(),
            Self::PaymentUnsettled => "the payment did not settle and was given up".to_owned(),
            Self::Cancelled { note } => note.clone(),
        }
    }

    /// The same for metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::OutOfStock { .. } => "out_of_stock",
            Self::PaymentDeclined { .. } => "payment_declined",
            Self::PaymentRejected { .. } => "payment_rejected",
            Self::AmountNotSupported => "amount_not_supported",
            Self::Unavailable => "unavailable",
            Self::PaymentUnsettled => "payment_unsettled",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}
