//! A catalogue of a test's own, with a stand-in for inventory that keeps what it is told.

use std::sync::{Arc, Mutex};

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::{Value, json};
use techtrove_catalog::{
    Config, Deps,
    domain::{Category, CategoryChange, Fresh, Product, ProductInput},
    store,
};
use techtrove_catalog_api::{
    CatalogClient, CategoryId, Fulfilment, ProductChanged, ProductId, VariantId,
};
use techtrove_core::{
    Clock, Currency, ManualClock, SeededIds, SharedClock, SharedIds, Sku, Timestamp, TypedId,
};
use techtrove_db::Db;
use techtrove_http::Client;
use techtrove_identity_api::{Authenticator, Claims, Role, SessionId, SigningKey, UserId};
use techtrove_inventory_api::{
    InventoryClient, OnHand, ReadStockRequest, ReadStockResponse, SetStock, SetStockOutcome,
    SetStockRequest, SetStockResponse,
};
use techtrove_runtime::{Service, Shutdown, Worker};
use techtrove_testing::{Actor, Reply};
use tokio::sync::Semaphore;
use uuid::Uuid;

/// What the stand-in for inventory was told, and how it behaves.
#[derive(Clone)]
pub struct Inventory {
    told: Arc<Mutex<Vec<SetStock>>>,
    /// Which parts of imports it was asked to set, by their names, also while it was away.
    parts: Arc<Mutex<Vec<String>>>,
    away: Arc<Mutex<bool>>,
    /// How many more calls that set stock are answered.
    answers: Arc<Semaphore>,
    /// How many more calls that try to are answered.
    tries: Arc<Semaphore>,
}

impl Default for Inventory {
    fn default() -> Self {
        let all = || Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
        let (told, parts, away) = (Arc::default(), Arc::default(), Arc::default());
        Self { told, parts, away, answers: all(), tries: all() }
    }
}

impl Inventory {
    pub fn told(&self) -> Vec<SetStock> {
        self.told.lock().expect("no panic").clone()
    }

    pub fn parts(&self) -> Vec<String> {
        self.parts.lock().expect("no panic").clone()
    }

    pub fn be_away(&self, away: bool) {
        *self.away.lock().expect("no panic") = away;
    }

    /// Keeps whoever sets stock waiting, but for so many calls.
    pub fn answer_only(&self, calls: usize) {
        let _ = self.answers.forget_permits(Semaphore::MAX_PERMITS);
        self.answers.add_permits(calls);
    }

    /// Keeps whoever tries to set stock waiting, but for so many calls.
    pub fn try_only(&self, calls: usize) {
        let _ = self.tries.forget_permits(Semaphore::MAX_PERMITS);
        self.tries.add_permits(calls);
    }

    fn router(&self) -> Router {
        Router::new()
            .route("/internal/inventory/products", post(hear))
            .route("/internal/inventory/stock", post(set_stock))
            .route("/internal/inventory/stock/try", post(try_stock))
            .route("/internal/inventory/stock/read", post(read_stock))
            .with_state(self.clone())
    }
}

/// Takes everything but SKUs whose name says that they are refused.
async fn set_stock(
    State(inventory): State<Inventory>,
    Json(request): Json<SetStockRequest>,
) -> axum::response::Response {
    inventory.parts.lock().expect("no panic").push(request.part);
    if *inventory.away.lock().expect("no panic") {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    inventory.answers.acquire().await.expect("never closed").forget();
    let items = request.items.iter().map(outcome).collect();
    inventory.told.lock().expect("no panic").extend(request.items);
    Json(SetStockResponse { items }).into_response()
}

/// Hears of a product: of each of its SKUs, and how it is sold.
async fn hear(
    State(inventory): State<Inventory>,
    Json(product): Json<ProductChanged>,
) -> axum::response::Response {
    if *inventory.away.lock().expect("no panic") {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let keyed = product.fulfilment == Fulfilment::Digital;
    let told = |sku| SetStock { sku, keyed, on_hand: None, low_stock_threshold: None };
    inventory.told.lock().expect("no panic").extend(product.skus.into_iter().map(told));
    Json(()).into_response()
}

/// Tells what it would refuse.
async fn try_stock(
    State(inventory): State<Inventory>,
    Json(request): Json<SetStockRequest>,
) -> Json<SetStockResponse> {
    inventory.tries.acquire().await.expect("never closed").forget();
    Json(SetStockResponse { items: request.items.iter().map(outcome).collect() })
}

fn outcome(item: &SetStock) -> SetStockOutcome {
    let refused = item.sku.as_str().starts_with("REFUSED") && item.on_hand.is_some();
    let reason = ("stock_reserved".to_owned(), "3 are reserved".to_owned());
    SetStockOutcome { sku: item.sku.clone(), refused: refused.then_some(reason) }
}

/// What was last told of each SKU.
async fn read_stock(
    State(inventory): State<Inventory>,
    Json(request): Json<ReadStockRequest>,
) -> Json<ReadStockResponse> {
    let told = inventory.told();
    let last = |sku: Sku| {
        let of_it = || told.iter().rev().filter(|it| it.sku == sku);
        let _ = of_it().next()?;
        let on_hand = of_it().find_map(|it| it.on_hand).unwrap_or_default().into();
        let threshold = of_it().find_map(|it| it.low_stock_threshold).unwrap_or(5).into();
        Some(OnHand { sku, on_hand, low_stock_threshold: threshold })
    };
    Json(ReadStockResponse { items: request.skus.into_iter().filter_map(last).collect() })
}

/// A catalogue and those who use it.
pub struct Shop {
    pub guest: Actor,
    pub customer: Actor,
    pub manager: Actor,
    pub inventory: Inventory,
    pub client: CatalogClient,
    pub clock: Arc<ManualClock>,
    pub service: Service,
    pub document: Value,
}

impl Shop {
    /// A catalogue in a database in memory.
    pub async fn open() -> Self {
        let db = techtrove_testing::sqlite_inline().await;
        Self::on((*db).clone(), Inventory::default()).await
    }

    /// A catalogue in this database.
    pub async fn on(db: Db, inventory: Inventory) -> Self {
        Self::with(db, inventory, Config::default()).await
    }

    /// A catalogue in this database, with these settings.
    pub async fn with(db: Db, inventory: Inventory, config: Config) -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&shared), 7));
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let deps = Deps {
            db,
            clock: Arc::clone(&shared),
            ids,
            authenticator: Arc::new(Authenticator::with_keys(&key.jwks(), shared)),
            inventory: InventoryClient::new(Client::local("inventory", inventory.router())),
        };
        let config = Config { import_max_bytes: 8 * 1_024 * 1_024, ..config };
        let mut service = techtrove_catalog::build(config, deps).await.expect("builds");
        let (public, document) = std::mem::take(&mut service.public).split_for_parts();
        let guest = Actor::new(public);
        let token = |role| {
            let (user, session) = (Uuid::from_u128(1), Uuid::from_u128(2));
            let (user, session) = (UserId::from_uuid(user), SessionId::from_uuid(session));
            key.sign(&Claims::new(user, session, vec![role], clock.now(), 600)).expect("signs")
        };
        Self {
            customer: guest.bearer(&token(Role::Customer)),
            manager: guest.bearer(&token(Role::Manager)),
            guest,
            inventory,
            client: CatalogClient::new(Client::local("catalog", service.internal.clone())),
            clock,
            service,
            document: serde_json::to_value(&document).expect("JSON"),
        }
    }

    /// Makes a product.
    pub async fn create(&self, product: Value) -> Reply {
        self.manager.post("/api/v1/products", &product).await
    }

    /// Sends an import; gives its job's id.
    pub async fn import(&self, lines: impl Into<bytes::Bytes>) -> String {
        self.import_as("", "application/x-ndjson", lines).await
    }

    /// Sends an import with a query and of a type; gives its job's id.
    pub async fn import_as(
        &self,
        query: &str,
        content_type: &str,
        lines: impl Into<bytes::Bytes>,
    ) -> String {
        let path = format!("/api/v1/products/import{query}");
        let request = self.manager.request(http::Method::POST, &path);
        let reply = request.body(content_type, lines).await.expect(202);
        let id = reply.value()["job_id"].as_str().expect("an id").to_owned();
        assert_eq!(reply.header("location"), format!("/api/v1/jobs/{id}"));
        id
    }

    /// Works on imports until this one is done; gives its report.
    pub async fn finish(&self, job: &str) -> Value {
        let (workers, shutdown) = self.start();
        let report =
            techtrove_testing::eventually(std::time::Duration::from_secs(60), async || {
                let report = self.job(job).await;
                (report["status"] == "done").then_some(report)
            });
        let report = report.await;
        shutdown.begin();
        for worker in workers {
            worker.await.expect("no panic");
        }
        report
    }

    /// Starts the workers.
    pub fn start(&self) -> (Vec<tokio::task::JoinHandle<()>>, Shutdown) {
        let shutdown = Shutdown::new();
        let workers = self.service.workers.iter().cloned();
        let start = |worker: Worker| tokio::spawn(worker.supervise(shutdown.clone()));
        (workers.map(start).collect(), shutdown)
    }

    /// The report of a job as soon as it fits.
    pub async fn reported(&self, job: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let found = techtrove_testing::eventually(std::time::Duration::from_secs(60), async || {
            Some(self.job(job).await).filter(&fits)
        });
        found.await
    }

    /// How far a job is.
    pub async fn job(&self, id: &str) -> Value {
        self.manager.get(&format!("/api/v1/jobs/{id}")).await.expect(200).value()
    }
}

/// So many cents.
pub fn usd(amount: i64) -> Value {
    json!({"amount": amount, "currency": "USD"})
}

/// A product on sale with one variant.
pub fn product(name: &str, sku: &str) -> Value {
    json!({"name": name, "status": "active", "price": usd(10_000), "variants": [{"sku": sku}]})
}

/// A category of this slug, stored as it is.
pub async fn stored_category(db: &Db, slug: &str) -> CategoryId {
    let id = CategoryId::from_uuid(Uuid::from_u128(1));
    let change = CategoryChange::of_slug(slug.parse().expect("a slug"));
    let category = Category::create(change, id, Timestamp::from_micros(1)).expect("named");
    let stored = db.write("test.store", move |tx| store::insert_category(tx, &category));
    stored.await.expect("stored");
    id
}

/// A draft of this number in a category, stored as it is.
pub async fn stored_product(db: &Db, number: u128, category: CategoryId) {
    let written = json!({
        "name": "Stored", "slug": format!("p{number}"), "category_id": category,
        "variants": [{"sku": format!("S{number}")}],
    });
    let input: ProductInput = serde_json::from_value(written).expect("the format");
    let id = Uuid::from_u128(number);
    let (now, variants) = (Timestamp::from_micros(1), vec![VariantId::from_uuid(id)]);
    let fresh = Fresh { now, product: ProductId::from_uuid(id), variants };
    let change = input.checked(Currency::USD).expect("accepted");
    let product = Product::create(change, &fresh).expect("made");
    let stored =
        db.write("test.store", move |tx| store::insert_product(tx, &product, Currency::USD));
    stored.await.expect("stored");
}
