//! What tests of carts say and look at.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use techtrove_core::TypedId as _;
use techtrove_identity_api::{GuestSubject, Role};
use techtrove_orders::domain::cart::CartId;
use techtrove_testing::Actor;

use super::{Shop, World, wish};

/// How a guest's cart is bought and paid with `token`.
pub fn terms(token: &str) -> Value {
    let mut terms = wish(&[], token);
    terms.as_object_mut().expect("an object").remove("lines");
    terms
}

/// Where carts are.
pub const CARTS: &str = "/api/v1/carts";

/// A new cart with these lines, and whoever may open it: `actor` with a guest's token, or a user.
pub async fn cart_of(actor: &Actor, lines: &[(&str, i64)]) -> (Actor, String) {
    let made = actor.request("POST".parse().expect("a method"), CARTS).await.expect(201);
    let path = made.header("location").to_owned();
    let owner = match made.value()["cart_token"].as_str() {
        Some(token) => actor.with_header("x-cart-token", token),
        None => actor.clone(),
    };
    for (sku, quantity) in lines {
        let item = json!({"sku": sku, "quantity": quantity});
        let _ = owner.post(&format!("{path}/items"), &item).await.expect(201);
    }
    (owner, path)
}

/// The token which opens the cart at `path`, if it is a guest's.
pub fn guest_token(shop: &Shop, path: &str) -> String {
    let id = path.rsplit('/').next().expect("an id");
    let id: CartId = id.parse().expect("an id");
    shop.app.guest_key.token(GuestSubject::Cart(id.uuid()))
}

/// A customer.
pub fn customer(world: &World, shop: &Shop, number: u128) -> Actor {
    shop.actor.bearer(&world.token(number, &[Role::Customer]))
}

/// What an actor sees there.
pub async fn see(actor: &Actor, path: &str) -> Value {
    actor.get(path).await.expect(200).value()
}

/// How many pieces of each SKU there are.
pub fn pieces(cart: &Value) -> BTreeMap<String, i64> {
    let items = cart["items"].as_array().expect("a list").iter();
    let piece = |item: &Value| {
        let sku = item["sku"].as_str().expect("a SKU").to_owned();
        (sku, item["quantity"].as_i64().expect("a quantity"))
    };
    items.map(piece).collect()
}

/// The same, as it is expected.
pub fn expected(lines: &[(&str, i64)]) -> BTreeMap<String, i64> {
    lines.iter().map(|(sku, count)| ((*sku).to_owned(), *count)).collect()
}

/// What puts pieces of a SKU into a cart.
pub fn item(sku: &str, quantity: i64) -> Value {
    json!({"sku": sku, "quantity": quantity})
}
