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
    /// What is on hand is the sum of its movements.
    StockMovements = "stock_movements",
    /// What is held is held by reservations.
    StockHeld = "stock_held",
    /// What is committed is committed by reservations.
    StockCommitted = "stock_committed",
    /// A piece that is a licence key has one.
    StockKeys = "stock_keys",
    /// No more is promised than there is.
    StockOversold = "stock_oversold",
    /// What an order sold is set aside, and nothing else for it.
    OrderStock = "order_stock",
    /// What is set aside is an order's.
    ReservationWithoutOrder = "reservation_without_order",
    /// What came back to an order came back to the stock.
    OrderReturn = "order_return",
    /// What came back to the stock is an order's.
    ReturnWithoutOrder = "return_without_order",
    /// An order's total is the sum of its parts.
    OrderTotal = "order_total",
    /// An order's money is what its payment says, and what its status allows.
    OrderMoney = "order_money",
    /// An order comes to its end.
    OrderStuck = "order_stuck",
    /// Money that we have is an order's.
    PaymentWithoutOrder = "payment_without_order",
    /// A payment is what its provider says.
    PaymentAtProvider = "payment_at_provider",
    /// The provider's charges are what its ledger says.
    ProviderLedger = "provider_ledger",
    /// Money that the provider has for us is a payment's.
    ChargeWithoutPayment = "charge_without_payment",
    /// The ledger sums to zero.
    LedgerBalance = "ledger_balance",
    /// A confirmed order has its mail, once.
    OrderMail = "order_mail",
    /// An event does not wait.
    EventUnsent = "event_unsent",
}

impl Rule {
    /// Whether all that it compares is read at one moment.
    pub(super) const fn is_read_at_once(self) -> bool {
        matches!(
            self,
            Self::StockMovements
                | Self::StockHeld
                | Self::StockCommitted
                | Self::StockKeys
                | Self::StockOversold
                | Self::LedgerBalance
                | Self::EventUnsent
        )
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
