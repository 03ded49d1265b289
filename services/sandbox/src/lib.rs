//! The sandbox: a payment provider as a stranger, with its own books, its own words and its own faults.
//! It must never share a type, a table or a transaction with payments, which reaches it through HTTP
//! alone. The rules live in [`domain`], the faults in [`faults`]; the floor plan is every service's.

pub mod app;
pub mod domain;
mod error;
pub mod faults;
mod http;
pub mod store;

pub use error::Error;

use std::{sync::Arc, time::Duration};

use techtrove_core::SharedClock;
use techtrove_db::Db;
use techtrove_runtime::{BuildError, Readiness, Service};
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, faults::Faults};

/// The sandbox's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an answer is held back that is never to come: longer than anybody waits for it.
    pub silence: Duration,
    /// What is planned to go wrong; a clone of it plans more.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self { silence: Duration::from_secs(10), faults: Faults::default() }
    }
}

/// What the sandbox needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
}

/// The sandbox, ready to be started. Its API, under `/v1`, is the service's internal router.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    deps.db.migrate(&store::MIGRATIONS).await?;
    let db = deps.db;
    let app =
        App { db: db.clone(), clock: deps.clock, faults: config.faults, silence: config.silence };
    Ok(Service {
        name: "sandbox",
        public: OpenApiRouter::new(),
        internal: http::router(Arc::new(app)),
        workers: Vec::new(),
        subscriptions: Vec::new(),
        readiness: Readiness::databases(std::slice::from_ref(&db)),
        databases: vec![db],
    })
}
