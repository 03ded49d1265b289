//! Orders: placing one by a stored saga over catalog, inventory and payments, showing and tracking it. It must
//! never sell what is not set aside, never confirm without money, and never forget an order that it
//! has begun. The rules are in [`domain`], the floor plan is the same as every service's:
//! `http → app → domain → store`.

mod app;
mod config;
pub mod domain;
mod error;
mod events;
mod http;
pub mod store;

pub use app::{App, Drivers, Hub, Watch, prune_carts, recover_due};
pub use config::{Config, Deadlines, Tracking};
pub use error::{
    CART_CLAIMED, CART_COMPLETED, CART_FULL, CART_LOCKED, PAYMENT_NOT_CAPTURED, PRICE_CHANGED,
    SHIPMENT_REFUSED,
};

use std::sync::Arc;

use axum::Extension;
use techtrove_catalog_api::CatalogClient;
use techtrove_core::{Problem, SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_http::idempotency;
use techtrove_identity_api::{Authenticator, GuestKey, IdentityClient};
use techtrove_inventory_api::InventoryClient;
use techtrove_payments_api::PaymentsClient;
use techtrove_runtime::{BuildError, Readiness, Service, prune_idempotency_keys};
use tokio::sync::Semaphore;

/// What orders needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids and secrets.
    pub ids: SharedIds,
    /// Tells who calls.
    pub authenticator: Arc<Authenticator>,
    /// Makes the tokens of guests; the same in every replica.
    pub guest_key: GuestKey,
    /// How to write to users.
    pub identity: IdentityClient,
    /// What can be sold, at which price.
    pub catalog: CatalogClient,
    /// Stock.
    pub inventory: InventoryClient,
    /// Money.
    pub payments: PaymentsClient,
}

/// Orders, ready to be started.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    let authenticator = Arc::clone(&deps.authenticator);
    Ok(service(&open(config, deps).await?, authenticator))
}

/// The use cases of orders on a database of the current schema, without routes and workers.
///
/// # Errors
/// When the database cannot be brought to the current schema.
pub async fn open(config: Config, deps: Deps) -> Result<Arc<App>, BuildError> {
    let tables = [store::MIGRATIONS, techtrove_bus::MIGRATIONS, idempotency::MIGRATIONS];
    deps.db.migrate_all(&tables).await?;
    if config.alone {
        let now = deps.clock.now();
        let ended: Result<(), error::Error> =
            deps.db.write("orders.end_leases", move |tx| Ok(store::end_leases(tx, now)?)).await;
        ended.map_err(|error| BuildError::other(Problem::from(error)))?;
    }
    Ok(Arc::new(App {
        db: deps.db,
        clock: deps.clock,
        ids: deps.ids,
        guest_key: deps.guest_key,
        identity: deps.identity,
        catalog: deps.catalog,
        inventory: deps.inventory,
        payments: deps.payments,
        drivers: Drivers::new(&config),
        hub: Arc::default(),
        streams: Arc::new(Semaphore::new(config.tracking.streams)),
        config,
    }))
}

/// The routes and workers of these use cases.
#[must_use]
pub fn service(app: &Arc<App>, authenticator: Arc<Authenticator>) -> Service {
    Service {
        name: "orders",
        public: http::public(Arc::clone(app)).layer(Extension(authenticator)),
        internal: http::internal(Arc::clone(app)),
        workers: vec![
            app::recovery_worker(Arc::clone(app)),
            app::drivers_worker(Arc::clone(app)),
            app::cart_pruner(Arc::clone(app)),
            app::tickets_worker(Arc::clone(app)),
            prune_idempotency_keys(app.db.clone(), Arc::clone(&app.clock)),
        ],
        subscriptions: vec![events::on_payments(app), events::on_identity(app)],
        readiness: Readiness::databases(std::slice::from_ref(&app.db)),
        databases: vec![app.db.clone()],
    }
}
