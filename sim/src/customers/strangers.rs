//! Strangers: whoever an order or a cart does not concern is told that there is none, and changes nothing,
//! whether they are nobody, somebody else who is signed in, or a guest with the token of something else.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::{Person, Staff, Wish, member::Member};
use crate::world::World;

/// Look at somebody's order and payment, do what its bank asks of its buyer, cancel the order and do what else only
/// its buyer or the staff does; one of them has the token of `another` order. Staff answers nobody's bank either.
pub async fn at_order(
    world: &Arc<World>,
    staff: &Staff,
    (order, payment): (&str, &str),
    another: Option<String>,
) {
    let path = format!("/api/v1/orders/{order}");
    let act = format!("/api/v1/payments/{payment}/actions/complete");
    let act = Wish::new("payments", Method::POST, act).body(json!({"outcome": "fail"}));
    let guest = Person::guest(world, "buyer");
    let with_token = another.map(|token| guest.clone().with("x-guest-token", &token));
    let other = Member::join(world).ok().map(|member| member.person);
    for stranger in other.into_iter().chain(with_token).chain([guest]) {
        let look = Wish::new("orders", Method::GET, path.clone());
        turned_away(&stranger, &look, "an order is its buyer's").await;
        let cancel = Wish::new("orders", Method::POST, format!("{path}/cancel")).body(json!({}));
        turned_away(&stranger, &cancel, "an order is its buyer's").await;
        let paid = Wish::new("payments", Method::GET, format!("/api/v1/payments/{payment}"));
        turned_away(&stranger, &paid, "a payment is its buyer's").await;
        turned_away(&stranger, &act, "a payment is its buyer's").await;
        for meddling in meddlings(&path).into_iter().filter(|_| world.chance(400)) {
            turned_away(&stranger, &meddling, "an order is its buyer's").await;
        }
    }
    turned_away(&staff.support, &act, "a payment is its buyer's").await;
}

/// What only its buyer or the staff does with the order at `path`.
fn meddlings(path: &str) -> [Wish; 5] {
    let post =
        |what: &str, body| Wish::new("orders", Method::POST, format!("{path}/{what}")).body(body);
    let parcel = json!({"carrier": "DHL", "tracking_number": "JD0002"});
    let back = json!({"lines": [{"sku": "PLENTY-1", "quantity": 1}], "reason": "not mine"});
    [
        Wish::new("orders", Method::PATCH, path).body(json!({"note": "mine"})),
        post("returns", back),
        post("reorder", json!({})),
        post("refunds", json!({"reason": "not mine"})),
        post("shipments", parcel),
    ]
}

/// Claims a cart that was claimed: its token is worth nothing any more.
pub async fn after_claim(world: &Arc<World>, claim: &Wish) {
    let Ok(other) = Member::join(world) else { return };
    let reply = other.person.insist(claim).await;
    if reply.is_some_and(|reply| ![404, 409].contains(&reply.status)) {
        world.violated("a cart is its owner's", format!("{claim:?}"));
    }
}

/// Look into a guest's cart.
pub async fn at_cart(world: &Arc<World>, cart: &str) {
    let guest = Person::guest(world, "buyer").with("x-cart-token", "somebody-else");
    let other = Member::join(world).ok().map(|member| member.person);
    for stranger in other.into_iter().chain([guest]) {
        let look = Wish::new("orders", Method::GET, format!("/api/v1/carts/{cart}"));
        turned_away(&stranger, &look, "a cart is its owner's").await;
    }
}

async fn turned_away(stranger: &Person, wish: &Wish, invariant: &'static str) {
    let reply = stranger.insist(wish).await;
    if let Some(reply) = reply.filter(|reply| ![401, 403, 404].contains(&reply.status)) {
        stranger.world.violated(invariant, format!("{wish:?}: {}", reply.status));
    }
}
