//! Orders as other services see them.

use serde::{Deserialize, Serialize};
use techtrove_core::{EmailAddress, Money, Sku};

techtrove_core::typed_id!(
    /// An order.
    OrderId, "ord"
);

techtrove_core::typed_id!(
    /// A parcel of an order.
    ShipmentId, "shp"
);

/// Where an order stands: `pending → confirmed → processing → shipped → delivered`,
/// `pending → payment_failed | cancelled`, `confirmed, processing → cancelled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Placed; stock or money is not certain yet.
    Pending,
    /// Stock is committed and money reserved.
    Confirmed,
    /// Being packed.
    Processing,
    /// All goods are on their way.
    Shipped,
    /// All goods have arrived.
    Delivered,
    /// The payment was refused.
    PaymentFailed,
    /// Given up, and everything undone.
    Cancelled,
}

/// The data of the order events: ids only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderChanged {
    /// Which order.
    pub order_id: OrderId,
    /// Where it stands from now on.
    pub status: OrderStatus,
}

/// The data of the event that an order was confirmed: what [`OrderChanged`] says, and what was sold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfirmed {
    /// Which order.
    pub order_id: OrderId,
    /// Where it stands from now on.
    pub status: OrderStatus,
    /// What was sold; nothing in events of before it was told.
    #[serde(default)]
    pub lines: Vec<SoldLine>,
    /// Whose it is, of identity's; nobody's of a guest whose contact is no user's, and in events of before it
    /// was told.
    #[serde(default)]
    pub user_id: Option<uuid::Uuid>,
}

/// The data of the event that a guest's order is a user's: what [`OrderChanged`] says, whose it is, and what was
/// sold with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAdopted {
    /// Which order.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Whose it is, of identity's.
    pub user_id: uuid::Uuid,
    /// What was sold.
    pub lines: Vec<SoldLine>,
}

/// What was sold of one SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoldLine {
    /// Its product, of catalog's.
    pub product_id: uuid::Uuid,
    /// How many pieces.
    pub quantity: u32,
}

/// The data of the event that a parcel left: what [`OrderChanged`] says, and which one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelShipped {
    /// Which order.
    pub order_id: OrderId,
    /// Where it stands from now on.
    pub status: OrderStatus,
    /// Which parcel.
    pub shipment_id: ShipmentId,
}

/// The data of the event that money was given back: what [`OrderChanged`] says, and by which refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefunded {
    /// Which order.
    pub order_id: OrderId,
    /// Where it stands.
    pub status: OrderStatus,
    /// Which refund, of payments'.
    pub refund_id: uuid::Uuid,
}

/// One line of an order, frozen when it was placed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// What was bought.
    pub sku: Sku,
    /// Its name at that time.
    pub name: String,
    /// How many pieces.
    pub quantity: u32,
    /// The price of one piece.
    pub unit_price: Money,
    /// The price of all pieces.
    pub total: Money,
    /// Whether it needs no parcel.
    #[serde(default)]
    pub digital: bool,
}

/// `total = subtotal − discount + shipping + tax`, to the minor unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Totals {
    /// The sum of the lines.
    pub subtotal: Money,
    /// Taken off the subtotal.
    pub discount: Money,
    /// For shipping.
    pub shipping: Money,
    /// All taxes.
    pub tax: Money,
    /// What is charged.
    pub total: Money,
}

/// What a mail about an order needs; never part of an event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderForMail {
    /// Which order.
    pub order_id: OrderId,
    /// Its number for people.
    pub number: String,
    /// Where it stands.
    pub status: OrderStatus,
    /// Where to write to.
    pub email: EmailAddress,
    /// The recipient's name, when known.
    pub name: Option<String>,
    /// What was bought.
    pub lines: Vec<OrderLine>,
    /// What it costs.
    pub totals: Totals,
    /// The licence keys that were revealed, where they were asked for.
    #[serde(default)]
    pub licence_keys: Vec<LicenceKey>,
    /// Who bought, of identity's, when signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<uuid::Uuid>,
    /// In which language to write, as a language tag, when known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Which languages the buyer's browser said that they read, the most wanted first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub languages: Vec<String>,
    /// The parcel that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<Parcel>,
    /// What the refund that was asked for gave back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<Money>,
}

/// A parcel that is on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parcel {
    /// Who carries it.
    pub carrier: String,
    /// By which number it can be followed.
    pub tracking_number: Option<String>,
    /// What is in it.
    pub lines: Vec<ParcelLine>,
}

/// So many pieces in a parcel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParcelLine {
    /// Of what.
    pub sku: Sku,
    /// Its name.
    pub name: String,
    /// How many.
    pub quantity: u32,
}

/// A licence key that a buyer was given; it does not show itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct LicenceKey {
    /// What it is a licence of.
    pub sku: Sku,
    /// The key itself.
    pub key: String,
}

impl std::fmt::Debug for LicenceKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LicenceKey").field("sku", &self.sku).finish_non_exhaustive()
    }
}

/// What a mail about an order is to tell besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailQuery {
    /// Whether it is to tell the licence keys; then it is not written without them.
    #[serde(default)]
    pub licence_keys: bool,
    /// The parcel that it is to tell of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parcel: Option<ShipmentId>,
    /// The refund that it is to tell of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<uuid::Uuid>,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Version 1 as it was first published, and as it is now.
    const CONFIRMED_V1: [&str; 2] = [
        r#"{"order_id": "ord_01kafy3m2se6rbq3tmn4y4bwqd", "status": "confirmed"}"#,
        r#"{
            "order_id": "ord_01kafy3m2se6rbq3tmn4y4bwqd",
            "status": "confirmed",
            "lines": [{"product_id": "019a9fe1-d059-7187-8b8f-54a8bc4e5eed", "quantity": 2}],
            "user_id": "019a9fe1-d059-7187-8b8f-54a8bc4e5eee"
        }"#,
    ];

    #[test]
    fn recorded_events_of_version_1_are_read() {
        let [first, now] = CONFIRMED_V1
            .map(|event| serde_json::from_str::<OrderConfirmed>(event).expect("is read"));

        assert_eq!((first.order_id, first.status), (now.order_id, OrderStatus::Confirmed));
        assert_eq!((first.lines.len(), first.user_id), (0, None));
        assert_eq!((now.lines[0].quantity, now.user_id.is_some()), (2, true));
    }
}
