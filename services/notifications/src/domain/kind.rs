//! The kinds of mails there are, and which of them people may say no to: what keeps them up to date is
//! theirs to choose, what they need to know or asked for is not.

use std::str::FromStr;

/// A kind of mail.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An order is confirmed.
    OrderConfirmed,
    /// The payment of an order was refused.
    PaymentFailed,
    /// A parcel of an order is on its way.
    OrderShipped,
    /// Everything of an order has arrived.
    OrderDelivered,
    /// An order was cancelled.
    OrderCancelled,
    /// Money of an order was given back.
    OrderRefunded,
    /// The licence keys of an order.
    LicenceKeys,
    /// Somebody made an account.
    Welcome,
    /// Somebody is to show that an address is theirs.
    VerifyEmail,
    /// Somebody forgot their password.
    ResetPassword,
    /// A password was changed.
    PasswordChanged,
    /// An account has another address.
    EmailChanged,
}

/// The text names no kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a kind of mail")]
pub struct InvalidKind;

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 12] = [
        Self::OrderConfirmed,
        Self::PaymentFailed,
        Self::OrderShipped,
        Self::OrderDelivered,
        Self::OrderCancelled,
        Self::OrderRefunded,
        Self::LicenceKeys,
        Self::Welcome,
        Self::VerifyEmail,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::EmailChanged,
    ];

    /// Those about orders.
    pub const OF_ORDERS: [Self; 7] = [
        Self::OrderConfirmed,
        Self::PaymentFailed,
        Self::OrderShipped,
        Self::OrderDelivered,
        Self::OrderCancelled,
        Self::OrderRefunded,
        Self::LicenceKeys,
    ];

    /// The kind's name, as it is stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OrderConfirmed => "order_confirmed",
            Self::PaymentFailed => "payment_failed",
            Self::OrderShipped => "order_shipped",
            Self::OrderDelivered => "order_delivered",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderRefunded => "order_refunded",
            Self::LicenceKeys => "licence_keys",
            Self::Welcome => "welcome",
            Self::VerifyEmail => "verify_email",
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::EmailChanged => "email_changed",
        }
    }

    /// Whether people may say that they want none of it.
    #[must_use]
    pub fn is_optional(self) -> bool {
        matches!(self, Self::OrderShipped | Self::OrderDelivered)
    }

    /// Whether it is about an order.
    #[must_use]
    pub fn is_of_order(self) -> bool {
        Self::OF_ORDERS.contains(&self)
    }
}

impl FromStr for Kind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, InvalidKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(InvalidKind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_stored_and_shown_by_the_same_name() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        assert_eq!("".parse::<Kind>(), Err(InvalidKind));
    }
}
