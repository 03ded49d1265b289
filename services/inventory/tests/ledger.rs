//! The routes of those who keep the stock: counts, corrections, licence keys, lists and the ledger.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use techtrove_identity_api::Role;
use techtrove_inventory_api::ReservationState;

use crate::support;
use crate::support::desk::{Answer, Desk};

async fn post(desk: &Desk, path: &str, key: Option<&str>, body: Value) -> Answer {
    let bearer = desk.bearer(Role::Manager);
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    desk.ask(Method::POST, path, &headers, Some(body)).await
}

fn pointers(answer: &Answer) -> Vec<&str> {
    let errors = answer.body["errors"].as_array().expect("errors");
    errors.iter().map(|error| error["pointer"].as_str().expect("a pointer")).collect()
}

#[tokio::test]
async fn a_correction_is_a_movement_with_its_reason() {
    let desk = Desk::open().await;
    desk.stock("A", false, Some(10)).await;

    let made =
        post(&desk, "/inventory/A/adjustments", None, json!({"delta": -3, "reason": " broken "}))
            .await;

    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    assert_eq!(made.location.as_deref(), Some("/api/v1/inventory/A/movements"));
    assert_eq!((&made.body["on_hand"], &made.body["available"]), (&json!(7), &json!(7)));
    let movement = &made.body["movement"];
    assert_eq!(
        (&movement["kind"], &movement["delta"], &movement["on_hand_after"], &movement["reason"]),
        (&json!("adjust"), &json!(-3), &json!(7), &json!("broken"))
    );
    let listed = desk.get("/inventory/A/movements", Role::Manager).await;
    assert_eq!(listed.body["items"][0], *movement);
    let tag = made.etag.expect("an etag");
    let edit = desk.put("/inventory/A", &tag, json!({"on_hand": 8})).await;
    assert_eq!(edit.status, StatusCode::OK, "a correction gives the tag for the next edit");
}

#[tokio::test]
async fn a_correction_under_a_key_is_made_once() {
    let desk = Desk::open().await;
    desk.stock("A", false, Some(10)).await;
    desk.sell(1, &[("A", 8)]).await;
    let path = "/inventory/A/adjustments";
    let (more, less) =
        (json!({"delta": 5, "reason": "found"}), json!({"delta": -9, "reason": "lost"}));

    let first = post(&desk, path, Some("k-1"), more.clone()).await;
    let again = post(&desk, path, Some("k-1"), more).await;
    let refused = post(&desk, path, Some("k-2"), less.clone()).await;
    desk.stock("A", false, Some(100)).await;
    let still_refused = post(&desk, path, Some("k-2"), less.clone()).await;
    let reused = post(&desk, path, Some("k-1"), less).await;

    assert_eq!((first.status, again.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!((&again.body, &again.location), (&first.body, &first.location));
    assert!(!first.replayed && again.replayed);
    assert_eq!(refused.body["code"], "stock_reserved");
    assert_eq!(
        (&still_refused.body["code"], still_refused.replayed),
        (&json!("stock_reserved"), true)
    );
    assert_eq!(reused.body["code"], "idempotency_key_reused");
    let read = desk.get("/inventory/A", Role::Manager).await;
    assert_eq!(read.body["on_hand"], 100);
}

#[tokio::test]
async fn what_is_wrong_with_a_correction_is_said() {
    let desk = Desk::open().await;
    desk.stock("A", false, Some(1)).await;
    let path = "/inventory/A/adjustments";

    for (body, wrong) in [
        (json!({"delta": 0, "reason": "x"}), vec!["/delta"]),
        (json!({"delta": 1_000_000_001_i64, "reason": " "}), vec!["/delta", "/reason"]),
        (json!({"delta": 1, "reason": "x".repeat(501)}), vec!["/reason"]),
        (json!({"delta": 1, "reason": "a\nb"}), vec!["/reason"]),
        (json!({"delta": 1.5, "reason": "x"}), vec!["/delta"]),
        (json!({"delta": 1}), vec!["/reason"]),
        (json!({"delta": 1, "reason": "x", "kind": "ship"}), vec!["/kind"]),
    ] {
        let refused = post(&desk, path, None, body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(pointers(&refused), wrong, "{body}");
    }
    let full = post(&desk, path, None, json!({"delta": 1_000_000_000, "reason": "x"})).await;
    assert_eq!((full.status, &full.body["code"]), (StatusCode::CONFLICT, &json!("stock_limit")));
    let below = post(&desk, path, None, json!({"delta": -2, "reason": "x"})).await;
    assert_eq!(
        (below.status, &below.body["code"]),
        (StatusCode::CONFLICT, &json!("stock_reserved"))
    );
}

#[tokio::test]
async fn licence_keys_are_stock_and_never_shown_to_whom_they_do_not_belong() {
    let desk = Desk::open().await;
    desk.stock("OS", true, None).await;
    let path = "/inventory/OS/keys";

    let added = post(&desk, path, Some("k"), json!({"keys": ["SECRET-1", " SECRET-2 "]})).await;
    let again = post(&desk, path, Some("k"), json!({"keys": ["SECRET-1", " SECRET-2 "]})).await;
    let known = post(&desk, path, None, json!({"keys": ["SECRET-3", "SECRET-2"]})).await;
    let twice = post(&desk, path, None, json!({"keys": ["SECRET-3", "SECRET-3", ""]})).await;
    let by_hand = desk.put("/inventory/OS", "*", json!({"on_hand": 9})).await;
    let low = desk.put("/inventory/OS", "*", json!({"on_hand": 2, "low_stock_threshold": 1})).await;
    let adjusted =
        post(&desk, "/inventory/OS/adjustments", None, json!({"delta": 1, "reason": "x"})).await;

    assert_eq!(added.status, StatusCode::CREATED, "{}", added.body);
    assert_eq!(added.location.as_deref(), Some("/api/v1/inventory/OS"));
    assert_eq!(
        added.body,
        json!({"sku": "OS", "added": 2, "on_hand": 2, "held": 0, "committed": 0, "available": 2,
               "low_stock_threshold": 5, "version": 1})
    );
    assert!(again.replayed && again.body == added.body);
    assert_eq!((known.status, &known.body["code"]), (StatusCode::CONFLICT, &json!("key_known")));
    assert_eq!(pointers(&known), ["/keys/1"]);
    assert_eq!(twice.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(pointers(&twice), ["/keys/1", "/keys/2"]);
    for refused in [&by_hand, &adjusted] {
        let seen = (refused.status, &refused.body["code"]);
        assert_eq!(seen, (StatusCode::CONFLICT, &json!("stock_is_keys")));
    }
    assert_eq!((low.status, &low.body["low_stock_threshold"]), (StatusCode::OK, &json!(1)));
    let ledger = desk.get("/inventory/OS/movements", Role::Manager).await;
    assert_eq!(ledger.body["items"][0]["kind"], "receive");
    for answer in [added, again, known, twice, by_hand, ledger] {
        assert!(!answer.body.to_string().contains("SECRET"), "{}", answer.body);
    }
}

#[tokio::test]
async fn what_is_wrong_with_licence_keys_is_said() {
    let desk = Desk::open().await;
    desk.stock("OS", true, None).await;
    desk.stock("BOX", false, Some(1)).await;

    for keys in [json!([]), json!(vec!["k"; 1_001]), json!("k")] {
        let refused = post(&desk, "/inventory/OS/keys", None, json!({"keys": keys})).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(pointers(&refused), ["/keys"]);
    }
    for key in ["a\u{7}b".to_owned(), "x".repeat(256), " ".to_owned()] {
        let refused = post(&desk, "/inventory/OS/keys", None, json!({"keys": ["ok", key]})).await;
        assert_eq!(pointers(&refused), ["/keys/1"]);
    }
    let boxed = post(&desk, "/inventory/BOX/keys", None, json!({"keys": ["k"]})).await;
    assert_eq!(
        (boxed.status, &boxed.body["code"]),
        (StatusCode::CONFLICT, &json!("stock_is_not_keys"))
    );
    let long: Vec<String> = (0..1_000).map(|number| format!("{number:0>255}")).collect();
    let many = post(&desk, "/inventory/OS/keys", None, json!({"keys": long})).await;
    assert_eq!((many.status, &many.body["added"]), (StatusCode::CREATED, &json!(1_000)));
}

#[tokio::test]
async fn a_parcel_takes_its_keys_to_their_buyer_and_its_pieces_from_the_ledger() {
    let desk = Desk::open().await;
    desk.stock("BOX", false, Some(5)).await;
    desk.stock("OS", true, None).await;
    let _ = post(&desk, "/inventory/OS/keys", None, json!({"keys": ["K-1", "K-2", "K-3"]})).await;
    let id = desk.sell(1, &[("OS", 2), ("BOX", 3)]).await;

    let first = desk.ship(1, 7, &[("BOX", 2), ("OS", 1)]).await.expect("committed");
    let again = desk.ship(1, 7, &[("BOX", 2), ("OS", 1)]).await.expect("the same parcel");
    let other = desk.ship(1, 7, &[("BOX", 1)]).await.expect_err("another parcel");
    let seen = desk.inventory.sold_keys(id).await.expect("asked");
    let last = desk.ship(1, 8, &[("BOX", 1), ("OS", 1)]).await.expect("committed");

    assert_eq!((first.state, &again), (ReservationState::Committed, &first));
    assert_eq!(support::desk::code(&other), "reservation_mismatch");
    assert_eq!(last.state, ReservationState::Shipped);
    let keys: Vec<&str> = seen.keys.iter().map(|sold| sold.key.as_str()).collect();
    assert_eq!(keys, ["K-1"]);
    assert!(!format!("{seen:?}").contains("K-1"));
    let all = desk.inventory.sold_keys(id).await.expect("asked");
    assert_eq!(all.keys.iter().map(|sold| &*sold.key).collect::<Vec<_>>(), ["K-1", "K-2"]);
    let ledger = desk.get("/inventory/BOX/movements", Role::Manager).await;
    let moved: Vec<_> = ledger.body["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (it["kind"].as_str().expect("a kind"), it["delta"].as_i64().expect("a number")))
        .collect();
    assert_eq!(moved, [("ship", -1), ("ship", -2), ("receive", 5)]);
    assert_eq!(ledger.body["items"][0]["reservation_id"], json!(id));
    let read = desk.get("/inventory/BOX", Role::Manager).await;
    assert_eq!((&read.body["on_hand"], &read.body["committed"]), (&json!(2), &json!(0)));
}

#[tokio::test]
async fn stock_is_listed_page_by_page_and_what_is_low_alone() {
    let desk = Desk::open().await;
    for (text, on_hand) in [("A", 6), ("B", 5), ("C", 0), ("D", 9), ("E", 6)] {
        desk.stock(text, false, Some(on_hand)).await;
    }
    desk.sell(1, &[("E", 1)]).await;
    let pages = async |query: &str| {
        let (mut skus, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = desk.get(&format!("/inventory?{query}{cursor}"), Role::Manager).await;
            assert_eq!(page.status, StatusCode::OK, "{}", page.body);
            let items = page.body["items"].as_array().expect("a list").clone();
            skus.extend(items.iter().map(|item| item["sku"].as_str().expect("a SKU").to_owned()));
            match page.body["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return skus.concat(),
            }
        }
    };

    assert_eq!(pages("limit=2").await, "ABCDE");
    assert_eq!(pages("limit=2&low_stock=false").await, "ABCDE");
    assert_eq!(pages("limit=2&low_stock=true").await, "BCE");
    for query in ["limit=0", "limit=101", "cursor=x", "low_stock=maybe", "colour=red"] {
        let refused = desk.get(&format!("/inventory?{query}"), Role::Manager).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        let refused = desk.get(&format!("/inventory/A/movements?{query}"), Role::Manager).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
    }
}

#[tokio::test]
async fn the_ledger_is_read_page_by_page_newest_first_and_sums_to_on_hand() {
    let desk = Desk::open().await;
    desk.stock("A", false, Some(10)).await;
    for delta in 1..=6 {
        let body = json!({"delta": delta, "reason": "found"});
        let _ = post(&desk, "/inventory/A/adjustments", None, body).await;
    }

    let (mut deltas, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/inventory/A/movements?limit=3{cursor}");
        let page = desk.get(&path, Role::Manager).await;
        let items = page.body["items"].as_array().expect("a list").clone();
        deltas.extend(items.iter().map(|item| item["delta"].as_i64().expect("a number")));
        match page.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }

    assert_eq!(deltas, [6, 5, 4, 3, 2, 1, 10]);
    let read = desk.get("/inventory/A", Role::Manager).await;
    assert_eq!(read.body["on_hand"], deltas.iter().sum::<i64>());
}

/// Every route of managers, with a body that would be refused: whoever may not call it learns nothing of
/// that, nor whether the SKU is known.
#[tokio::test]
async fn only_managers_come_in() {
    let desk = Desk::open().await;
    desk.stock("A", false, Some(1)).await;
    for (method, path) in [
        (Method::GET, "/inventory"),
        (Method::GET, "/inventory?limit=0"),
        (Method::GET, "/inventory/A"),
        (Method::GET, "/inventory/NONE"),
        (Method::PUT, "/inventory/A"),
        (Method::GET, "/inventory/A/movements"),
        (Method::POST, "/inventory/A/adjustments"),
        (Method::POST, "/inventory/A/keys"),
        (Method::POST, "/inventory/NONE/keys"),
    ] {
        let body = (method != Method::GET).then(|| json!({"nonsense": true}));
        for headers in [vec![], vec![("authorization", "Bearer forged")]] {
            let nobody = desk.ask(method.clone(), path, &headers, body.clone()).await;
            assert_eq!(nobody.status, StatusCode::UNAUTHORIZED, "{method} {path}");
        }
        for role in [Role::Customer, Role::Support] {
            let bearer = desk.bearer(role);
            let headers = [("authorization", bearer.as_str())];
            let other = desk.ask(method.clone(), path, &headers, body.clone()).await;
            assert_eq!(other.status, StatusCode::FORBIDDEN, "{method} {path} {role}");
        }
    }
}

#[tokio::test]
async fn an_unknown_sku_is_not_found_everywhere() {
    let desk = Desk::open().await;

    let answers = [
        desk.get("/inventory/NONE", Role::Manager).await,
        desk.get("/inventory/NONE/movements", Role::Manager).await,
        desk.put("/inventory/NONE", "*", json!({"on_hand": 1})).await,
        post(&desk, "/inventory/NONE/adjustments", None, json!({"delta": 1, "reason": "x"})).await,
        post(&desk, "/inventory/NONE/keys", Some("k"), json!({"keys": ["k"]})).await,
    ];

    for answer in answers {
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{}", answer.body);
    }
}
