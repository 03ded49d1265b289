//! Members say what they think of goods, and think again; others say whether that helped them.

use http::Method;
use serde_json::json;
use techtrove_core::TypedId as _;
use uuid::Uuid;

use super::{Memory, Person, Wish, member::Member};

/// A review as its writer remembers it.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// Its id.
    pub id: String,
    /// How many stars it gives, if that is certain.
    pub rating: Option<i64>,
    /// Whether its writer was told that it is gone.
    pub gone: bool,
    /// Its writer.
    pub writer: Uuid,
    /// The product: the path of it.
    pub product: String,
    /// Whether its writer is said to have bought the product.
    pub verified: bool,
}

/// Reviews a product, now and then from two devices at once, and thinks again.
pub async fn review(member: &Member, memory: &Memory, sku: &str) {
    let world = &member.person.world;
    tokio::time::sleep(world.time(0, 4_000)).await;
    let Some(product) = memory.path_of(sku) else { return };
    let stars = |least| i64::try_from(world.pick(least, 6)).unwrap_or(1);
    let (rating, second, better) = (stars(1), world.chance(250), stars(3));
    let write = |rating: i64| {
        let body = json!({"rating": rating, "title": "Fine", "body": "It does what it says."});
        let wish = Wish::new("community", Method::POST, format!("{product}/reviews")).body(body);
        wish.header("idempotency-key", &member.person.key())
    };
    let (here, there) = (write(rating), write(better));
    let (one, other) = tokio::join!(member.person.insist(&here), async {
        if second { member.person.insist(&there).await } else { None }
    });
    let written: Vec<_> = [one.map(|reply| (reply, rating)), other.map(|reply| (reply, better))]
        .into_iter()
        .flatten()
        .filter(|(reply, _)| reply.status == 201)
        .collect();
    if written.len() > 1 {
        world.violated("a product is reviewed once by each", product.clone());
    }
    for (reply, rating) in written {
        let Some(id) = reply.text("/id") else { continue };
        world.reach("customers review");
        let mut review = Reviewed {
            id,
            rating: Some(rating),
            gone: false,
            writer: member.user.uuid(),
            product: product.clone(),
            verified: false,
        };
        think_again(&member.person, &mut review, better).await;
        memory.reviewed(review);
    }
}

/// Has the review judged by somebody else, changes it, or takes it back.
async fn think_again(writer: &Person, review: &mut Reviewed, better: i64) {
    let (world, path) = (&writer.world, format!("/api/v1/reviews/{}", review.id));
    if let (true, Ok(reader)) = (world.chance(500), Member::join(world)) {
        for _ in 0..world.pick(1, 3) {
            let vote = Wish::new("community", Method::PUT, format!("{path}/vote"));
            let vote = vote.body(json!({"helpful": world.chance(700)}));
            reader.person.insist(&vote).await;
        }
    }
    if world.chance(400) {
        let edit = Wish::new("community", Method::PATCH, path.clone());
        let reply = writer.insist(&edit.body(json!({"rating": better}))).await;
        review.rating = reply.filter(|reply| reply.status == 200).map(|_| better);
    }
    if let Some(shown) = writer.insist(&Wish::new("community", Method::GET, path.clone())).await {
        let verified = shown.body.get("verified_purchase").and_then(serde_json::Value::as_bool);
        review.verified = verified.unwrap_or_default();
    }
    if world.chance(200) {
        let reply = writer.insist(&Wish::new("community", Method::DELETE, path)).await;
        // Deleted before, by a request whose answer was lost.
        review.gone = reply.as_ref().is_some_and(|reply| [204, 404].contains(&reply.status));
        if reply.is_none() {
            review.rating = None;
        }
    }
}
