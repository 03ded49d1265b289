//! Orders are edited once they are placed: the note, now and then from two devices at once, or where the goods
//! go, which is not to be had for less than it costs there.

use http::Method;
use serde_json::{Value, json};

use super::{Memory, Person, Reply, Wish, spoken};

/// Somebody's address there.
pub fn address((country, region): (&str, Option<&str>)) -> Value {
    json!({
        "name": "Ada Example", "line1": "1 Main Street", "city": "Springfield",
        "postal_code": "12345", "country": country, "region": region,
    })
}

/// Edits an order, and remembers whether the shop said that it has the note.
pub async fn edit(buyer: &Person, memory: &Memory, place: usize, order: &str) {
    let world = &buyer.world;
    if world.chance(400) {
        return move_away(buyer, order).await;
    }
    let Some((_, wish)) = read(buyer, order).await else { return };
    let write = |note: &str| wish.clone().body(json!({"note": note}));
    let (here, there) = (write("ring twice"), write("ring once"));
    let second = world.chance(300);
    let (here, there) = tokio::join!(buyer.insist(&here), async {
        if second { buyer.insist(&there).await } else { None }
    });
    let status = here.map_or(0, |reply| reply.status);
    if status == 200 && there.is_some_and(|reply| reply.status == 200) {
        world.violated("of two edits of the same version one is made", order);
    }
    world.reach(format!("customers edit {status}"));
    memory.note(place, |purchase| purchase.edited |= status == 200);
}

/// Has it sent to another country, or next door.
pub async fn move_away(buyer: &Person, order: &str) {
    let world = &buyer.world;
    let Some((shown, wish)) = read(buyer, order).await else { return };
    let country = shown.text("/shipping_address/country").unwrap_or_default();
    let region = shown.text("/shipping_address/region");
    let mut there = if world.chance(600) {
        address((if country == "US" { "DE" } else { "US" }, None))
    } else {
        address((&country, region.as_deref()))
    };
    there["line1"] = "2 Main Street".into();
    let wish = wish.body(json!({"shipping_address": there}));
    if let Some(reply) = buyer.insist(&wish).await {
        world.reach(format!("customers move {}", spoken(&reply)));
    }
}

/// An order, and the wish to edit it as it was read.
async fn read(buyer: &Person, order: &str) -> Option<(Reply, Wish)> {
    let path = format!("/api/v1/orders/{order}");
    let shown = buyer.insist(&Wish::new("orders", Method::GET, path.clone())).await?;
    let wish = Wish::new("orders", Method::PATCH, path).header("if-match", shown.etag.as_ref()?);
    Some((shown, wish))
}
