//! A cart: so many pieces of each SKU, until it becomes an order. It keeps no prices, which are
//! catalog's of the moment. It must never become two orders: while one is being placed it is locked,
//! and it opens again only when that order was refused.

use serde::{Deserialize, Serialize};
use techtrove_core::{Quantity, Sku, Timestamp, planted};
use techtrove_identity_api::UserId;
use techtrove_orders_api::OrderId;

use super::checkout::WishedLine;

techtrove_core::typed_id!(
    /// A cart.
    CartId, "cart"
);

techtrove_core::typed_id!(
    /// An item of a cart.
    CartItemId, "item"
);

/// The most items of a cart.
pub const MAX_ITEMS: usize = 100;

/// A cart as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cart {
    /// Which cart.
    pub id: CartId,
    /// Whose; none for a guest's.
    pub user_id: Option<UserId>,
    /// What it has come to.
    pub state: CartState,
    /// Raised by each change, so that an order is of the cart that was priced.
    pub revision: i64,
    /// What is in it, each SKU once, in the order of the items' ids, which is that of their coming.
    pub items: Vec<CartItem>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// So many pieces of a SKU.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CartItem {
    /// Which item.
    pub id: CartItemId,
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Quantity,
}

/// What a cart has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CartState {
    /// It may be changed.
    Open,
    /// An order is being placed of it.
    Locked(OrderId),
    /// It has become this order.
    Completed(OrderId),
    /// Its guest signed in, and it went into a cart of theirs.
    Claimed,
}

/// Why a cart is not changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CartRefusal {
    /// An order is being placed of it.
    #[error("an order is being placed of this cart")]
    Locked,
    /// It has become an order.
    #[error("this cart has become an order")]
    Completed(OrderId),
    /// It went into another one.
    #[error("this cart was claimed and is in a cart of its owner's")]
    Claimed,
    /// It has as many items as it may.
    #[error("a cart has at most {MAX_ITEMS} items")]
    Full,
    /// More pieces than a line may have.
    #[error("a cart has at most {max} pieces of a SKU", max = Quantity::MAX)]
    TooMany,
    /// Nothing of that id is in it.
    #[error("no such item in this cart")]
    NoSuchItem,
}

/// What of a cart has to be stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemChange {
    /// A new item.
    Added(CartItem),
    /// Another quantity.
    Set(CartItemId, Quantity),
    /// Gone.
    Removed(CartItemId),
}

impl Cart {
    /// An empty cart.
    #[must_use]
    pub fn new(id: CartId, user_id: Option<UserId>, now: Timestamp) -> Self {
        Self {
            id,
            user_id,
            state: CartState::Open,
            revision: 1,
            items: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// That it may be changed or bought.
    ///
    /// # Errors
    /// Why it may not.
    pub fn require_open(&self) -> Result<(), CartRefusal> {
        match self.state {
            CartState::Open => Ok(()),
            CartState::Locked(_) => Err(CartRefusal::Locked),
            CartState::Completed(order) => Err(CartRefusal::Completed(order)),
            CartState::Claimed => Err(CartRefusal::Claimed),
        }
    }

    /// Adds `item`, or its quantity to that of the same SKU.
    ///
    /// # Errors
    /// When the cart is not open, is full, or would have too many pieces.
    pub fn add(&mut self, item: CartItem, now: Timestamp) -> Result<ItemChange, CartRefusal> {
        self.require_open()?;
        let full = self.items.len() >= MAX_ITEMS;
        let change = match self.items.iter_mut().find(|known| known.sku == item.sku) {
            Some(known) => {
                let sum = known.quantity.checked_add(item.quantity);
                known.quantity = sum.ok_or(CartRefusal::TooMany)?;
                ItemChange::Set(known.id, known.quantity)
            }
            None if full => return Err(CartRefusal::Full),
            None => {
                self.items.push(item.clone());
                self.items.sort_unstable_by_key(|item| item.id);
                ItemChange::Added(item)
            }
        };
        self.touch(now);
        Ok(change)
    }

    /// Adds as much of `item` as there is room for its SKU; none is no change.
    ///
    /// # Errors
    /// When the cart is not open or is full.
    pub fn fill(
        &mut self,
        mut item: CartItem,
        now: Timestamp,
    ) -> Result<Option<ItemChange>, CartRefusal> {
        let known = self.items.iter().find(|known| known.sku == item.sku);
        let room = known.map_or(Quantity::MAX, |known| Quantity::MAX - known.quantity.get());
        let Ok(most) = Quantity::new(room) else { return Ok(None) };
        item.quantity = item.quantity.min(most);
        self.add(item, now).map(Some)
    }

    /// Sets an item's quantity.
    ///
    /// # Errors
    /// When the cart is not open or has no such item.
    pub fn set(
        &mut self,
        id: CartItemId,
        quantity: Quantity,
        now: Timestamp,
    ) -> Result<ItemChange, CartRefusal> {
        self.require_open()?;
        let item = self.items.iter_mut().find(|item| item.id == id);
        item.ok_or(CartRefusal::NoSuchItem)?.quantity = quantity;
        self.touch(now);
        Ok(ItemChange::Set(id, quantity))
    }

    /// Takes an item out.
    ///
    /// # Errors
    /// When the cart is not open or has no such item.
    pub fn remove(&mut self, id: CartItemId, now: Timestamp) -> Result<ItemChange, CartRefusal> {
        self.require_open()?;
        let place = self.items.iter().position(|item| item.id == id);
        self.items.remove(place.ok_or(CartRefusal::NoSuchItem)?);
        if !planted("removal-keeps-revision") {
            self.touch(now);
        }
        Ok(ItemChange::Removed(id))
    }

    /// Takes over everything in `guest`, which is empty and claimed then. Quantities are summed, up to
    /// the most that a line may have.
    ///
    /// # Errors
    /// When one of the carts is not open, or there would be too many items.
    pub fn take_over(
        &mut self,
        guest: &mut Self,
        now: Timestamp,
    ) -> Result<Vec<ItemChange>, CartRefusal> {
        self.require_open()?;
        guest.require_open()?;
        let mut changes = Vec::with_capacity(guest.items.len());
        for item in std::mem::take(&mut guest.items) {
            changes.extend(self.fill(item, now)?);
        }
        if !planted("claimed-cart-left-open") {
            guest.state = CartState::Claimed;
        }
        guest.touch(now);
        Ok(changes)
    }

    /// The items as somebody wants to buy them.
    #[must_use]
    pub fn lines(&self) -> Vec<WishedLine> {
        let line = |item: &CartItem| WishedLine { sku: item.sku.clone(), quantity: item.quantity };
        self.items.iter().map(line).collect()
    }

    fn touch(&mut self, now: Timestamp) {
        self.revision = self.revision.saturating_add(1);
        self.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use techtrove_core::TypedId as _;
    use uuid::Uuid;

    use super::*;

    fn now() -> Timestamp {
        Timestamp::from_micros(7)
    }

    fn cart(number: u128) -> Cart {
        Cart::new(CartId::from_uuid(Uuid::from_u128(number)), None, now())
    }

    fn item(id: u128, sku: u8, count: u32) -> CartItem {
        CartItem {
            id: CartItemId::from_uuid(Uuid::from_u128(id)),
            sku: format!("SKU-{sku}").parse().expect("a SKU"),
            quantity: Quantity::new(count).expect("a quantity"),
        }
    }

    fn filled(number: u128, wanted: &[(u8, u32)]) -> Cart {
        let mut cart = cart(number);
        for (place, (sku, count)) in (number * 1_000..).zip(wanted) {
            // Beyond what fits, the cart stays as it is.
            let _ = cart.add(item(place, *sku, *count), now());
        }
        cart
    }

    fn sums(cart: &Cart) -> BTreeMap<Sku, u32> {
        cart.items.iter().map(|item| (item.sku.clone(), item.quantity.get())).collect()
    }

    #[test]
    fn the_same_sku_adds_up_until_there_are_too_many() {
        let mut cart = filled(1, &[(1, 2), (2, 1), (1, 3)]);
        let before = cart.clone();

        let refused = cart.add(item(9, 1, Quantity::MAX - 4), now());

        assert_eq!(cart.items, [item(1_000, 1, 5), item(1_001, 2, 1)]);
        assert_eq!((refused, &cart), (Err(CartRefusal::TooMany), &before));
    }

    #[test]
    fn a_cart_has_at_most_so_many_items() {
        let mut cart = filled(1, &(0..100).map(|sku| (sku, 1)).collect::<Vec<_>>());

        assert_eq!(cart.add(item(9, 100, 1), now()), Err(CartRefusal::Full));
        assert!(cart.add(item(9, 99, 1), now()).is_ok());
    }

    #[test]
    fn only_an_open_cart_is_changed() {
        let order = OrderId::from_uuid(Uuid::from_u128(5));
        for (state, refusal) in [
            (CartState::Locked(order), CartRefusal::Locked),
            (CartState::Completed(order), CartRefusal::Completed(order)),
            (CartState::Claimed, CartRefusal::Claimed),
        ] {
            let mut closed = Cart { state, ..filled(1, &[(1, 1)]) };
            let (id, two) = (closed.items[0].id, Quantity::new(2).expect("a quantity"));

            assert_eq!(closed.add(item(9, 2, 1), now()), Err(refusal));
            assert_eq!(closed.set(id, two, now()), Err(refusal));
            assert_eq!(closed.remove(id, now()), Err(refusal));
            assert_eq!(closed.take_over(&mut cart(2), now()), Err(refusal));
            assert_eq!(cart(2).take_over(&mut closed, now()), Err(refusal));
        }
    }

    fn wanted() -> impl Strategy<Value = Vec<(u8, u32)>> {
        prop::collection::vec((0..12_u8, 1..=Quantity::MAX), 0..20)
    }

    proptest! {
        #[test]
        fn taking_over_sums_up_and_loses_no_sku(mine in wanted(), guests in wanted()) {
            let (mut cart, mut guest) = (filled(1, &mine), filled(2, &guests));
            let mut expected = sums(&cart);
            for (sku, count) in sums(&guest) {
                let sum = expected.entry(sku).or_default();
                *sum = (*sum + count).min(Quantity::MAX);
            }
            let before = cart.revision;

            let changes = cart.take_over(&mut guest, now()).expect("few items");

            prop_assert_eq!(sums(&cart), expected);
            prop_assert!(guest.items.is_empty() && guest.state == CartState::Claimed);
            prop_assert_eq!(cart.revision - before, i64::try_from(changes.len()).expect("few"));
            prop_assert!(cart.take_over(&mut guest, now()).is_err());
        }

        #[test]
        fn every_change_raises_the_revision_and_keeps_each_sku_once(
            steps in prop::collection::vec((0..3_u8, 0..6_u8, 1..=Quantity::MAX), 0..40),
        ) {
            let mut cart = cart(1);
            for (place, (what, sku, count)) in (0_u128..).zip(steps) {
                let before = cart.clone();
                let known = cart.items.iter().find(|known| known.sku == item(0, sku, 1).sku);
                let id = known.map_or(CartItemId::from_uuid(Uuid::nil()), |known| known.id);
                let changed = match what {
                    0 => cart.add(item(place + 1, sku, count), now()),
                    1 => cart.set(id, item(0, sku, count).quantity, now()),
                    _ => cart.remove(id, now()),
                };

                prop_assert_eq!(cart.revision - before.revision, i64::from(changed.is_ok()));
                prop_assert!(changed.is_ok() || cart == before);
                prop_assert_eq!(sums(&cart).len(), cart.items.len());
            }
        }
    }
}
