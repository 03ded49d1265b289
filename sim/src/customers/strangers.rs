//! Strangers: whoever an order or a cart does not concern is told that there is none, and changes nothing,
//! whether they are nobody, somebody else who is signed in, or a guest with the token of something else.

use std::sync::Arc;

use http::Method;
use serde_json::json;

use super::{Person, Wish, member::Member};
use crate::world::World;

/// Look at somebody's order and payment, do what its bank asks of its buyer, and cancel it; one of them has the
/// token of `another` order.
pub async fn at_order(world: &Arc<World>, (order, payment): (&str, &str), another: Option<String>) {
    let path = format!("/api/v1/orders/{order}");
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
        let path = format!("/api/v1/payments/{payment}/actions/complete");
        let act = Wish::new("payments", Method::POST, path).body(json!({"outcome": "fail"}));
        turned_away(&stranger, &act, "a payment is its buyer's").await;
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
    if let Some(reply) = reply.filter(|reply| ![401, 404].contains(&reply.status)) {
        stranger.world.violated(invariant, format!("{wish:?}: {}", reply.status));
    }
}
