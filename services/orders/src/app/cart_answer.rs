//! A cart as its owner sees it: what is stored, with catalog's prices of this moment. What is pinned
//! for an idempotency key is the cart without prices, so that a replay is priced like every read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, de::DeserializeOwned};
use techtrove_catalog_api::{ProductId, SellableSku, VariantId};
use techtrove_core::{Money, Problem, Quantity, Sku, Timestamp, TypedId as _};
use techtrove_http::idempotency::{Answer, Once, Repeatable};
use techtrove_identity_api::GuestSubject;
use techtrove_orders_api::OrderId;
use utoipa::ToSchema;

use super::{App, sellable::sellable};
use crate::{
    domain::cart::{Cart, CartId, CartItem, CartItemId, CartState},
    error::Error,
};

/// A cart.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Cart)]
pub struct CartBody {
    /// Which cart.
    pub id: CartId,
    /// Whether it may be changed.
    pub status: CartStatus,
    /// The order that it has become, or is becoming.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<OrderId>,
    /// What is in it, each SKU once.
    #[schema(max_items = 100)]
    pub items: Vec<CartItemBody>,
    /// The sum of what is for sale, without shipping.
    pub subtotal: Money,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// For guests: the token to send back as `X-Cart-Token`. Shown only when the cart is made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart_token: Option<String>,
}

/// Whether a cart may be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CartStatus {
    /// It may.
    Open,
    /// An order is being placed of it.
    Locked,
    /// It has become an order.
    Completed,
    /// Its guest signed in, and it went into a cart of theirs.
    Claimed,
}

/// So many pieces of a SKU.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = CartItem)]
pub struct CartItemBody {
    /// Which item.
    pub id: CartItemId,
    /// What.
    pub sku: Sku,
    /// How many pieces.
    pub quantity: Quantity,
    /// Whether it is for sale now; without, it has no name and price, and cannot be bought.
    pub available: bool,
    /// Its product.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product_id: Option<ProductId>,
    /// Its variant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant_id: Option<VariantId>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The price of one piece.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Money>,
    /// The price of all pieces.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Money>,
}

/// The answer to a `POST` about a cart.
#[derive(Clone, Debug)]
pub(crate) enum CartAnswer<T = CartBody> {
    /// The cart.
    Cart {
        /// As it is shown.
        body: T,
        /// Whether it was answered before.
        replayed: bool,
    },
    /// The same request was refused for good before, with this answer.
    Refused(Answer),
}

impl<T> CartAnswer<T> {
    /// The answer with what `show` makes of it.
    ///
    /// # Errors
    /// Those of `show`.
    pub(super) async fn shown<U>(
        self,
        show: impl AsyncFnOnce(T) -> Result<U, Error>,
    ) -> Result<CartAnswer<U>, Error> {
        match self {
            Self::Cart { body, replayed } => {
                Ok(CartAnswer::Cart { body: show(body).await?, replayed })
            }
            Self::Refused(answer) => Ok(CartAnswer::Refused(answer)),
        }
    }
}

impl Repeatable for Cart {
    fn answer(&self) -> Result<Answer, Problem> {
        Answer::created(&location(self.id), self)
    }
}

/// Where a cart is.
pub(crate) fn location(id: CartId) -> String {
    format!("/api/v1/carts/{id}")
}

/// What was written under an idempotency key, now or before, to be shown.
///
/// # Errors
/// The refusal of now, or when what is pinned cannot be read.
pub(super) fn written<T: DeserializeOwned>(once: Once<T>) -> Result<CartAnswer<T>, Error> {
    match once {
        Once::Made(value) => Ok(CartAnswer::Cart { body: value, replayed: false }),
        Once::Replayed(answer) if answer.is_refusal() => Ok(CartAnswer::Refused(answer)),
        Once::Replayed(answer) => {
            Ok(CartAnswer::Cart { body: serde_json::from_slice(&answer.body)?, replayed: true })
        }
        Once::Refused(problem) => Err(problem.into()),
    }
}

/// The cart with the prices of this moment.
///
/// # Errors
/// When catalog cannot be reached, or the prices cannot be computed with.
pub(super) async fn priced(app: &App, cart: &Cart) -> Result<CartBody, Error> {
    priced_with(app, cart, &[], Vec::new()).await
}

/// The same where catalog was `asked` of some SKUs just now and said what of them is `sold`.
///
/// # Errors
/// As [`priced`].
pub(super) async fn priced_with(
    app: &App,
    cart: &Cart,
    asked: &[Sku],
    mut sold: Vec<SellableSku>,
) -> Result<CartBody, Error> {
    let asked: BTreeSet<&Sku> = asked.iter().collect();
    let skus = cart.items.iter().map(|item| &item.sku);
    sold.extend(sellable(app, skus.filter(|sku| !asked.contains(sku))).await?);
    let sold: BTreeMap<&Sku, &SellableSku> = sold.iter().map(|item| (&item.sku, item)).collect();
    let items = cart.items.iter().map(|item| shown(item, sold.get(&item.sku).copied()));
    let items = items.collect::<Result<Vec<_>, _>>()?;
    let totals = items.iter().filter_map(|item| item.total);
    let subtotal = Money::checked_sum(app.config.pricing.currency, totals);
    let (status, order_id) = match cart.state {
        CartState::Open => (CartStatus::Open, None),
        CartState::Locked(order) => (CartStatus::Locked, Some(order)),
        CartState::Completed(order) => (CartStatus::Completed, Some(order)),
        CartState::Claimed => (CartStatus::Claimed, None),
    };
    Ok(CartBody {
        id: cart.id,
        status,
        order_id,
        items,
        subtotal: subtotal.map_err(Error::Prices)?,
        created_at: cart.created_at,
        updated_at: cart.updated_at,
        cart_token: None,
    })
}

fn shown(item: &CartItem, sold: Option<&SellableSku>) -> Result<CartItemBody, Error> {
    let total = sold.map(|sold| sold.price.checked_mul(item.quantity.as_i64()));
    Ok(CartItemBody {
        id: item.id,
        sku: item.sku.clone(),
        quantity: item.quantity,
        available: sold.is_some(),
        product_id: sold.map(|sold| sold.product_id),
        variant_id: sold.map(|sold| sold.variant_id),
        name: sold.map(|sold| sold.name.clone()),
        unit_price: sold.map(|sold| sold.price),
        total: total.transpose().map_err(Error::Prices)?,
    })
}

/// The token by which a guest sees a cart that was just made; users need none.
pub(super) fn cart_token(app: &App, cart: &Cart) -> Option<String> {
    let token = || app.guest_key.token(GuestSubject::Cart(cart.id.uuid()));
    cart.user_id.is_none().then(token)
}
