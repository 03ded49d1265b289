//! Community through its routes.

use serde_json::{Value, json};
use techtrove_catalog_api::ProductId;
use techtrove_identity_api::Role;
use techtrove_testing::Actor;

use crate::support::{Club, draft, product};

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
async fn a_favourite_is_added_without_a_body() {
    let club = Club::open().await;
    let ada = club.customer(1);
    let put = || ada.request(http::Method::PUT, &path(product(1)));

    let _ = ada.put(&path(product(1)), &json!({"note": "for later"})).await.expect(422);
    let _ = put().body("text/plain", "later").await.expect(415);
    let _ = put().body("application/json", "{").await.expect(400);

    assert_eq!(favorites(&ada).await, [] as [Value; 0]);
    let _ = put().await.expect(204);
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

fn reviews(product: ProductId) -> String {
    format!("/api/v1/products/{product}/reviews")
}

fn review(rating: i64) -> Value {
    json!({"rating": rating, "title": "So", "body": "It is."})
}

#[tokio::test]
async fn a_customer_reviews_a_product_once_and_edits_and_removes_it() {
    let club = Club::open().await;
    let ada = club.customer(1);

    let made = ada.post(&reviews(product(1)), &review(4)).await.expect(201);
    let again = ada.post(&reviews(product(1)), &review(5)).await.expect(409);
    let place = made.header("location");
    let edited = ada.patch(place, &json!({"rating": 2, "title": "Less"})).await.expect(200);
    let shown = club.guest.get(place).await.expect(200);

    assert_eq!(again.problem_code(), "already_reviewed");
    assert!(made.header("etag").starts_with("\"v1-"));
    assert!(edited.header("etag").starts_with("\"v2-"));
    let list = club.guest.get(&reviews(product(1))).await.expect(200).value();
    assert_eq!(list["items"], json!([edited.value()]));
    assert_eq!((shown.value(), shown.header("etag")), (edited.value(), edited.header("etag")));
    let _ = ada.delete(place).await.expect(204);
    let _ = ada.delete(place).await.expect(404);
    let _ = club.guest.get(place).await.expect(404);
    let _ = ada.post(&reviews(product(1)), &review(5)).await.expect(201);
}

#[tokio::test]
async fn a_key_makes_one_review_and_gives_its_answer_again() {
    let club = Club::open().await;
    let ada = club.customer(1);
    let send = || ada.post(&reviews(product(1)), &review(4)).header("idempotency-key", "k-1");

    let (first, second) = (send().await.expect(201), send().await.expect(201));

    assert_eq!(first.value(), second.value());
    assert_eq!(second.header("idempotent-replayed"), "true");
    assert_eq!(first.header("etag"), second.header("etag"));
}

#[tokio::test]
async fn who_says_which_version_they_saw_spoils_no_other_edit() {
    let club = Club::open().await;
    let ada = club.customer(1);
    let made = ada.post(&reviews(product(1)), &review(4)).await.expect(201);
    let (place, first) = (made.header("location"), made.header("etag"));
    let edited = ada.patch(place, &json!({"rating": 2})).header("if-match", first).await;
    let second = edited.expect(200).header("etag").to_owned();
    let worse = json!({"rating": 1});

    let stale = ada.patch(place, &worse).header("if-match", first).await.expect(412);
    let _ = ada.patch(place, &worse).header("if-match", "v2").await.expect(400);
    let _ = ada.delete(place).header("if-match", first).await.expect(412);

    assert_eq!(stale.problem_code(), "precondition_failed");
    let kept = club.guest.get(place).header("if-none-match", &second).await;
    assert_eq!(kept.status, 304);
    let _ = ada.delete(place).header("if-match", &second).await.expect(204);
}

#[tokio::test]
async fn text_is_answered_to_the_letter() {
    let club = Club::open().await;
    let text = json!({
        "rating": 1, "title": " <script>alert(1)</script> ", "body": "\r\n=cmd()\n\t<b>&amp; ",
    });

    let made = club.customer(1).post(&reviews(product(1)), &text).await.expect(201).value();

    assert_eq!((&made["title"], &made["body"]), (&text["title"], &text["body"]));
}

/// Votes as `actor` says.
async fn vote(actor: &Actor, place: &str, helpful: bool) -> Value {
    let path = format!("{place}/vote");
    actor.put(&path, &json!({"helpful": helpful})).await.expect(200).value()
}

#[tokio::test]
async fn others_vote_once_each_may_change_it_and_take_it_back() {
    let club = Club::open().await;
    let ada = club.customer(1);
    let made = ada.post(&reviews(product(1)), &review(4)).await.expect(201);
    let place = made.header("location");
    let (bob, eve) = (club.customer(2), club.customer(3));

    let first = vote(&bob, place, true).await;
    vote(&eve, place, true).await;
    vote(&bob, place, false).await;
    let last = vote(&bob, place, false).await;
    let own = ada.put(&format!("{place}/vote"), &json!({"helpful": true})).await.expect(403);

    assert_eq!(first["votes"], json!({"helpful": 1, "not_helpful": 0}));
    assert_eq!(last["votes"], json!({"helpful": 1, "not_helpful": 1}));
    assert_eq!((&last["helpful"], &last["review_id"]), (&json!(false), &made.value()["id"]));
    assert_eq!(own.problem_code(), "own_review");
    let shown = club.guest.get(place).await.expect(200);
    assert_eq!(shown.value()["votes"], last["votes"]);
    assert!(shown.header("etag").starts_with("\"v1-"), "a vote is no edit");
    for _ in 0..2 {
        let _ = bob.delete(&format!("{place}/vote")).await.expect(204);
    }
    let shown = club.guest.get(place).await.expect(200).value();
    assert_eq!(shown["votes"], json!({"helpful": 1, "not_helpful": 0}));
    let _ = ada.delete(place).await.expect(204);
    let _ = eve.put(&format!("{place}/vote"), &json!({"helpful": true})).await.expect(404);
    let _ = eve.delete(&format!("{place}/vote")).await.expect(404);
}

#[tokio::test]
async fn what_is_wrong_with_a_vote_is_said() {
    let club = Club::open().await;
    let made = club.customer(1).post(&reviews(product(1)), &review(4)).await.expect(201);
    let path = format!("{}/vote", made.header("location"));

    let _ = club.guest.put(&path, &json!({"helpful": true})).await.expect(401);
    let _ = club.guest.delete(&path).await.expect(401);
    for body in [json!({}), json!({"helpful": "yes"}), json!({"helpful": true, "weight": 9})] {
        let refused = club.customer(2).put(&path, &body).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.text());
    }
}

#[tokio::test]
async fn the_list_tells_how_all_reviews_rate_the_product() {
    let club = Club::open().await;
    let path = format!("{}?limit=1", reviews(product(1)));
    let none = club.guest.get(&path).await.expect(200).value();
    for (number, rating) in [(1, 5), (2, 5), (3, 3), (4, 1)] {
        let made = club.customer(number).post(&reviews(product(1)), &review(rating)).await;
        let _ = made.expect(201);
    }

    let list = club.guest.get(&path).await.expect(200).value();

    let nobody = json!({"1": 0, "2": 0, "3": 0, "4": 0, "5": 0});
    assert_eq!(none["rating"], json!({"average": 0.0, "count": 0, "histogram": nobody}));
    let histogram = json!({"1": 1, "2": 0, "3": 1, "4": 0, "5": 2});
    assert_eq!(list["rating"], json!({"average": 3.5, "count": 4, "histogram": histogram}));
}

#[tokio::test]
async fn others_leave_a_review_alone_and_support_removes_it() {
    let club = Club::open().await;
    let made = club.customer(1).post(&reviews(product(1)), &review(4)).await.expect(201);
    let place = made.header("location");
    let (bob, support) = (club.customer(2), club.somebody(3, Role::Support));

    let _ = bob.patch(place, &json!({"rating": 1})).await.expect(403);
    let _ = bob.delete(place).await.expect(403);
    let _ = club.somebody(4, Role::Manager).delete(place).await.expect(403);
    let _ = club.guest.delete(place).await.expect(401);
    let _ = support.patch(place, &json!({"rating": 1})).await.expect(403);
    let _ = support.delete(place).await.expect(204);
}

#[tokio::test]
async fn what_is_wrong_with_a_review_is_said() {
    let club = Club::open().await;
    let ada = club.customer(1);
    let wrong = [
        json!({"rating": 0, "title": "So", "body": "It is."}),
        json!({"rating": 6, "title": "So", "body": "It is."}),
        json!({"rating": 4.5, "title": "So", "body": "It is."}),
        json!({"rating": 4, "title": " ", "body": "It is."}),
        json!({"rating": 4, "title": "So", "body": "\u{0}"}),
        json!({"rating": 4, "title": "So", "body": "x".repeat(5_001)}),
        json!({"rating": 4, "title": "So"}),
        json!({"rating": 4, "title": "4242 4242 4242 4242", "body": "It is."}),
        json!({"rating": 4, "title": "So", "body": "Paid with 4242424242424242."}),
        json!({"rating": 4, "title": "So", "body": "It is.", "verified_purchase": true}),
    ];

    for body in wrong {
        let refused = ada.post(&reviews(product(1)), &body).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.text());
    }
    let _ = ada.post(&reviews(draft()), &review(4)).await.expect(404);
    let _ = club.guest.get(&reviews(draft())).await.expect(404);
    let _ = club.guest.post(&reviews(product(1)), &review(4)).await.expect(401);
    let made = ada.post(&reviews(product(1)), &review(4)).await.expect(201);
    for change in [json!({"rating": null}), json!({"body": ""}), json!({"version": 7}), json!([])] {
        let refused = ada.patch(made.header("location"), &change).await;
        assert_eq!(refused.status, 422, "{change}: {}", refused.text());
    }
}

/// The members `shown` of a list's items, page by page, and the last cursor.
async fn walk(actor: &Actor, list: &str, shown: &str) -> (Vec<Value>, String) {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    let mut path = list.to_owned();
    loop {
        let page = actor.get(&path).await.expect(200).value();
        seen.extend(page["items"].as_array().expect("a list").iter().map(|it| it[shown].clone()));
        let Some(next) = page["next_cursor"].as_str() else { return (seen, cursor) };
        cursor = next.to_owned();
        path = format!("{list}&cursor={next}");
    }
}

#[tokio::test]
async fn pages_show_each_review_once_and_cursors_belong_to_their_list() {
    let club = Club::open().await;
    for number in 0..7 {
        let rating = i64::try_from(number % 3).expect("small") + 1;
        let made = club.customer(number).post(&reviews(product(1)), &review(rating)).await;
        let _ = made.expect(201);
    }

    let list = format!("{}?sort=rating&limit=3", reviews(product(1)));
    let (seen, cursor) = walk(&club.guest, &list, "rating").await;

    assert_eq!(json!(seen), json!([3, 3, 2, 2, 1, 1, 1]));
    for (list, sort) in [(product(1), "newest"), (product(1), "helpful"), (product(2), "rating")] {
        let foreign = format!("{}?sort={sort}&cursor={cursor}", reviews(list));
        let refused = club.guest.get(&foreign).await.expect(422);
        assert_eq!(refused.problem_code(), "invalid_cursor");
    }
    for query in ["sort=best", "limit=0", "limit=101", "cursor=x", "rating=5"] {
        let refused = club.guest.get(&format!("{}?{query}", reviews(product(1)))).await;
        assert_eq!(refused.status, 422, "{query}: {}", refused.text());
    }
}

#[tokio::test]
async fn the_helpful_ones_come_first_then_the_newest() {
    let club = Club::open().await;
    let mut places = Vec::new();
    for number in 1..=5 {
        let rating = i64::try_from(number).expect("small");
        let made = club.customer(number).post(&reviews(product(1)), &review(rating)).await;
        places.push(made.expect(201).header("location").to_owned());
    }
    let (bob, eve) = (club.customer(11), club.customer(12));
    for (actor, review, helpful) in
        [(&bob, 1, true), (&eve, 1, true), (&bob, 0, true), (&bob, 3, false), (&bob, 4, true)]
    {
        vote(actor, &places[review], helpful).await;
    }

    let list = |sort: &str| format!("{}?sort={sort}&limit=2", reviews(product(1)));
    let (helpful, _) = walk(&club.guest, &list("helpful"), "rating").await;
    let (newest, _) = walk(&club.guest, &list("newest"), "rating").await;

    assert_eq!(json!(helpful), json!([2, 5, 1, 3, 4]));
    assert_eq!(json!(newest), json!([5, 4, 3, 2, 1]));
}
