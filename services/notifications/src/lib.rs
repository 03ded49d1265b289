//! Notifications: what the shop writes to its customers. It must never write twice about the same
//! event, never delay an order, never show a mail to anybody but its recipient (and, while no mail
//! server is configured, to the machine the shop runs on), and never keep the secret of a link. The rules live in [`domain`]; the floor plan
//! is the same as every service's.

pub mod app;
pub mod domain;
mod error;
mod events;
mod http;
pub mod store;

pub use app::{InvalidMailFrom, InvalidSmtp, MailFrom, Patience, SmtpUrl};
pub use domain::PublicUrl;
pub use error::Error;

use std::{sync::Arc, time::Duration};

use axum::{Extension, Router};
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_identity_api::{Authenticator, GuestKey, IdentityClient};
use techtrove_orders_api::OrdersClient;
use techtrove_runtime::{BuildError, Readiness, Service, Shutdown, Worker, prune_idempotency_keys};

use crate::{app::App, domain::Language};

/// Notifications' settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shop's name, as mails show it.
    pub shop_name: String,
    /// Whom mails come from.
    pub from: MailFrom,
    /// Where the shop is found, for links.
    pub public_url: PublicUrl,
    /// The language of mails to those whose language is not known.
    pub language: Language,
    /// The mail server; without one, mails are kept in the mailbox.
    pub smtp: Option<SmtpUrl>,
    /// How long the mail server may take.
    pub smtp_patience: Patience,
    /// How many mails stay readable.
    pub readable_mails: u32,
    /// How often due mails are looked for.
    pub send_interval: Duration,
    /// How often the contents of old mails are forgotten.
    pub forget_interval: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            shop_name: "TechTrove".into(),
            from: "TechTrove <shop@techtrove.example>".parse().expect("a name and an address"),
            public_url: PublicUrl::of("127.0.0.1:8080"),
            language: Language::default(),
            smtp: None,
            smtp_patience: Patience::default(),
            readable_mails: 10_000,
            send_interval: Duration::from_secs(1),
            forget_interval: Duration::from_secs(30),
        }
    }
}

/// What notifications needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids.
    pub ids: SharedIds,
    /// Tells where an order's mail goes and what it says.
    pub orders: OrdersClient,
    /// Tells the secrets of links.
    pub identity: IdentityClient,
    /// Tells who a bearer token belongs to.
    pub authenticator: Arc<Authenticator>,
    /// The shop's key for those who have no account.
    pub guest_key: GuestKey,
}

/// Notifications, ready to be started, and the mailbox (`/dev/mail`) for the program to mount where only
/// its own machine can ask for it; with a mail server configured it has no routes.
///
/// # Errors
/// When its database cannot be brought to the current schema or the mail server's URL cannot be used.
pub async fn build(config: Config, deps: Deps) -> Result<(Service, Router), BuildError> {
    let tables =
        [store::MIGRATIONS, techtrove_bus::MIGRATIONS, techtrove_http::idempotency::MIGRATIONS];
    deps.db.migrate_all(&tables).await?;
    let app = App::new(&config, &deps).map_err(BuildError::other)?;
    let mailbox = if app.sender.is_none() { http::mailbox(app.clone()) } else { Router::new() };
    let mut workers = vec![
        forget_worker(app.clone(), &config),
        prune_idempotency_keys(app.db.clone(), Arc::clone(&app.clock)),
    ];
    if app.sender.is_some() {
        workers.push(send_worker(app.clone(), &config));
    }
    let service = Service {
        name: "notifications",
        public: http::public(app.clone()).layer(Extension(deps.authenticator)),
        internal: http::internal(app.clone()),
        workers,
        subscriptions: events::subscriptions(&app),
        readiness: Readiness::databases(std::slice::from_ref(&deps.db)),
        databases: vec![deps.db],
    };
    Ok((service, mailbox))
}

/// How many mails one round of sending takes.
const SEND_BATCH: u32 = 100;

/// Sends mails that are due, until the service stops.
fn send_worker(app: App, config: &Config) -> Worker {
    let interval = config.send_interval;
    Worker::new("notifications.send_mails", move |shutdown: Shutdown| {
        let app = app.clone();
        async move {
            loop {
                let found = app::send_mails(&app, SEND_BATCH).await?;
                let full = u32::try_from(found).is_ok_and(|found| found >= SEND_BATCH);
                let pause = if full { Duration::ZERO } else { interval };
                if !shutdown.pause(pause).await {
                    return Ok::<(), Error>(());
                }
            }
        }
    })
}

/// Forgets what old mails say, until the service stops.
fn forget_worker(app: App, config: &Config) -> Worker {
    let (interval, keep) = (config.forget_interval, config.readable_mails);
    Worker::new("notifications.forget_contents", move |shutdown: Shutdown| {
        let app = app.clone();
        async move {
            while shutdown.pause(interval).await {
                app::forget_contents(&app, keep).await?;
            }
            Ok::<(), Error>(())
        }
    })
}
