//! Community: what customers think of products, and which they keep in mind. It must never show one
//! customer's favourites to another, let anybody's list grow without bound, nor tell of a rating that is
//! not its reviews'. The rules live in [`domain`], the use cases in [`app`]; the floor plan is the same as
//! every service's: `http → app → domain → store`.

pub mod app;
pub mod domain;
mod error;
mod events;
mod http;
pub mod store;

pub use error::Error;

use std::sync::Arc;

use axum::Extension;
use techtrove_catalog_api::CatalogClient;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::Authenticator;
use techtrove_runtime::{BuildError, Readiness, Service, prune_idempotency_keys};

use crate::app::App;

/// What community needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Tells who a bearer token belongs to.
    pub authenticator: Arc<Authenticator>,
    /// Knows which products are on sale.
    pub catalog: CatalogClient,
}

/// Community, ready to be started.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(deps: Deps) -> Result<Service, BuildError> {
    let tables =
        [store::MIGRATIONS, techtrove_bus::MIGRATIONS, techtrove_http::idempotency::MIGRATIONS];
    deps.db.migrate_all(&tables).await?;
    let app = App { db: deps.db.clone(), clock: deps.clock, ids: deps.ids, catalog: deps.catalog };
    Ok(Service {
        name: "community",
        public: http::public(app.clone()).layer(Extension(deps.authenticator)),
        internal: http::internal(app.clone()),
        workers: vec![prune_idempotency_keys(app.db.clone(), Arc::clone(&app.clock))],
        subscriptions: vec![events::on_orders(app)],
        readiness: Readiness::databases(std::slice::from_ref(&deps.db)),
        databases: vec![deps.db],
    })
}
