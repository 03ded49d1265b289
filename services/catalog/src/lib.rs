//! The catalogue: products with their variants, the categories they stand in, and their import. It
//! alone knows what can be sold and at which price; it must never know how many pieces there are
//! beyond inventory's word on availability. The floor plan is the same as every service's:
//! `http → app → domain → store`.

mod app;
pub mod domain;
mod error;
mod events;
mod http;
pub mod store;

pub use error::{
    CATEGORY_NOT_EMPTY, DUPLICATE_VARIANT, IMPORT_ENDED, PRODUCT_TOO_LARGE, SKU_CONFLICT,
    SKU_TAKEN, SLUG_TAKEN,
};

use std::sync::Arc;

use techtrove_core::{Currency, SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::Authenticator;
use techtrove_inventory_api::InventoryClient;
use techtrove_runtime::{BuildError, Readiness, Service, Worker, prune_idempotency_keys};

use crate::app::{App, Recent};

/// The catalogue's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The currency of every price.
    pub currency: Currency,
    /// The largest body of an import, in bytes.
    pub import_max_bytes: usize,
    /// How many lines of an import are worked on at once.
    pub import_chunk_lines: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            currency: Currency::USD,
            import_max_bytes: 512 * 1_024 * 1_024,
            import_chunk_lines: domain::CHUNK_LINES,
        }
    }
}

/// What the catalogue needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Tells who calls.
    pub authenticator: Arc<Authenticator>,
    /// Keeps the stock that an import carries.
    pub inventory: InventoryClient,
}

/// The catalogue, ready to be started.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    let tables =
        [store::MIGRATIONS, techtrove_bus::MIGRATIONS, techtrove_http::idempotency::MIGRATIONS];
    deps.db.migrate_all(&tables).await?;
    let app = App {
        db: deps.db.clone(),
        recent_products: Recent::new(deps.db.clone(), Arc::clone(&deps.clock)),
        recent_pages: Recent::new(deps.db.clone(), Arc::clone(&deps.clock)),
        clock: deps.clock,
        ids: deps.ids,
        inventory: deps.inventory,
        import_arrived: Arc::default(),
        config,
    };
    let (importer, adder, teller) = (app.clone(), app.clone(), app.clone());
    Ok(Service {
        name: "catalog",
        public: http::public(app.clone(), deps.authenticator),
        internal: http::internal(app.clone()),
        workers: vec![
            Worker::new("catalog.imports", move |shutdown| {
                app::run_imports(importer.clone(), shutdown)
            }),
            Worker::new("catalog.sales", move |shutdown| {
                app::add_up_sales(adder.clone(), shutdown)
            }),
            Worker::new("catalog.tell_anew", move |shutdown| {
                app::tell_anew(teller.clone(), shutdown)
            }),
            prune_idempotency_keys(app.db.clone(), Arc::clone(&app.clock)),
        ],
        subscriptions: vec![
            events::on_inventory(app.clone()),
            events::on_community(app.clone()),
            events::on_orders(app),
        ],
        readiness: Readiness::databases(std::slice::from_ref(&deps.db)),
        databases: vec![deps.db],
    })
}
