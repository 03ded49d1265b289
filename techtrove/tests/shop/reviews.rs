//! What customers think of a product, and how the others come to know of it.

use futures::future::join_all;
use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_testing::{Actor, eventually};

use crate::harness::{SOON, TestShop, items, order};

/// Waits until the product shows this rating.
async fn rating_becomes(shop: &TestShop, product: &str, average: f64, count: u64) {
    eventually(SOON, async || {
        let rating = shop.public.get(product).await.expect(200).value()["rating"].take();
        let shown = (rating["average"].as_f64(), rating["count"].as_u64());
        (shown == (Some(average), Some(count))).then_some(())
    })
    .await;
}

/// Puts a product on sale; where it is found.
async fn sell(shop: &TestShop, sku: &str) -> String {
    let product = shop.sell(sku, 1_000, 10).await;
    format!("/api/v1/products/{}", product["id"].as_str().expect("an id"))
}

fn review(rating: usize) -> Value {
    json!({"rating": rating, "title": "So", "body": "It is."})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_products_rating_follows_its_reviews() {
    let shop = TestShop::embedded().await;
    let product = sell(&shop, "RATED-1").await;
    let reviews = format!("{product}/reviews");
    let (ada, bob) = (shop.user(Role::Customer), shop.user(Role::Customer));
    rating_becomes(&shop, &product, 0.0, 0).await;

    let adas = ada.post(&reviews, &review(5)).await.expect(201);
    rating_becomes(&shop, &product, 5.0, 1).await;
    let _ = bob.post(&reviews, &review(2)).await.expect(201);
    rating_becomes(&shop, &product, 3.5, 2).await;
    let place = adas.header("location");
    let _ = ada.patch(place, &json!({"rating": 3})).await.expect(200);
    rating_becomes(&shop, &product, 2.5, 2).await;
    let found = shop.public.get("/api/v1/products?rating_min=2.5&sort=rating").await;
    assert_eq!(items(&found.expect(200).value()).len(), 1);
    let _ = shop.user(Role::Support).delete(place).await.expect(204);

    rating_becomes(&shop, &product, 2.0, 1).await;
    shop.close().await;
}

/// A customer's part of the crowd: writes a review, and votes on `voted`, twice at the same moment.
async fn review_and_vote(customer: Actor, number: usize, reviews: &str, voted: &str) {
    let path = format!("{voted}/vote");
    let vote = json!({"helpful": number.is_multiple_of(4)});
    let (written, _, _) = tokio::join!(
        async { customer.post(reviews, &review(number % 5 + 1)).await.expect(201) },
        async { customer.put(&path, &vote).await.expect(200) },
        async { customer.put(&path, &vote).await.expect(200) },
    );
    if number.is_multiple_of(10) {
        let _ = customer.delete(written.header("location")).await.expect(204);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_who_review_and_vote_at_once_are_counted_exactly() {
    for (engine, shop) in TestShop::everywhere().await {
        let product = sell(&shop, "RATED-1").await;
        let reviews = format!("{product}/reviews");
        let first = shop.user(Role::Customer).post(&reviews, &review(5)).await.expect(201);
        let voted = first.header("location").to_owned();

        join_all(
            (0..100)
                .map(|number| review_and_vote(shop.user(Role::Customer), number, &reviews, &voted)),
        )
        .await;

        let list = shop.public.get(&reviews).await.expect(200).value();
        // Of each number of stars twenty were written; those of the tens were of one star, and removed.
        let histogram = json!({"1": 10, "2": 20, "3": 20, "4": 20, "5": 21});
        assert_eq!(list["rating"]["histogram"], histogram, "{engine}");
        let shown = shop.public.get(&voted).await.expect(200).value();
        assert_eq!(shown["votes"], json!({"helpful": 25, "not_helpful": 75}), "{engine}");
        // 10 + 40 + 60 + 80 + 105 stars of 91 reviews.
        rating_becomes(&shop, &product, 3.24, 91).await;
        shop.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buyers_review_is_verified_whether_written_before_or_after() {
    let shop = TestShop::embedded().await;
    let product = sell(&shop, "BOUGHT-1").await;
    let reviews = format!("{product}/reviews");
    let admin = shop.admin().await;
    let early = shop.member(&admin, "early", Role::Customer).await;
    let late = shop.member(&admin, "late", Role::Customer).await;
    let before = early.post(&reviews, &review(4)).await.expect(201);
    let never = shop.user(Role::Customer).post(&reviews, &review(1)).await.expect(201);

    for buyer in [&early, &late] {
        let _ = buyer.post("/api/v1/orders", &order("BOUGHT-1", 1, "tok_ok")).await.expect(201);
    }
    let after = late.post(&reviews, &review(5)).await.expect(201);

    assert_eq!(before.value()["verified_purchase"], false);
    for place in [before.header("location"), after.header("location")] {
        eventually(SOON, async || {
            let shown = shop.public.get(place).await.expect(200).value();
            (shown["verified_purchase"] == true).then_some(())
        })
        .await;
    }
    let shown = shop.public.get(never.header("location")).await.expect(200).value();
    assert_eq!(shown["verified_purchase"], false);
    shop.close().await;
}
