//! What community's tests stand on: the service over a fresh database, with a stand-in for catalog.

use std::sync::Arc;

use axum::{Json, Router, extract::Path, routing::get};
use techtrove_catalog_api::{CatalogClient, ProductId};
use techtrove_community::{Deps, app::App, store};
use techtrove_core::{Clock, ManualClock, SeededIds, SharedClock, SharedIds, TypedId};
use techtrove_db::Db;
use techtrove_http::{Client, idempotency};
use techtrove_identity_api::{Authenticator, Claims, Role, SessionId, SigningKey, UserId};
use techtrove_testing::Actor;
use uuid::Uuid;

/// The first product that is not on sale.
const FIRST_DRAFT: u128 = 1_000_000;

/// A product of a number; those from a million on are drafts.
pub fn product(number: u128) -> ProductId {
    ProductId::from_uuid(Uuid::from_u128((0x0198_0000_0000_7000_8000 << 64) | number))
}

/// A product that is not on sale.
pub fn draft() -> ProductId {
    product(FIRST_DRAFT)
}

pub fn user(number: u128) -> UserId {
    UserId::from_uuid(Uuid::from_u128((0x0199_0000_0000_7000_8000 << 64) | number))
}

/// Everything is on sale but drafts.
fn catalog() -> CatalogClient {
    async fn on_sale(Path(id): Path<ProductId>) -> Json<bool> {
        Json(id < draft())
    }
    let router = Router::new().route("/internal/catalog/products/{id}/on-sale", get(on_sale));
    CatalogClient::new(Client::local("catalog", router))
}

/// The use cases over `db`.
pub async fn app_over(db: Db) -> App {
    db.migrate(&store::MIGRATIONS).await.expect("community's tables");
    db.migrate(&techtrove_bus::MIGRATIONS).await.expect("the bus's tables");
    db.migrate(&idempotency::MIGRATIONS).await.expect("the keys' tables");
    let clock: SharedClock = Arc::new(ManualClock::default());
    let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&clock), 7));
    App { db, clock, ids, catalog: catalog() }
}

/// Community's routes, and who speaks to them.
pub struct Club {
    pub guest: Actor,
    clock: Arc<ManualClock>,
    key: SigningKey,
}

impl Club {
    pub async fn open() -> Self {
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&shared), 7));
        let key = SigningKey::from_seed(&[7; 32]).expect("a key");
        let authenticator = Arc::new(Authenticator::with_keys(&key.jwks(), Arc::clone(&shared)));
        let db = techtrove_testing::sqlite_inline().await;
        let deps =
            Deps { db: Db::clone(&db), clock: shared, ids, authenticator, catalog: catalog() };
        let service = techtrove_community::build(deps).await.expect("builds");
        Self { guest: Actor::new(service.public), clock, key }
    }

    /// The customer of a number.
    pub fn customer(&self, number: u128) -> Actor {
        self.somebody(number, Role::Customer)
    }

    /// The user of a number, in a role.
    pub fn somebody(&self, number: u128, role: Role) -> Actor {
        let session = SessionId::from_uuid(Uuid::from_u128(2));
        let claims = Claims::new(user(number), session, vec![role], self.clock.now(), 600);
        self.guest.bearer(&self.key.sign(&claims).expect("signs"))
    }
}
