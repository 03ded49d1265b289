//! Carts with their items. Whoever changes a cart locks its row first, so that no two changes lose one
//! another; an order takes the cart only at the revision that was priced.

use techtrove_core::{Timestamp, planted};
use techtrove_db::{DbError, Row, Sql, Tx, p};
use techtrove_identity_api::UserId;
use techtrove_orders_api::OrderId;

use crate::domain::{
    Order,
    cart::{Cart, CartId, CartItem, CartState, ItemChange},
    saga::{Change, Pin},
};

const READ_CART: &str = "SELECT id, user_id, status, order_id, revision, created_at, updated_at \
                         FROM carts WHERE id = ?";

const LOCK_CART: &str = "SELECT id, user_id, status, order_id, revision, created_at, updated_at \
                         FROM carts WHERE id = ? FOR UPDATE";

const INSERT_CART: Sql = Sql::new(
    "INSERT INTO carts (id, user_id, status, order_id, revision, created_at, updated_at) \
     VALUES (?, ?, ?, ?, ?, ?, ?)",
);

const UPDATE_CART: Sql = Sql::new(
    "UPDATE carts SET status = ?, order_id = ?, revision = ?, updated_at = ? WHERE id = ?",
);

const TAKE_CART: Sql = Sql::new(
    "UPDATE carts SET status = 'locked', order_id = ?, updated_at = ? \
     WHERE id = ? AND revision = ? AND status = 'open'",
);

/// What a planted bug does: it takes the cart whatever was priced.
const TAKE_ANYHOW: Sql = Sql::new(
    "UPDATE carts SET status = 'locked', order_id = ?, updated_at = ? \
     WHERE id = ? AND ? IS NOT NULL AND status = 'open'",
);

const INSERT_ITEM: Sql =
    Sql::new("INSERT INTO cart_items (cart_id, id, sku, quantity) VALUES (?, ?, ?, ?)");

const SET_QUANTITY: Sql =
    Sql::new("UPDATE cart_items SET quantity = ? WHERE cart_id = ? AND id = ?");

const DELETE_ITEM: Sql = Sql::new("DELETE FROM cart_items WHERE cart_id = ? AND id = ?");

const DELETE_ITEMS: Sql = Sql::new("DELETE FROM cart_items WHERE cart_id = ?");

const CLAIM: &str = "SELECT cart_id FROM cart_claims WHERE guest_cart_id = ? AND user_id = ?";

/// The same whoever asks, as only a planted bug has it.
const CLAIM_OF_ANYBODY: &str =
    "SELECT cart_id FROM cart_claims WHERE guest_cart_id = ? AND ? IS NOT NULL";

/// Makes sure that a user has a row, and locks it where others may write at the same time.
const LOCK_OWNER: Sql = Sql::new(
    "INSERT INTO cart_owners (user_id) VALUES (?) \
     ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id",
)
.sqlite("INSERT INTO cart_owners (user_id) VALUES (?) ON CONFLICT (user_id) DO NOTHING")
.mysql("INSERT INTO cart_owners (user_id) VALUES (?) ON DUPLICATE KEY UPDATE user_id = user_id");

/// A cart at one of its revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CartAt {
    /// Which cart.
    pub id: CartId,
    /// At which revision.
    pub revision: i64,
}

/// Stores a new cart with its items.
///
/// # Errors
/// When the database fails.
pub fn insert_cart(tx: &mut Tx<'_>, cart: &Cart) -> Result<(), DbError> {
    let (status, order) = words_of(cart.state);
    let row =
        p![cart.id, cart.user_id, status, order, cart.revision, cart.created_at, cart.updated_at,];
    let mut statements = vec![(INSERT_CART, row)];
    let item = |item| (INSERT_ITEM, item_row(cart.id, item));
    statements.extend(cart.items.iter().map(item));
    tx.execute_many(&statements)?;
    Ok(())
}

fn item_row(cart: CartId, item: &CartItem) -> techtrove_db::Params<'_> {
    p![cart, item.id, item.sku, item.quantity]
}

/// The cart of this id, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_cart(tx: &mut Tx<'_>, id: CartId) -> Result<Option<Cart>, DbError> {
    let found = tx.query_opt(READ_CART, p![id], read_cart)?;
    with_items(tx, found)
}

/// The same, for whoever is about to change it: others wait until this transaction has ended.
///
/// # Errors
/// When the database fails.
pub fn lock_cart(tx: &mut Tx<'_>, id: CartId) -> Result<Option<Cart>, DbError> {
    let found = tx.query_opt(LOCK_CART, p![id], read_cart)?;
    with_items(tx, found)
}

/// Lets nobody else claim carts for `user` until this transaction has ended: who comes then sees the
/// cart that was claimed into.
///
/// # Errors
/// When the database fails.
pub fn lock_owner(tx: &mut Tx<'_>, user: UserId) -> Result<(), DbError> {
    tx.execute(LOCK_OWNER, p![user])?;
    Ok(())
}

/// The user's newest cart that is open, if there is one.
///
/// # Errors
/// When the database fails.
pub fn lookup_current(tx: &mut Tx<'_>, user: UserId) -> Result<Option<CartId>, DbError> {
    tx.query_opt(
        "SELECT id FROM carts WHERE user_id = ? AND status = 'open' ORDER BY id DESC LIMIT 1",
        p![user],
        |row| row.get(0),
    )
}

fn with_items(tx: &mut Tx<'_>, found: Option<Cart>) -> Result<Option<Cart>, DbError> {
    let Some(mut cart) = found else { return Ok(None) };
    cart.items = tx.query(
        "SELECT id, sku, quantity FROM cart_items WHERE cart_id = ? ORDER BY id",
        p![cart.id],
        |row| Ok(CartItem { id: row.get(0)?, sku: row.get(1)?, quantity: row.get(2)? }),
    )?;
    Ok(Some(cart))
}

fn read_cart(row: &Row<'_>) -> Result<Cart, DbError> {
    let status = row.get::<String>(2)?;
    let order = row.get::<Option<OrderId>>(3)?;
    let state = match (status.as_str(), order) {
        ("open", None) => CartState::Open,
        ("locked", Some(order)) => CartState::Locked(order),
        ("completed", Some(order)) => CartState::Completed(order),
        ("claimed", None) => CartState::Claimed,
        _ => return Err(DbError::decode("a cart's status")),
    };
    Ok(Cart {
        id: row.get(0)?,
        user_id: row.get(1)?,
        state,
        revision: row.get(4)?,
        items: Vec::new(),
        created_at: row.get(5)?,
        updated_at: row.get(6)?,
    })
}

fn words_of(state: CartState) -> (&'static str, Option<OrderId>) {
    match state {
        CartState::Open => ("open", None),
        CartState::Locked(order) => ("locked", Some(order)),
        CartState::Completed(order) => ("completed", Some(order)),
        CartState::Claimed => ("claimed", None),
    }
}

/// Stores a locked cart as it is now, with the changes of its items. A claimed one has none any more.
///
/// # Errors
/// When the database fails.
pub fn save_cart(tx: &mut Tx<'_>, cart: &Cart, changes: &[ItemChange]) -> Result<(), DbError> {
    let (status, order) = words_of(cart.state);
    let row = p![status, order, cart.revision, cart.updated_at, cart.id];
    let mut statements = vec![(UPDATE_CART, row)];
    if cart.state == CartState::Claimed {
        statements.push((DELETE_ITEMS, p![cart.id]));
    }
    statements.extend(changes.iter().map(|change| match change {
        ItemChange::Added(item) => (INSERT_ITEM, item_row(cart.id, item)),
        ItemChange::Set(id, quantity) => (SET_QUANTITY, p![*quantity, cart.id, *id]),
        ItemChange::Removed(id) => (DELETE_ITEM, p![cart.id, *id]),
    }));
    tx.execute_many(&statements)?;
    Ok(())
}

/// Remembers into whose cart a guest's went.
///
/// # Errors
/// When the database fails.
pub fn insert_claim(tx: &mut Tx<'_>, guest: &Cart, own: &Cart) -> Result<(), DbError> {
    tx.execute(
        "INSERT INTO cart_claims (guest_cart_id, user_id, cart_id, claimed_at) VALUES (?, ?, ?, ?)",
        p![guest.id, own.user_id, own.id, guest.updated_at],
    )?;
    Ok(())
}

/// The cart of `user` into which this guest's went, if it went there.
///
/// # Errors
/// When the database fails.
pub fn lookup_claim(
    tx: &mut Tx<'_>,
    guest: CartId,
    user: UserId,
) -> Result<Option<CartId>, DbError> {
    tx.query_opt(
        if planted("claim-of-anybody") { CLAIM_OF_ANYBODY } else { CLAIM },
        p![guest, user],
        |row| row.get(0),
    )
}

/// Locks the cart for a new order, if it is still as it was priced; `false` when it is not.
///
/// # Errors
/// When the database fails.
pub fn take_cart(tx: &mut Tx<'_>, cart: CartAt, order: &Order) -> Result<bool, DbError> {
    if planted("cart-bought-twice") {
        return Ok(true);
    }
    let matched = tx.execute(
        if planted("cart-of-any-revision") { TAKE_ANYHOW } else { TAKE_CART },
        p![order.id, order.created_at, cart.id, cart.revision],
    )?;
    Ok(matched == 1)
}

/// Lets an order's cart follow the order: completed when its buyer is answered with it, open again
/// when they were told that there is none.
pub(super) fn follow_order(tx: &mut Tx<'_>, order: &Order, change: &Change) -> Result<(), DbError> {
    let Some(cart) = order.cart_id else { return Ok(()) };
    if change.forgets_buyer && !planted("refused-cart-left-locked") {
        tx.execute("UPDATE orders SET live_cart_id = NULL WHERE id = ?", p![order.id])?;
        tx.execute(
            "UPDATE carts SET status = 'open', order_id = NULL, updated_at = ? \
             WHERE id = ? AND order_id = ? AND status = 'locked'",
            p![order.updated_at, cart, order.id],
        )?;
    } else if change.pin == Pin::Order {
        tx.execute(
            "UPDATE carts SET status = 'completed' WHERE id = ? AND order_id = ?",
            p![cart, order.id],
        )?;
    }
    Ok(())
}

/// Deletes up to `limit` guests' carts that nobody has touched since `before`, and counts them. One
/// that an order is being placed of stays.
///
/// # Errors
/// When the database fails.
pub fn prune_carts(tx: &mut Tx<'_>, before: Timestamp, limit: u32) -> Result<usize, DbError> {
    let old: Vec<CartId> = tx.query(
        "SELECT id FROM carts WHERE updated_at < ? AND user_id IS NULL AND status <> 'locked' \
         ORDER BY updated_at LIMIT ? FOR UPDATE SKIP LOCKED",
        p![before, limit],
        |row| row.get(0),
    )?;
    for cart in &old {
        tx.execute("DELETE FROM cart_claims WHERE guest_cart_id = ?", p![*cart])?;
        tx.execute(DELETE_ITEMS, p![*cart])?;
        tx.execute("DELETE FROM carts WHERE id = ?", p![*cart])?;
    }
    Ok(old.len())
}
