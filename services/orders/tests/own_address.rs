//! Buyers name one of their own addresses instead of writing it out.

use serde_json::{Value, json};
use techtrove_core::TypedId as _;
use techtrove_identity_api::AddressId;
use techtrove_testing::sqlite_inline;
use uuid::Uuid;

use crate::world::{ORDERS, Setting, World, cart_of, customer, terms, wish};

async fn world() -> World {
    World::new((*sqlite_inline().await).clone())
}

/// The same body, to the address of this number.
fn to(mut body: Value, number: u128) -> Value {
    body.as_object_mut().expect("an object").remove("shipping_address");
    body["shipping_address_id"] = json!(AddressId::from_uuid(Uuid::from_u128(number)));
    body
}

#[tokio::test]
async fn an_order_goes_to_the_buyers_own_address_and_keeps_the_copy() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let buyer = customer(&world, &shop, 1);
    let (owner, cart) = cart_of(&buyer, &[("GPU", 1)]).await;

    let at_once = buyer.post(ORDERS, &to(wish(&[("GPU", 1)], "tok_ok"), 1)).await.expect(201);
    let checkout = owner.post(&format!("{cart}/checkout"), &to(terms("tok_ok"), 1));
    let by_cart = checkout.await.expect(201);

    for order in [at_once, by_cart] {
        assert_eq!(order.value()["shipping_address"], terms("tok_ok")["shipping_address"]);
    }
}

#[tokio::test]
async fn an_address_that_is_not_the_buyers_is_refused_by_its_pointer() {
    let world = world().await;
    let shop = world.shop(Setting::default()).await;
    let buyer = customer(&world, &shop, 1);
    let both = {
        let mut body = to(wish(&[("GPU", 1)], "tok_ok"), 1);
        body["shipping_address"] = terms("tok_ok")["shipping_address"].clone();
        body
    };

    let foreign = buyer.post(ORDERS, &to(wish(&[("GPU", 1)], "tok_ok"), 2)).await.expect(422);
    let twice = buyer.post(ORDERS, &both).await.expect(422);
    let guest = shop.actor.post(ORDERS, &to(wish(&[("GPU", 1)], "tok_ok"), 1)).await.expect(422);

    for refusal in [foreign, twice, guest] {
        assert_eq!(refusal.pointers(), ["/shipping_address_id"]);
    }
}
