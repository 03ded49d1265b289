//! The rules between the books, by the names under which their breaches are reported.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Declares the rules, so that none is missing in the list of all.
macro_rules! rules {
    ($($(#[$says:meta])+ $rule:ident = $name:literal,)+) => {
        /// What must hold between the books.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Rule {
            $($(#[$says])+ #[serde(rename = $name)] $rule,)+
        }

        impl Rule {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$rule),+];

            /// Its name in a report.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$rule => $name,)+
                }
            }
        }
    };
}

rules! {
    /// A stored row is one that its service can read.
    UnreadableRow = "unreadable_row",
    /// What is on hand is the sum of its movements.
    StockMovements = "stock_movements",
    /// What is held is held by reservations.
    StockHeld = "stock_held",
    /// What is committed is committed by reservations.
    StockCommitted = "stock_committed",
    /// What left, came back and was written off is so by movements, reservations and returns.
    StockGone = "stock_gone",
    /// A piece that is a licence key has one.
    StockKeys = "stock_keys",
    /// No more is promised than there is.
    StockOversold = "stock_oversold",
    /// What an order sold is set aside or gone, piece by piece, and nothing else for it.
    OrderStock = "order_stock",
    /// What is set aside is an order's.
    ReservationWithoutOrder = "reservation_without_order",
    /// What came back to an order came back to the stock.
    OrderReturn = "order_return",
    /// What came back to the stock is an order's.
    ReturnWithoutOrder = "return_without_order",
    /// A parcel that left an order left the stock, with the same pieces.
    OrderParcel = "order_parcel",
    /// A parcel that left the stock is an order's.
    ParcelWithoutOrder = "parcel_without_order",
    /// What left of an order and came back is in its parcels and returns, and what its status allows.
    OrderPieces = "order_pieces",
    /// An order's history leads from its placing to its status, step by step.
    OrderHistory = "order_history",
    /// An order has a number, unless its buyer was told that there is none.
    OrderNumber = "order_number",
    /// An order's cart is bought by it, and by no other.
    OrderCart = "order_cart",
    /// A line costs its pieces, and an order's total is the sum of its lines and parts.
    OrderTotal = "order_total",
    /// An order's money is what its payment says, and what its status allows.
    OrderMoney = "order_money",
    /// What an order gave back is its refunds, and each is one of its payment, made when that is.
    OrderRefund = "order_refund",
    /// An order comes to its end, and last changed when it was.
    OrderStuck = "order_stuck",
    /// A payment comes to its end, and last changed when it was.
    PaymentStuck = "payment_stuck",
    /// Money that we have is an order's.
    PaymentWithoutOrder = "payment_without_order",
    /// A payment is what its ledger entries say.
    PaymentLedger = "payment_ledger",
    /// A payment's money is what its status allows.
    PaymentStatus = "payment_status",
    /// What a payment took is its one capture, and its provider is asked what its status allows.
    PaymentOperations = "payment_operations",
    /// What a payment gave back is its refunds.
    PaymentRefunds = "payment_refunds",
    /// A payment is what its provider says, also over how much it is.
    PaymentAtProvider = "payment_at_provider",
    /// A refund is made when it is at the provider, and over the same amount.
    RefundAtProvider = "refund_at_provider",
    /// The provider's charges are what its ledger and its refunds say.
    ProviderLedger = "provider_ledger",
    /// Money that the provider has for us is a payment's.
    ChargeWithoutPayment = "charge_without_payment",
    /// The ledger sums to zero.
    LedgerBalance = "ledger_balance",
    /// What became of an order has its mail, once.
    OrderMail = "order_mail",
    /// Who bought a product is known to have where reviews are written, and nobody else.
    Purchase = "purchase",
    /// An event does not wait.
    EventUnsent = "event_unsent",
    /// An event is taken by all who listen to it.
    EventParked = "event_parked",
}

impl Rule {
    /// Whether all that it compares is read at one moment.
    pub(super) const fn is_read_at_once(self) -> bool {
        matches!(
            self,
            Self::StockMovements
                | Self::StockHeld
                | Self::StockCommitted
                | Self::StockGone
                | Self::StockKeys
                | Self::StockOversold
                | Self::LedgerBalance
                | Self::EventUnsent
                | Self::EventParked
        )
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
