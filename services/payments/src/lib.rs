//! Payments: moves the customers' money through providers and keeps the books about it. It must never
//! charge twice, never refund more than it took, and never guess what a provider did not tell. The
//! rules live in [`domain`], the use cases in `app`, providers in [`provider`]; the floor plan is the
//! same as every service's: `http → app → domain → store`.

pub mod app;
pub mod domain;
mod error;
mod events;
mod http;
pub mod provider;
pub mod store;

pub use error::Error;

use std::{sync::Arc, time::Duration};

use axum::Extension;
use techtrove_core::{Currency, SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_http::Client;
use techtrove_identity_api::{Authenticator, GuestKey};
use techtrove_runtime::{BuildError, Readiness, Service, Shutdown, Worker};

use crate::{
    app::{App, Rules},
    provider::{Provider, Providers, WebhookSecret, sandbox::Sandbox, stripe},
};

/// Payments' settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The currency in which a payment is shown that was given up before it was asked for.
    pub currency: Currency,
    /// How long a provider may take to answer.
    pub provider_deadline: Duration,
    /// How long an authorisation that the provider has not heard of may still be on its way to it.
    pub give_up_after: Duration,
    /// When the recovery first asks about an operation that stays open.
    pub first_retry: Duration,
    /// The longest pause between two of its questions about one operation.
    pub longest_retry: Duration,
    /// How often the recovery looks.
    pub recovery_interval: Duration,
    /// How long an operation may be open before somebody is alerted.
    pub alert_after: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            currency: Currency::USD,
            provider_deadline: Duration::from_secs(2),
            give_up_after: Duration::from_secs(4),
            first_retry: Duration::from_secs(3),
            longest_retry: Duration::from_secs(60),
            recovery_interval: Duration::from_secs(1),
            alert_after: Duration::from_secs(15 * 60),
        }
    }
}

/// What payments needs from its surroundings.
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
    /// Tells the tokens of guests.
    pub guest_key: GuestKey,
    /// Calls the sandbox provider.
    pub sandbox: Client,
    /// What the sandbox provider signs its webhooks with; several while one takes another's place.
    pub sandbox_webhooks: Vec<WebhookSecret>,
    /// Stripe, where the shop has an account there.
    pub stripe: Option<StripeDeps>,
}

/// What payments needs to have money taken by Stripe.
#[derive(Debug)]
pub struct StripeDeps {
    /// Calls Stripe.
    pub client: Client,
    /// The shop's account there.
    pub account: stripe::Account,
}

/// Payments, ready to be started.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    let authenticator = Arc::clone(&deps.authenticator);
    let app = Arc::new(app(&config, deps).await?);
    let interval = config.recovery_interval;
    let recovering = Arc::clone(&app);
    let recovery = Worker::new("payments.recovery", move |shutdown| {
        recover(Arc::clone(&recovering), interval, shutdown)
    });
    let db = app.db.clone();
    Ok(Service {
        name: "payments",
        public: http::public(Arc::clone(&app)).layer(Extension(authenticator)),
        internal: http::internal(app),
        workers: vec![recovery],
        subscriptions: Vec::new(),
        readiness: Readiness::databases(std::slice::from_ref(&db)),
        databases: vec![db],
    })
}

/// The use cases over a database brought to the current schema.
///
/// # Errors
/// When the schema cannot be brought there.
pub async fn app(config: &Config, deps: Deps) -> Result<App, BuildError> {
    deps.db.migrate_all(&[store::MIGRATIONS, techtrove_bus::MIGRATIONS]).await?;
    let deadline = config.provider_deadline;
    let sandbox = Sandbox::new(deps.sandbox, deadline, deps.sandbox_webhooks);
    let stripe = deps.stripe.map(|StripeDeps { client, account }| -> Arc<dyn Provider> {
        Arc::new(stripe::Stripe::new(client, deadline, account))
    });
    let sandbox: Arc<dyn Provider> = Arc::new(sandbox);
    Ok(App {
        db: deps.db,
        clock: deps.clock,
        ids: deps.ids,
        guest_key: deps.guest_key,
        providers: Providers::new([Some(sandbox), stripe].into_iter().flatten().collect()),
        rules: Rules {
            currency: config.currency,
            give_up_after: config.give_up_after,
            first_retry: config.first_retry,
            longest_retry: config.longest_retry,
            alert_after: config.alert_after,
        },
    })
}

async fn recover(app: Arc<App>, interval: Duration, shutdown: Shutdown) -> Result<(), Error> {
    loop {
        let more = app::recover(&app).await?;
        let pause = if more { Duration::ZERO } else { interval };
        if !shutdown.pause(pause).await {
            return Ok(());
        }
    }
}
