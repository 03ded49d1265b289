//! Community through its routes.

mod support;

use serde_json::{Value, json};
use support::{Club, draft, product};
use techtrove_catalog_api::ProductId;
use techtrove_testing::Actor;

const LIST: &str = "/api/v1/users/me/favorites";

fn path(product: ProductId) -> String {
    format!("{LIST}/{product}")
}

/// The products in somebody's favourites.
async fn favorites(actor: &Actor) -> Vec<Value> {
    let list = actor.get(LIST).await.expect(200).value();
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| item["product_id"].clone()).collect()
}

#[tokio::test]
async fn a_customer_keeps_products_in_mind_and_nobody_else_sees_them() {
    let club = Club::open().await;
    let (ada, bob) = (club.customer(1), club.customer(2));

    for number in [1, 2, 1] {
        let _ = ada.put(&path(product(number)), &json!({})).await.expect(204);
    }

    assert_eq!(favorites(&ada).await, [json!(product(2)), json!(product(1))]);
    assert_eq!(favorites(&bob).await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_favourite_is_removed_once_and_again() {
    let club = Club::open().await;
    let ada = club.customer(1);
    let _ = ada.put(&path(product(1)), &json!({})).await.expect(204);

    let _ = ada.delete(&path(product(1))).await.expect(204);
    let _ = ada.delete(&path(product(1))).await.expect(204);

    assert_eq!(favorites(&ada).await, [] as [Value; 0]);
}

#[tokio::test]
async fn what_is_not_on_sale_is_not_found_and_may_be_removed() {
    let club = Club::open().await;
    let ada = club.customer(1);

    let refused = ada.put(&path(draft()), &json!({})).await.expect(404);

    assert_eq!(refused.problem_code(), "not_found");
    let _ = ada.delete(&path(draft())).await.expect(204);
}

#[tokio::test]
async fn guests_have_no_favourites_and_pages_are_checked() {
    let club = Club::open().await;

    let _ = club.guest.get(LIST).await.expect(401);
    let _ = club.guest.put(&path(product(1)), &json!({})).await.expect(401);
    let _ = club.guest.delete(&path(product(1))).await.expect(401);
    for query in ["limit=0", "limit=101", "cursor=x", "unknown=1"] {
        let refused = club.customer(1).get(&format!("{LIST}?{query}")).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text());
    }
    let _ = club.customer(1).put(&format!("{LIST}/prod_x"), &json!({})).await.expect(404);
}
