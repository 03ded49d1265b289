//! Carts in the store on every engine: what is stored comes back, an order takes a cart only as it was
//! priced, and the schema knows of one live order per cart.

use std::{collections::BTreeSet, time::Duration};

use techtrove_core::{Currency, Money, Quantity, Timestamp, TypedId as _};
use techtrove_db::{Db, DbError, Tx};
use techtrove_identity_api::UserId;
use techtrove_orders::{
    domain::{
        Delivery, Order, PaymentState,
        cart::{Cart, CartId, CartItem, CartItemId, CartState},
        saga::{Change, Pin, Saga},
    },
    store::{self, CartAt, Held, Lease, StoredSaga},
};
use techtrove_orders_api::{OrderId, OrderStatus, Totals};
use techtrove_payments_api::{PaymentId, PaymentStatus};
use techtrove_testing::engines;
use uuid::Uuid;

fn at(seconds: u64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000).plus(Duration::from_secs(seconds))
}

fn item(number: u128, sku: &str, count: u32) -> CartItem {
    CartItem {
        id: CartItemId::from_uuid(Uuid::from_u128(number)),
        sku: sku.parse().expect("a SKU"),
        quantity: Quantity::new(count).expect("a quantity"),
    }
}

fn cart(number: u128, user: Option<u128>) -> Cart {
    let user = user.map(|user| UserId::from_uuid(Uuid::from_u128(user)));
    let mut cart = Cart::new(CartId::from_uuid(Uuid::from_u128(number)), user, at(0));
    cart.items = vec![item(number * 10 + 1, "gpu", 2), item(number * 10 + 2, "GPU", 1)];
    cart
}

fn order(number: u128, cart: &Cart) -> Order {
    let nothing = Money::zero(Currency::USD);
    Order {
        id: OrderId::from_uuid(Uuid::from_u128(number)),
        number: None,
        user_id: cart.user_id,
        email: None,
        languages: Vec::new(),
        status: OrderStatus::Pending,
        refused: false,
        payment: PaymentState {
            id: PaymentId::from_uuid(Uuid::from_u128(number + 1_000)),
            provider: "sandbox".into(),
            status: PaymentStatus::Unknown,
            captured: 0,
            refunded: 0,
            next_action: None,
        },
        delivery: Delivery::default(),
        lines: Vec::new(),
        totals: Totals {
            subtotal: nothing,
            discount: nothing,
            shipping: nothing,
            tax: nothing,
            total: nothing,
        },
        history: Vec::new(),
        attempt: 1,
        cancel_asked: None,
        shipments: Vec::new(),
        refunds: Vec::new(),
        returns: Vec::new(),
        version: 1,
        created_at: at(1),
        updated_at: at(1),
        cart_id: Some(cart.id),
        note: None,
        prices_include_tax: true,
    }
}

async fn write<T: Send + 'static>(
    db: &Db,
    job: impl Fn(&mut Tx<'_>) -> Result<T, DbError> + Send + 'static,
) -> Result<T, DbError> {
    db.write("test.write", job).await
}

async fn stored(db: &Db, cart: &Cart) {
    let cart = cart.clone();
    write(db, move |tx| store::insert_cart(tx, &cart)).await.expect("stored");
}

async fn found(db: &Db, id: CartId) -> Option<Cart> {
    let found: Result<_, DbError> =
        db.read("test.cart", move |tx| store::lookup_cart(tx, id)).await;
    found.expect("read")
}

fn lease(order: &Order) -> Lease {
    Lease { order: order.id, owner: Uuid::from_u128(1), until: at(5) }
}

/// Places an order of the cart at `revision`; whether the cart was still that.
async fn place(db: &Db, order: &Order, revision: i64) -> Result<bool, DbError> {
    let order = order.clone();
    let at = CartAt { id: order.cart_id.expect("of a cart"), revision };
    write(db, move |tx| {
        if !store::take_cart(tx, at, &order)? {
            return Ok(false);
        }
        store::insert_order(tx, &order)?;
        let saga = StoredSaga { saga: Saga::begin(order.created_at), claim: None, revision: 0 };
        store::insert_saga(tx, &lease(&order), &saga)?;
        Ok(true)
    })
    .await
}

async fn change(db: &Db, order: &mut Order, change: Change) {
    let held = Held { lease: lease(order), revision: 0, stations: order.history.len() };
    order.apply(&change, at(3));
    let order = order.clone();
    let own = write(db, move |tx| store::store_change(tx, &held, &change, &order)).await;
    assert_eq!(own, Ok(true), "{}", db.engine());
}

#[tokio::test]
async fn a_cart_comes_back_as_it_was_left() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let (mut guests, users) = (cart(1, None), cart(2, Some(7)));
        stored(&db, &guests).await;
        stored(&db, &users).await;

        assert_eq!(found(&db, guests.id).await.as_ref(), Some(&guests), "{}", db.label());
        assert_eq!(found(&db, users.id).await.as_ref(), Some(&users), "{}", db.label());
        assert_eq!(found(&db, cart(3, None).id).await, None, "{}", db.label());
        let changes = [
            guests.add(item(19, "CPU", 3), at(2)),
            guests.set(guests.items[0].id, Quantity::new(9).expect("a quantity"), at(3)),
            guests.remove(guests.items[1].id, at(4)),
        ];
        let changes = changes.map(|change| change.expect("open"));
        let changed = guests.clone();
        let saved = write(&db, move |tx| {
            let _ = store::lock_cart(tx, changed.id)?;
            store::save_cart(tx, &changed, &changes)
        });
        saved.await.expect("saved");
        assert_eq!(found(&db, guests.id).await, Some(guests), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn the_current_cart_is_the_newest_that_is_open() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let current = || {
            let current = db.read("test.current", move |tx| store::lookup_current(tx, user));
            async move { current.await.map_err(|error: DbError| error).expect("read") }
        };
        assert_eq!(current().await, None, "{}", db.label());
        for number in [1, 2] {
            stored(&db, &cart(number, Some(7))).await;
        }
        stored(&db, &cart(3, Some(8))).await;

        assert_eq!(current().await, Some(cart(2, None).id), "{}", db.label());
        assert_eq!(place(&db, &order(1, &cart(2, Some(7))), 1).await, Ok(true));
        assert_eq!(current().await, Some(cart(1, None).id), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn who_claims_at_once_for_one_user_finds_the_first_ones_cart() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let user = UserId::from_uuid(Uuid::from_u128(7));
        let claim = |number| {
            let mut own = cart(number, Some(7));
            own.items.clear();
            write(&db, move |tx| {
                store::lock_owner(tx, user)?;
                match store::lookup_current(tx, user)? {
                    Some(found) => Ok(found),
                    None => store::insert_cart(tx, &own).map(|()| own.id),
                }
            })
        };

        let claimed = futures::future::join_all((1..=8).map(claim)).await;

        let claimed: BTreeSet<_> =
            claimed.into_iter().map(|id| id.expect("claimed").uuid()).collect();
        assert_eq!(claimed.len(), 1, "{}: {claimed:?}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn an_order_takes_a_cart_only_as_it_was_priced() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let cart = cart(1, None);
        stored(&db, &cart).await;

        assert_eq!(place(&db, &order(1, &cart), 2).await, Ok(false), "{}", db.label());
        assert_eq!(place(&db, &order(1, &cart), 1).await, Ok(true), "{}", db.label());
        assert_eq!(place(&db, &order(2, &cart), 1).await, Ok(false), "{}", db.label());
        let second = order(2, &cart);
        let twice = write(&db, move |tx| store::insert_order(tx, &second)).await;
        assert!(matches!(twice, Err(DbError::UniqueViolation { .. })), "{}: {twice:?}", db.label());
        let found = found(&db, cart.id).await.expect("kept");
        assert_eq!(found.state, CartState::Locked(order(1, &cart).id), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn a_cart_follows_its_order() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let cart = cart(1, None);
        stored(&db, &cart).await;
        let (mut refused, mut sold) = (order(1, &cart), order(2, &cart));
        let state = async || found(&db, cart.id).await.expect("kept").state;

        assert_eq!(place(&db, &refused, 1).await, Ok(true));
        let onward = || Change { next: Some(Saga::begin(at(0))), ..Change::default() };
        change(&db, &mut refused, onward()).await;
        assert_eq!(state().await, CartState::Locked(refused.id), "{}", db.label());
        let refusal = Change {
            status: Some(OrderStatus::Cancelled),
            forgets_buyer: true,
            ..Change::default()
        };
        change(&db, &mut refused, refusal).await;
        assert_eq!(state().await, CartState::Open, "{}", db.label());

        assert_eq!(place(&db, &sold, 1).await, Ok(true), "{}", db.label());
        let answer = Change { status: Some(OrderStatus::Confirmed), pin: Pin::Order, ..onward() };
        change(&db, &mut sold, answer).await;
        assert_eq!(state().await, CartState::Completed(sold.id), "{}", db.label());
        change(&db, &mut sold, Change::default()).await;
        assert_eq!(state().await, CartState::Completed(sold.id), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn old_carts_of_guests_go_and_no_others() {
    for db in engines().await {
        db.migrate(&store::MIGRATIONS).await.expect("migrated");
        let left = [cart(1, None), cart(2, None)];
        let young = Cart { updated_at: at(9), ..cart(3, None) };
        let (users, locked) = (cart(4, Some(7)), cart(5, None));
        for cart in left.iter().chain([&young, &users, &locked]) {
            stored(&db, cart).await;
        }
        assert_eq!(place(&db, &order(1, &locked), 1).await, Ok(true));

        let prune = || write(&db, |tx| store::prune_carts(tx, at(5), 1));
        let pruned = [prune().await, prune().await, prune().await];

        assert_eq!(pruned, [Ok(1), Ok(1), Ok(0)], "{}", db.label());
        for cart in &left {
            assert_eq!(found(&db, cart.id).await, None, "{}", db.label());
        }
        for cart in [&young, &users, &locked] {
            assert!(found(&db, cart.id).await.is_some(), "{}", db.label());
        }
        db.close().await;
    }
}
