//! Inventory through its routes: staff, the public, the other services, and the events it hears.

mod support;

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::{attempt_of, sku};
use techtrove_bus::{AggregateRef, Event, EventContext, NewEvent};
use techtrove_catalog_api::{
    Fulfilment, PRODUCT_AGGREGATE, PRODUCT_CREATED, PRODUCT_UPDATED, ProductChanged, ProductId,
};
use techtrove_core::{Clock, ManualClock, Quantity, SeededIds, SharedClock, SharedIds, TypedId};
use techtrove_db::{Db, DbOptions};
use techtrove_http::{Client, ClientError};
use techtrove_identity_api::{Authenticator, Claims, Role, SessionId, SigningKey, UserId};
use techtrove_inventory::{Config, Deps};
use techtrove_inventory_api::{
    HoldRequest, InventoryClient, Line, OUT_OF_STOCK, RESERVATION_ENDED, RESERVATION_MISMATCH,
    ReservationState, SetStock, SetStockRequest,
};
use techtrove_runtime::Service;
use tower::ServiceExt;
use uuid::Uuid;

struct Shop {
    public: Router,
    inventory: InventoryClient,
    service: Service,
    clock: Arc<ManualClock>,
    key: SigningKey,
}

struct Answer {
    status: StatusCode,
    etag: Option<String>,
    body: Value,
}

impl Shop {
    async fn open() -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&shared), 7));
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let authenticator = Arc::new(Authenticator::with_keys(&key.jwks(), Arc::clone(&shared)));
        let options = DbOptions { inline: true, ..DbOptions::default() };
        let db = Db::open("sqlite::memory:", options).await.expect("opens");
        let deps = Deps { db, clock: shared, ids, authenticator };
        let mut service =
            techtrove_inventory::build(Config::default(), deps).await.expect("builds");
        let (public, _) = std::mem::take(&mut service.public).split_for_parts();
        let inventory = InventoryClient::new(Client::local("inventory", service.internal.clone()));
        Self { public, inventory, service, clock, key }
    }

    fn token(&self, role: Role) -> String {
        let (user, session) =
            (UserId::from_uuid(Uuid::from_u128(1)), SessionId::from_uuid(Uuid::from_u128(2)));
        let claims = Claims::new(user, session, vec![role], self.clock.now(), 600);
        self.key.sign(&claims).expect("signs")
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(json) => {
                request = request.header("content-type", "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        let response = self.public.clone().oneshot(request.body(body).expect("a request")).await;
        let response = response.expect("infallible");
        let etag = response.headers().get("etag").map(|tag| tag.to_str().expect("text").to_owned());
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        Answer { status, etag, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn get(&self, path: &str, role: Role) -> Answer {
        let bearer = format!("Bearer {}", self.token(role));
        self.ask(Method::GET, path, &[("authorization", &bearer)], None).await
    }

    async fn put(&self, path: &str, if_match: &str, body: Value) -> Answer {
        let bearer = format!("Bearer {}", self.token(Role::Manager));
        self.ask(
            Method::PUT,
            path,
            &[("authorization", &bearer), ("if-match", if_match)],
            Some(body),
        )
        .await
    }

    async fn stock(&self, text: &str, on_hand: Option<u32>) {
        let items = vec![SetStock { sku: sku(text), keyed: false, on_hand }];
        let answer = self.inventory.set_stock(&SetStockRequest { items }).await.expect("set");
        assert_eq!(answer.items[0].refused, None);
    }

    fn hold_request(&self, who: u8, lines: &[(&str, u32)]) -> HoldRequest {
        let line = |&(text, count): &(&str, u32)| Line {
            sku: sku(text),
            quantity: Quantity::new(count).expect("a quantity"),
        };
        let (reservation_id, attempt) = attempt_of(who, 1);
        HoldRequest {
            reservation_id,
            attempt,
            lines: lines.iter().map(line).collect(),
            expires_at: None,
        }
    }

    async fn hear(&self, event: Arc<Event>) {
        let subscription = &self.service.subscriptions[0];
        subscription.handler.handle(event).await.unwrap_or_else(|error| panic!("{error}"));
    }
}

fn code(error: &ClientError) -> String {
    match error {
        ClientError::Refused(problem) => problem.code.to_string(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_manager_counts_a_sku_and_reads_it_back() {
    let shop = Shop::open().await;
    shop.stock("GPU-1", None).await;

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
    let bearer = format!("Bearer {}", shop.token(Role::Manager));
    let headers = [("authorization", bearer.as_str()), ("if-none-match", &tag)];
    let unchanged = shop.ask(Method::GET, "/inventory/GPU-1", &headers, None).await;
    assert_eq!(unchanged.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_sale_never_spoils_an_edit_and_another_edit_does() {
    let shop = Shop::open().await;
    shop.stock("A", Some(10)).await;
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
async fn only_managers_see_and_set_stock() {
    let shop = Shop::open().await;
    shop.stock("A", Some(1)).await;

    for method in [Method::GET, Method::PUT] {
        let guest = shop.ask(method.clone(), "/inventory/A", &[], None).await;
        assert_eq!(guest.status, StatusCode::UNAUTHORIZED, "{method}");
        let forged = [("authorization", "Bearer forged")];
        assert_eq!(
            shop.ask(method.clone(), "/inventory/A", &forged, None).await.status,
            StatusCode::UNAUTHORIZED
        );
        for role in [Role::Customer, Role::Support] {
            let bearer = format!("Bearer {}", shop.token(role));
            let other =
                shop.ask(method.clone(), "/inventory/A", &[("authorization", &bearer)], None).await;
            assert_eq!(other.status, StatusCode::FORBIDDEN, "{method} {role}");
        }
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_edit_is_said() {
    let shop = Shop::open().await;
    shop.stock("A", Some(1)).await;

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
    let bearer = format!("Bearer {}", shop.token(Role::Manager));
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
    let shop = Shop::open().await;
    shop.stock("MANY", Some(6)).await;
    shop.stock("FEW", Some(5)).await;
    shop.stock("NONE", None).await;

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
    let shop = Shop::open().await;
    shop.stock("A", Some(5)).await;
    let (id, attempt) = attempt_of(1, 1);
    let request = shop.hold_request(1, &[("A", 2), ("A", 1)]);

    let held = shop.inventory.hold(&request).await.expect("enough");
    assert_eq!((held.state, held.expires_at), (ReservationState::Held, None));
    assert_eq!(shop.inventory.hold(&request).await.expect("the same"), held);
    let other =
        shop.inventory.hold(&shop.hold_request(1, &[("A", 2)])).await.expect_err("other lines");
    assert_eq!(code(&other), RESERVATION_MISMATCH.code);
    let lasting = shop.inventory.make_lasting(id, attempt).await.expect("held");
    assert_eq!(lasting.state, ReservationState::Held);
    let committed = shop.inventory.commit(id, attempt).await.expect("held");
    assert_eq!(committed.state, ReservationState::Committed);
    let released = shop.inventory.release(id, attempt).await.expect("always");
    assert_eq!(released.state, ReservationState::Released);
    let late = shop.inventory.commit(id, attempt).await.expect_err("ended");
    assert_eq!(code(&late), RESERVATION_ENDED.code);
}

#[tokio::test]
async fn what_is_short_is_named_with_its_numbers() {
    let shop = Shop::open().await;
    shop.stock("A", Some(5)).await;
    shop.stock("B", Some(1)).await;

    let refused = shop.inventory.hold(&shop.hold_request(1, &[("B", 2), ("A", 5), ("C", 1)])).await;

    let Err(ClientError::Refused(problem)) = refused else { panic!("{refused:?}") };
    assert!(problem.is(OUT_OF_STOCK));
    assert_eq!(
        problem.members["lines"],
        json!([{"sku": "B", "requested": 2, "available": 1}, {"sku": "C", "requested": 1, "available": 0}])
    );
}

#[tokio::test]
async fn broken_reservations_are_refused() {
    let shop = Shop::open().await;
    shop.stock("A", Some(5)).await;
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
async fn products_make_their_skus_known_however_often_they_are_told() {
    let shop = Shop::open().await;
    shop.stock("A", Some(3)).await;
    let product = ProductId::from_uuid(Uuid::from_u128(9));
    let event = |sequence: u64, kind, skus: &[&str]| {
        let id = Uuid::from_u128(100 + u128::from(sequence));
        let context = EventContext { id, time: shop.clock.now(), traceparent: None };
        let skus = skus.iter().map(|text| sku(text)).collect();
        let fulfilment = Fulfilment::Physical;
        let data =
            json!(ProductChanged { product_id: product, version: sequence, skus, fulfilment });
        let new = NewEvent { kind, aggregate: AggregateRef::new(PRODUCT_AGGREGATE, product), data };
        Arc::new(Event::new("/techtrove/catalog", &context, &new, sequence))
    };
    let created = event(1, PRODUCT_CREATED, &["A", "B"]);
    let updated = event(2, PRODUCT_UPDATED, &["B", "C"]);

    for told in [&created, &created, &updated, &created, &updated] {
        shop.hear(Arc::clone(told)).await;
    }

    for (text, on_hand) in [("A", 3), ("B", 0), ("C", 0)] {
        let answer = shop.get(&format!("/inventory/{text}"), Role::Manager).await;
        assert_eq!(answer.body["on_hand"], on_hand, "{text}");
    }
}
