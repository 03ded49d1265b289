//! Inventory through its routes: staff, the public, and the other services.

use std::sync::Arc;

use axum::{Router, body::Body};
use http::{Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use techtrove_bus::{AggregateRef, Event, EventContext, NewEvent};
use techtrove_catalog_api::{
    CategoryId, Fulfilment, PRODUCT_AGGREGATE, PRODUCT_UPDATED, ProductChanged, ProductId,
};
use techtrove_core::{Clock, ManualClock, SeededIds, SharedClock, SharedIds, TypedId};
use techtrove_db::{Db, DbOptions};
use techtrove_http::{Client, ClientError};
use techtrove_identity_api::{Authenticator, Claims, Role, SessionId, SigningKey, UserId};
use techtrove_inventory::{Config, Deps};
use techtrove_inventory_api::{
    HoldRequest, InventoryClient, Reservation, ReservationId, SetStock, SetStockRequest,
    ShipRequest,
};
use techtrove_runtime::Service;
use tower::ServiceExt;
use uuid::Uuid;

use super::{attempt_of, lines_of, sku};

/// The one SKU that buyers are promised as licence keys.
const DIGITAL: &str = "OS";

/// A product of a number, as the catalogue tells of it.
pub fn product(number: u32, version: u64, skus: &[&str]) -> ProductChanged {
    ProductChanged {
        product_id: ProductId::from_uuid(Uuid::from_u128(u128::from(number))),
        version,
        skus: skus.iter().map(|text| sku(text)).collect(),
        fulfilment: Fulfilment::Physical,
        on_sale: true,
        category_id: None,
    }
}

/// A category of a number.
pub fn category(number: u32) -> CategoryId {
    CategoryId::from_uuid(Uuid::from_u128(u128::from(number)))
}

/// Inventory's routes, and who speaks to them.
pub struct Desk {
    public: Router,
    pub inventory: InventoryClient,
    service: Service,
    pub clock: Arc<ManualClock>,
    key: SigningKey,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub etag: Option<String>,
    pub location: Option<String>,
    pub replayed: bool,
    pub body: Value,
}

impl Desk {
    pub async fn open() -> Self {
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

    /// The credential of somebody with this role.
    pub fn bearer(&self, role: Role) -> String {
        let (user, session) =
            (UserId::from_uuid(Uuid::from_u128(1)), SessionId::from_uuid(Uuid::from_u128(2)));
        let claims = Claims::new(user, session, vec![role], self.clock.now(), 600);
        format!("Bearer {}", self.key.sign(&claims).expect("signs"))
    }

    pub async fn ask(
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
        let header = |name| {
            let value: Option<&http::HeaderValue> = response.headers().get(name);
            value.map(|value| value.to_str().expect("text").to_owned())
        };
        let (etag, location) = (header("etag"), header("location"));
        let replayed = header("idempotent-replayed").is_some();
        let status = response.status();
        let bytes = response.into_body().collect().await.expect("a body").to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status, etag, location, replayed, body }
    }

    pub async fn get(&self, path: &str, role: Role) -> Answer {
        let bearer = self.bearer(role);
        self.ask(Method::GET, path, &[("authorization", &bearer)], None).await
    }

    pub async fn put(&self, path: &str, if_match: &str, body: Value) -> Answer {
        let bearer = self.bearer(Role::Manager);
        self.ask(
            Method::PUT,
            path,
            &[("authorization", &bearer), ("if-match", if_match)],
            Some(body),
        )
        .await
    }

    pub async fn stock(&self, text: &str, keyed: bool, on_hand: Option<u32>) {
        let items = vec![SetStock { sku: sku(text), keyed, on_hand, low_stock_threshold: None }];
        let part = format!("{text}, {keyed}, {on_hand:?}");
        let request = SetStockRequest { part, items };
        let answer = self.inventory.set_stock(&request).await.expect("set");
        assert_eq!(answer.items[0].refused, None);
    }

    pub fn hold_request(&self, who: u8, lines: &[(&str, u32)]) -> HoldRequest {
        let (reservation_id, attempt) = attempt_of(who, 1);
        let lines = lines_of(lines);
        let digital =
            lines.iter().map(|line| line.sku.clone()).filter(|sku| sku.as_str() == DIGITAL);
        let digital = digital.collect();
        HoldRequest { reservation_id, attempt, lines, digital, expires_at: None }
    }

    /// Sells the lines to a buyer of a number.
    pub async fn sell(&self, who: u8, lines: &[(&str, u32)]) -> ReservationId {
        let (id, attempt) = attempt_of(who, 1);
        self.inventory.hold(&self.hold_request(who, lines)).await.expect("enough");
        self.inventory.commit(id, attempt).await.expect("held");
        id
    }

    /// Sends a parcel of a number to a buyer of a number.
    pub async fn ship(
        &self,
        who: u8,
        parcel: u128,
        lines: &[(&str, u32)],
    ) -> Result<Reservation, ClientError> {
        let (id, attempt) = attempt_of(who, 1);
        let shipment_id = Uuid::from_u128(parcel);
        let request = ShipRequest { shipment_id, lines: lines_of(lines) };
        self.inventory.ship(id, attempt, &request).await
    }

    /// Hears of a product, whose versions number its events.
    pub async fn hear_of(&self, product: &ProductChanged) {
        let id = product.product_id.uuid().as_u128() << 64 | u128::from(product.version);
        let context =
            EventContext { id: Uuid::from_u128(id), time: self.clock.now(), traceparent: None };
        let new = NewEvent {
            kind: PRODUCT_UPDATED,
            aggregate: AggregateRef::new(PRODUCT_AGGREGATE, product.product_id),
            data: serde_json::json!(product),
        };
        let event = Event::new("/techtrove/catalog", &context, &new, product.version);
        self.hear(Arc::new(event)).await;
    }

    pub async fn hear(&self, event: Arc<Event>) {
        let subscription = &self.service.subscriptions[0];
        subscription.handler.handle(event).await.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// The code of a refusal.
pub fn code(error: &ClientError) -> String {
    match error {
        ClientError::Refused(problem) => problem.code.to_string(),
        other => panic!("{other}"),
    }
}
