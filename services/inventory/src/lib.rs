//! Inventory: how many pieces there are, and to whom they are promised. It must never promise a piece
//! twice, and never forget that it promised one. The rules live in [`domain`], the use cases in [`app`];
//! the floor plan is the same as every service's: `http → app → domain → store`.

pub mod app;
pub mod domain;
mod error;
mod events;
mod http;
pub mod store;

pub use error::Error;

use std::{sync::Arc, time::Duration};

use axum::Extension;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::Authenticator;
use techtrove_runtime::{BuildError, Readiness, Service, Shutdown, Worker, prune_idempotency_keys};

use crate::app::App;

/// Inventory's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How often holds whose time is over are looked for.
    pub expiry_interval: Duration,
    /// How many of them are ended in one round.
    pub expiry_batch: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self { expiry_interval: Duration::from_secs(1), expiry_batch: 500 }
    }
}

/// What inventory needs from its surroundings.
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
}

/// Inventory, ready to be started.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    let tables =
        [store::MIGRATIONS, techtrove_bus::MIGRATIONS, techtrove_http::idempotency::MIGRATIONS];
    deps.db.migrate_all(&tables).await?;
    let app = App { db: deps.db.clone(), clock: deps.clock, ids: deps.ids };
    Ok(Service {
        name: "inventory",
        public: http::public(app.clone()).layer(Extension(deps.authenticator)),
        internal: http::internal(app.clone()),
        workers: vec![
            expiry_worker(app.clone(), config),
            prune_idempotency_keys(app.db.clone(), Arc::clone(&app.clock)),
        ],
        subscriptions: events::subscriptions(&app),
        readiness: Readiness::databases(std::slice::from_ref(&deps.db)),
        databases: vec![deps.db],
    })
}

/// Ends the holds whose time is over, until the service stops.
fn expiry_worker(app: App, config: Config) -> Worker {
    Worker::new("inventory.expire_holds", move |shutdown: Shutdown| {
        let (app, config) = (app.clone(), config.clone());
        async move {
            loop {
                let found = app::expire_holds(&app, config.expiry_batch).await?;
                let full = u32::try_from(found).is_ok_and(|found| found >= config.expiry_batch);
                let pause = if full { Duration::ZERO } else { config.expiry_interval };
                if !shutdown.pause(pause).await {
                    return Ok::<(), Error>(());
                }
            }
        }
    })
}
