//! Inventory through its routes: staff, the public, the other services, and the events it hears.

use http::{Method, StatusCode};
use serde_json::json;
use techtrove_catalog_api::{Fulfilment, ProductChanged};
use techtrove_http::ClientError;
use techtrove_identity_api::Role;
use techtrove_inventory_api::{
    HoldRequest, OUT_OF_STOCK, RESERVATION_ENDED, RESERVATION_MISMATCH, ReadStockRequest,
    ReservationState,
};

use crate::support::{
    attempt_of,
    desk::{Desk, code, product},
    sku,
};

#[tokio::test]
async fn a_manager_counts_a_sku_and_reads_it_back() {
    let shop = Desk::open().await;
    shop.stock("GPU-1", false, None).await;

    let zeros = shop.get("/inventory/GPU-1", Role::Manager).await;
    assert_eq!(zeros.status, StatusCode::OK);
    assert_eq!(
        zeros.body,
        json!({"sku": "GPU-1", "on_hand": 0, "held": 0, "committed": 0, "available": 0,
               "low_stock_threshold": 5, "version": 0})
    );
    let tag = zeros.etag.expect("an etag");
    let set =
        shop.put("/inventory/GPU-1", &tag, json!({"on_hand": 50, "low_stock_threshold": 7})).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.body);
    assert_eq!((&set.body["available"], &set.body["version"]), (&json!(50), &json!(1)));

    let read = shop.get("/inventory/GPU-1", Role::Admin).await;
    assert_eq!((read.body, &read.etag), (set.body, &set.etag));
    let tag = set.etag.expect("an etag");
    let bearer = shop.bearer(Role::Manager);
    let headers = [("authorization", bearer.as_str()), ("if-none-match", &tag)];
    let unchanged = shop.ask(Method::GET, "/inventory/GPU-1", &headers, None).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_sale_never_spoils_an_edit_and_another_edit_does() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(10)).await;
    let tag = shop.get("/inventory/A", Role::Manager).await.etag.expect("an etag");
    shop.inventory.hold(&shop.hold_request(1, &[("A", 4)])).await.expect("enough");

    let after_sale = shop.put("/inventory/A", &tag, json!({"on_hand": 12})).await;
    let stale = shop.put("/inventory/A", &tag, json!({"on_hand": 13})).await;
    let any = shop.put("/inventory/A", "*", json!({"on_hand": 4})).await;
    let below = shop.put("/inventory/A", "*", json!({"on_hand": 3})).await;

    assert_eq!(after_sale.status, StatusCode::OK);
    assert_eq!(after_sale.body["available"], 8);
    assert_eq!(
        (stale.status, &stale.body["code"]),
        (StatusCode::PRECONDITION_FAILED, &json!("precondition_failed"))
    );
    assert_eq!(any.status, StatusCode::OK);
    assert_eq!(
        (below.status, &below.body["code"]),
        (StatusCode::CONFLICT, &json!("stock_reserved"))
    );
    assert_eq!(shop.get("/inventory/A", Role::Manager).await.body["on_hand"], 4);
}

#[tokio::test]
async fn what_is_wrong_with_an_edit_is_said() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(1)).await;

    for (body, pointer) in [
        (json!({"on_hand": -1}), "/on_hand"),
        (json!({"on_hand": 1_000_000_001_i64}), "/on_hand"),
        (json!({"on_hand": 1.5}), "/on_hand"),
        (json!({"on_hand": "1"}), "/on_hand"),
        (json!({}), "/on_hand"),
        (json!({"on_hand": 1, "low_stock_threshold": -1}), "/low_stock_threshold"),
        (json!({"on_hand": 1, "held": 0}), "/held"),
    ] {
        let refused = shop.put("/inventory/A", "*", body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{body}: {}", refused.body);
    }
    let bearer = shop.bearer(Role::Manager);
    let authorized = [("authorization", bearer.as_str())];
    let unguarded =
        shop.ask(Method::PUT, "/inventory/A", &authorized, Some(json!({"on_hand": 1}))).await;
    assert_eq!(unguarded.status, StatusCode::PRECONDITION_REQUIRED);
    let unknown = shop.put("/inventory/B", "*", json!({"on_hand": 1})).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.get("/inventory/B", Role::Manager).await.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.get("/inventory/%20", Role::Manager).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_public_learns_three_words() {
    let shop = Desk::open().await;
    shop.stock("MANY", false, Some(6)).await;
    shop.stock("FEW", false, Some(5)).await;
    shop.stock("NONE", false, None).await;

    let path = "/inventory/availability?sku=FEW&sku=MANY&sku=NONE&sku=UNKNOWN&sku=FEW";
    let answer = shop.ask(Method::GET, path, &[], None).await;

    assert_eq!(answer.status, StatusCode::OK);
    let few = json!({"sku": "FEW", "in_stock": true, "availability": "low_stock"});
    let out = |sku| json!({"sku": sku, "in_stock": false, "availability": "out_of_stock"});
    let many = json!({"sku": "MANY", "in_stock": true, "availability": "in_stock"});
    assert_eq!(answer.body, json!([few, many, out("NONE"), out("UNKNOWN"), few]));
    let too_many =
        format!("/inventory/availability?{}", "sku=A&".repeat(101).trim_end_matches('&'));
    for path in [
        "/inventory/availability",
        "/inventory/availability?sku=",
        "/inventory/availability?sku=A%20B",
        "/inventory/availability?sku=A&colour=red",
        &too_many,
    ] {
        let refused = shop.ask(Method::GET, path, &[], None).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}");
    }
}

#[tokio::test]
async fn a_reservation_lives_through_its_client() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(5)).await;
    let (id, attempt) = attempt_of(1, 1);
    let request = shop.hold_request(1, &[("A", 2), ("A", 1)]);

    let held = shop.inventory.hold(&request).await.expect("enough");
    assert_eq!((held.state, held.expires_at), (ReservationState::Held, None));
    assert_eq!(shop.inventory.hold(&request).await.expect("the same"), held);
    let other =
        shop.inventory.hold(&shop.hold_request(1, &[("A", 2)])).await.expect_err("other lines");
    assert_eq!(code(&other), RESERVATION_MISMATCH.code);
    let committed = shop.inventory.commit(id, attempt).await.expect("held");
    assert_eq!(committed.state, ReservationState::Committed);
    let released = shop.inventory.release(id, attempt).await.expect("always");
    assert_eq!(released.state, ReservationState::Released);
    let late = shop.inventory.commit(id, attempt).await.expect_err("ended");
    assert_eq!(code(&late), RESERVATION_ENDED.code);
}

#[tokio::test]
async fn what_is_short_is_named_with_its_numbers() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(5)).await;
    shop.stock("B", false, Some(1)).await;

    let refused = shop.inventory.hold(&shop.hold_request(1, &[("B", 2), ("A", 5), ("C", 1)])).await;

    let Err(ClientError::Refused(problem)) = refused else { panic!("{refused:?}") };
    assert!(problem.is(OUT_OF_STOCK));
    assert_eq!(
        problem.members["lines"],
        json!([{"sku": "B", "requested": 2, "available": 1}, {"sku": "C", "requested": 1, "available": 0}])
    );
}

#[tokio::test]
async fn a_refused_hold_sets_nothing_aside_when_a_late_copy_of_it_finds_enough() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(1)).await;
    let request = shop.hold_request(1, &[("A", 1)]);
    let other = shop.hold_request(2, &[("A", 1)]);
    shop.inventory.hold(&other).await.expect("enough");

    let refused = shop.inventory.hold(&request).await.expect_err("nothing is left");
    shop.inventory.release(other.reservation_id, other.attempt).await.expect("held");
    let late = shop.inventory.hold(&request).await.expect_err("it was refused");

    assert_eq!(code(&refused), OUT_OF_STOCK.code);
    assert_eq!(code(&late), RESERVATION_ENDED.code);
}

#[tokio::test]
async fn broken_reservations_are_refused() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(5)).await;
    let whole = shop.hold_request(1, &[("A", 1)]);

    for request in [
        HoldRequest { lines: Vec::new(), ..whole.clone() },
        HoldRequest { lines: vec![whole.lines[0].clone(); 201], ..whole.clone() },
        HoldRequest { attempt: 0, ..whole.clone() },
    ] {
        let refused = shop.inventory.hold(&request).await.expect_err("refused");
        assert_eq!(code(&refused), "invalid_request");
    }
    let refused = shop.inventory.release(whole.reservation_id, 0).await.expect_err("refused");
    assert_eq!(code(&refused), "invalid_request");
    assert_eq!(shop.get("/inventory/A", Role::Manager).await.body["held"], 0);
}

#[tokio::test]
async fn an_export_is_told_of_all_pieces_in_the_building() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(5)).await;
    shop.stock("B", false, None).await;
    shop.sell(1, &[("A", 2)]).await;
    let ask = |texts: &[&str]| ReadStockRequest { skus: texts.iter().map(|it| sku(it)).collect() };

    let told = shop.inventory.read_stock(&ask(&["B", "A", "X", "A"])).await.expect("told");
    let nothing = shop.inventory.read_stock(&ask(&[])).await.expect("told");
    let many = shop.inventory.read_stock(&ask(&["A"; 1_001])).await.expect_err("refused");

    let mut items: Vec<_> = told.items.iter().map(|it| (it.sku.as_str(), it.on_hand)).collect();
    items.sort_unstable();
    assert_eq!(items, [("A", 5), ("B", 0)]);
    assert_eq!(nothing.items, []);
    assert_eq!(code(&many), "invalid_request");
}

#[tokio::test]
async fn products_make_their_skus_known_however_often_they_are_told() {
    let shop = Desk::open().await;
    shop.stock("A", false, Some(3)).await;
    let created = product(9, 1, &["A", "B"]);
    let updated = ProductChanged { fulfilment: Fulfilment::Digital, ..product(9, 2, &["B", "C"]) };

    for told in [&created, &created, &updated, &created, &updated] {
        shop.hear_of(told).await;
    }

    for (text, on_hand) in [("A", 3), ("B", 0), ("C", 0)] {
        let answer = shop.get(&format!("/inventory/{text}"), Role::Manager).await;
        assert_eq!(answer.body["on_hand"], on_hand, "{text}");
    }
    for (text, keyed) in [("A", false), ("B", true), ("C", true)] {
        let by_hand = shop.put(&format!("/inventory/{text}"), "*", json!({"on_hand": 7})).await;
        assert_eq!(by_hand.status == StatusCode::CONFLICT, keyed, "{text}: {}", by_hand.body);
    }
}
