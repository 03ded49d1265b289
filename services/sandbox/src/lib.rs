//! The sandbox: a payment provider as a stranger, with its own books, its own words and its own faults.
//! It must never share a type, a table or a transaction with payments, which reaches it through HTTP
//! alone. The rules live in [`domain`], the faults in [`faults`]; the floor plan is every service's.

pub mod app;
pub mod domain;
mod error;
pub mod faults;
mod http;
pub mod store;
pub mod webhooks;

pub use error::Error;

use std::{sync::Arc, time::Duration};

use techtrove_core::SharedClock;
use techtrove_db::Db;
use techtrove_runtime::{BuildError, Readiness, Service, Shutdown, Worker};
use tokio::sync::Notify;
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, faults::Faults, webhooks::Webhooks};

/// The sandbox's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an answer is held back that is never to come: longer than anybody waits for it.
    pub silence: Duration,
    /// How long a bank takes to give back what waits for it, unless it says otherwise before.
    pub bank: Duration,
    /// How often webhooks are looked for whose next try is due; new ones are sent at once.
    pub webhook_interval: Duration,
    /// What is planned to go wrong; a clone of it plans more.
    pub faults: Faults,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(10),
            bank: Duration::from_secs(3_600),
            webhook_interval: Duration::from_secs(1),
            faults: Faults::default(),
        }
    }
}

/// What the sandbox needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// Where it announces what nobody was answered.
    pub webhooks: Webhooks,
}

/// The sandbox, ready to be started. Its API, under `/v1`, is the service's internal router.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    Ok(service(&open(&config, deps).await?, &config))
}

/// The use cases on a database of the current schema, without routes and workers.
///
/// # Errors
/// When the database cannot be brought to the current schema.
pub async fn open(config: &Config, deps: Deps) -> Result<Arc<App>, BuildError> {
    deps.db.migrate_all(&[store::MIGRATIONS]).await?;
    Ok(Arc::new(App {
        db: deps.db,
        clock: deps.clock,
        faults: config.faults.clone(),
        silence: config.silence,
        bank: config.bank,
        webhooks: deps.webhooks,
        announced: Arc::new(Notify::new()),
    }))
}

/// The routes and workers of these use cases.
#[must_use]
pub fn service(app: &Arc<App>, config: &Config) -> Service {
    let (sender, interval) = (Arc::clone(app), config.webhook_interval);
    let webhooks = Worker::new("sandbox.webhooks", move |shutdown| {
        deliver(Arc::clone(&sender), interval, shutdown)
    });
    Service {
        name: "sandbox",
        public: OpenApiRouter::new(),
        internal: http::router(Arc::clone(app)),
        workers: vec![webhooks],
        subscriptions: Vec::new(),
        readiness: Readiness::databases(std::slice::from_ref(&app.db)),
        databases: vec![app.db.clone()],
    }
}

async fn deliver(app: Arc<App>, interval: Duration, shutdown: Shutdown) -> Result<(), Error> {
    loop {
        let more = app::deliver_webhooks(&app).await?;
        let pause = if more { Duration::ZERO } else { interval };
        let goes_on = tokio::select! {
            biased;
            () = app.announced.notified() => !shutdown.has_begun(),
            goes_on = shutdown.pause(pause) => goes_on,
        };
        if !goes_on {
            return Ok(());
        }
    }
}
