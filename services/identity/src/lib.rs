//! Identity: accounts, sign-in, and the keys that access tokens are checked with. It must never show
//! whether an account exists, and never keep a password, a refresh token or a mailed secret in the clear. The floor
//! plan is the same as every service's: `http → app → domain → store`.

mod app;
pub mod domain;
mod error;
mod events;
mod http;
pub mod store;

use std::sync::Arc;

use axum::{Extension, Router};
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Db;
use techtrove_http::Client;
use techtrove_identity_api::{Authenticator, IdentityClient, SigningKey};
use techtrove_runtime::{BuildError, Readiness, Service, prune_idempotency_keys};

use crate::{
    app::{App, Hasher, Slowing},
    domain::MailKey,
};

/// Identity's settings.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long an access token lasts, in seconds.
    pub access_token_seconds: i64,
    /// Whether those who try again and again are slowed.
    pub slow_repetition: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { access_token_seconds: 600, slow_repetition: true }
    }
}

/// What identity needs from its surroundings.
#[derive(Debug)]
pub struct Deps {
    /// Its own database.
    pub db: Db,
    /// The time.
    pub clock: SharedClock,
    /// New ids and secrets.
    pub ids: SharedIds,
    /// Signs access tokens; the same in every replica.
    pub signing_key: Arc<SigningKey>,
    /// Makes the secrets that are mailed; the same in every replica.
    pub mail_key: MailKey,
}

/// Identity, ready to be started.
///
/// # Errors
/// When its database cannot be brought to the current schema.
pub async fn build(config: Config, deps: Deps) -> Result<Service, BuildError> {
    let tables =
        [store::MIGRATIONS, techtrove_bus::MIGRATIONS, techtrove_http::idempotency::MIGRATIONS];
    deps.db.migrate_all(&tables).await?;
    let hasher = Hasher::new(deps.ids.secret());
    let clock = Arc::clone(&deps.clock);
    let app = App {
        db: deps.db.clone(),
        clock: deps.clock,
        ids: deps.ids,
        signing_key: deps.signing_key,
        mail_key: deps.mail_key,
        hasher: Arc::new(hasher),
        slowing: Arc::new(Slowing::new(config.slow_repetition)),
        forgotten: Arc::default(),
        config,
    };
    let workers = vec![
        app::mail_resets(app.clone()),
        app::prune_secrets(app.clone()),
        prune_idempotency_keys(app.db.clone(), Arc::clone(&app.clock)),
    ];
    let (public, internal) = (http::public(app.clone()), http::internal(app));
    // It asks itself what everybody else asks it.
    let keys = Client::local("identity", Router::from(public.clone()));
    let sessions = IdentityClient::new(Client::local("identity", internal.clone()));
    let authenticator = Arc::new(Authenticator::new(keys, sessions, clock));
    Ok(Service {
        name: "identity",
        public: public.layer(Extension(authenticator)),
        internal,
        workers,
        subscriptions: Vec::new(),
        readiness: Readiness::databases(std::slice::from_ref(&deps.db)),
        databases: vec![deps.db],
    })
}
