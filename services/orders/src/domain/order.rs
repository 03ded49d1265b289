//! An order: its lines, prices and totals frozen when it was placed, and what has become of it since.
//! Only [`Order::apply`] moves it, by a change that [`super::saga`] decided.

use serde::Serialize;
use techtrove_catalog_api::{Fulfilment, ProductId, VariantId};
use techtrove_core::{EmailAddress, Money, Quantity, Sku, Timestamp};
use techtrove_identity_api::UserId;
use techtrove_inventory_api::ReservationId;
use techtrove_orders_api::{OrderId, OrderStatus, StockClaim, Totals};
use techtrove_payments_api::{PaymentId, PaymentStatus};

use super::{Address, OrderNumber, cart::CartId, saga::Change};

/// An order as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Which order.
    pub id: OrderId,
    /// Its number for people; none for an attempt that was refused.
    pub number: Option<OrderNumber>,
    /// Who bought, when signed in.
    pub user_id: Option<UserId>,
    /// Where to write to; none when only identity knows, or for an attempt that was refused.
    pub email: Option<EmailAddress>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whether the buyer was told that there is no order: then it is kept for staff alone.
    pub refused: bool,
    /// The money.
    pub payment: PaymentState,
    /// How it gets to the buyer.
    pub delivery: Delivery,
    /// What was bought, in the buyer's order.
    pub lines: Vec<Line>,
    /// What it costs.
    pub totals: Totals,
    /// What became of it, from the beginning.
    pub history: Vec<HistoryEntry>,
    /// Raised by edits only.
    pub version: i64,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// The cart that it was made from.
    pub cart_id: Option<CartId>,
    /// Whether the tax is within the prices, and not added to them.
    pub prices_include_tax: bool,
}

/// What orders knows of its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentState {
    /// The payment; chosen with the order, so that every call may be repeated.
    pub id: PaymentId,
    /// Who holds the money.
    pub provider: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Minor units taken.
    pub captured: i64,
}

/// How an order gets to the buyer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Delivery {
    /// The shipping method; none when nothing ships.
    pub method: Option<String>,
    /// Where goods go.
    pub shipping_address: Option<Address>,
    /// Where the bill goes, when it is not the same.
    pub billing_address: Option<Address>,
}

/// One line, frozen when the order was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What was bought.
    pub sku: Sku,
    /// Its product.
    pub product_id: ProductId,
    /// Its variant.
    pub variant_id: VariantId,
    /// Its name at that time.
    pub name: String,
    /// How it reaches the buyer.
    pub fulfilment: Fulfilment,
    /// How many pieces.
    pub quantity: Quantity,
    /// The price of one piece.
    pub unit_price: Money,
    /// The price of all pieces, without tax.
    pub total: Money,
    /// The tax on it.
    pub tax: Money,
}

/// One station of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HistoryEntry {
    /// Where it stood from then on.
    pub status: OrderStatus,
    /// Since when.
    pub at: Timestamp,
    /// Why, fit for the buyer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl Order {
    /// The reservation of its stock: the same UUID.
    #[must_use]
    pub fn reservation_id(&self) -> ReservationId {
        use techtrove_core::TypedId as _;
        ReservationId::from_uuid(self.id.uuid())
    }

    /// Moves the order as the saga decided.
    pub fn apply(&mut self, change: &Change, now: Timestamp) {
        if let Some(status) = change.status {
            self.status = status;
            self.history.push(HistoryEntry { status, at: now, note: change.note.clone() });
        }
        if let Some(payment) = &change.payment {
            self.payment.status = payment.status;
            self.payment.captured = payment.captured;
        }
        if change.forgets_buyer {
            self.refused = true;
            self.number = None;
            self.email = None;
            self.delivery = Delivery::default();
        }
        self.updated_at = now;
    }
}

/// What inventory's books must show for an order of this status.
#[must_use]
pub fn stock_claim(status: OrderStatus) -> StockClaim {
    match status {
        OrderStatus::Pending => StockClaim::InFlight,
        OrderStatus::Confirmed | OrderStatus::Processing => StockClaim::Committed,
        OrderStatus::Shipped | OrderStatus::Delivered => StockClaim::Nothing,
        OrderStatus::PaymentFailed | OrderStatus::Cancelled => StockClaim::Nothing,
    }
}
