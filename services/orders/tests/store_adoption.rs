//! Guests' orders that become a user's, on every engine.

use techtrove_core::TypedId as _;
use techtrove_db::{Db, DbError};
use techtrove_identity_api::UserId;
use techtrove_orders::{
    domain::{Order, saga::Change},
    store::{self, VerifiedAddress},
};
use techtrove_orders_api::OrderStatus;
use techtrove_testing::engines;
use uuid::Uuid;

use crate::shelf::{at, change, lease, load, migrated, order, place};

const ADA: u128 = 50;
const BOB: u128 = 51;

fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128(number))
}

/// A guest's order with this contact.
fn guests(number: u128, email: &str) -> Order {
    Order { user_id: None, email: email.parse().ok(), ..order(number) }
}

/// The address is known to be the user's, as identity says; whether it is believed, and how many orders
/// that gives them.
async fn verified(db: &Db, number: u128, email: &str, seconds: u64) -> Option<usize> {
    let address = VerifiedAddress {
        user_id: user(number),
        email_folded: email.into(),
        verified_at: at(seconds),
    };
    let told = db.write("test.verified", move |tx| {
        let believed = store::keep_verified(tx, &address)?;
        believed.then(|| store::adopt_orders(tx, &address)).transpose()
    });
    let told = told.await.map_err(|error: DbError| error).expect("told");
    told.map(|adopted| adopted.len())
}

async fn confirm(db: &Db, mut order: Order) {
    let confirmed = Change { status: Some(OrderStatus::Confirmed), ..Change::default() };
    order.apply(&confirmed, at(1));
    assert_eq!(change(db, lease(&order, 1, 9), &confirmed, &order).await, Ok(true));
}

async fn owner(db: &Db, number: u128) -> Option<UserId> {
    load(db, order(number).id).await.0.expect("there").user_id
}

#[tokio::test]
async fn a_verified_address_adopts_the_orders_of_guests_with_it_and_no_others() {
    for db in engines().await {
        migrated(&db).await;
        let orders = [
            guests(1, "Ada@Example.com"),
            guests(2, "ada@example.com"),
            guests(3, "bob@example.com"),
            Order { user_id: Some(user(BOB)), ..guests(4, "ada@example.com") },
            guests(5, "no contact"),
        ];
        for order in &orders {
            place(&db, order, 1, 5).await.expect("placed");
        }

        let first = verified(&db, ADA, "ada@example.com", 1).await;
        let again = verified(&db, ADA, "ada@example.com", 1).await;

        let mut owners = Vec::new();
        for number in 1..=5 {
            owners.push(owner(&db, number).await);
        }
        let (ada, bob) = (Some(user(ADA)), Some(user(BOB)));
        assert_eq!((first, again), (Some(2), Some(0)), "{}", db.label());
        assert_eq!(owners, [ada, ada, None, bob, None], "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn what_a_guest_orders_later_is_adopted_once_it_is_confirmed() {
    for db in engines().await {
        migrated(&db).await;
        verified(&db, ADA, "ada@example.com", 1).await;
        for order in [guests(1, "ADA@example.com"), guests(2, "bob@example.com")] {
            place(&db, &order, 1, 5).await.expect("placed");
        }
        assert_eq!(owner(&db, 1).await, None, "{}", db.label());

        confirm(&db, guests(1, "ADA@example.com")).await;
        confirm(&db, guests(2, "bob@example.com")).await;

        let owners = (owner(&db, 1).await, owner(&db, 2).await);
        assert_eq!(owners, (Some(user(ADA)), None), "{}", db.label());
        db.close().await;
    }
}

#[tokio::test]
async fn an_address_is_its_newest_users_alone_and_a_user_has_one() {
    for db in engines().await {
        migrated(&db).await;
        for number in 1..=2 {
            place(&db, &guests(number, "shared@example.com"), 1, 5).await.expect("placed");
        }
        let late = guests(3, "shared@example.com");
        let moved = guests(4, "first@example.com");
        verified(&db, BOB, "shared@example.com", 7).await;

        let outdated = verified(&db, ADA, "shared@example.com", 6).await;
        verified(&db, ADA, "first@example.com", 8).await;
        verified(&db, ADA, "second@example.com", 9).await;
        for order in [late, moved] {
            place(&db, &order, 1, 5).await.expect("placed");
            confirm(&db, order).await;
        }

        assert_eq!(outdated, None, "{}", db.label());
        let owners = (owner(&db, 1).await, owner(&db, 3).await, owner(&db, 4).await);
        assert_eq!(owners, (Some(user(BOB)), Some(user(BOB)), None), "{}", db.label());
        db.close().await;
    }
}
