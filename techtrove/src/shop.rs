//! The whole shop in one process: every service on its own database, wired to the others by typed
//! clients, behind one gateway. The only place that knows which services there are.

use std::sync::Arc;

use axum::Router;
use techtrove_bus::{Bus, PruneOptions, RelayOptions, Subscription};
use techtrove_core::{IdGen, SharedClock, SharedIds, SystemClock, SystemIds};
use techtrove_db::{Db, DbError, DbOptions, OpenError};
use techtrove_http::Client;
use techtrove_identity_api::SigningError;
use techtrove_runtime::{BuildError, Lifecycle, Service, Shutdown, Worker, traced};

use crate::{
    folder::{DataFolder, Secrets},
    origin::{Faces, Origins},
    settings::Settings,
    wire::{Wired, wire},
};

/// The services, in the order in which they are built: each only calls those before it.
pub const SERVICES: [&str; 8] = [
    "identity",
    "inventory",
    "catalog",
    "community",
    "sandbox",
    "payments",
    "orders",
    "notifications",
];

/// The services that publish events.
pub(crate) const PUBLISHERS: [&str; 6] =
    ["identity", "inventory", "catalog", "community", "payments", "orders"];

/// What a shop is built from.
#[derive(Debug)]
pub struct Wiring {
    /// The time.
    pub clock: SharedClock,
    /// New ids and secrets.
    pub ids: SharedIds,
    /// What the shop keeps to itself.
    pub secrets: Secrets,
    /// The settings.
    pub settings: Settings,
    /// The database of each service, by its name, as a URL.
    pub databases: Databases,
    /// Whether only this machine can reach the shop, so that the mailbox and the operations may answer
    /// beside it.
    pub on_loopback: bool,
}

/// Where each service's database is.
#[derive(Clone, Debug)]
pub struct Databases {
    urls: Vec<(&'static str, String)>,
    made_before: Vec<String>,
    options: DbOptions,
}

impl Databases {
    /// One for each service, at the URL that `url` gives for its name.
    #[must_use]
    pub fn new(url: impl Fn(&str) -> String, options: DbOptions) -> Self {
        let urls = SERVICES.iter().map(|&name| (name, url(name))).collect();
        Self { urls, made_before: Vec::new(), options }
    }

    /// Those of these services are there, and refused where nothing is in them.
    #[must_use]
    pub fn made_before(self, services: &[String]) -> Self {
        Self { made_before: services.to_vec(), ..self }
    }

    pub(crate) async fn open(&self, service: &str) -> Result<Db, StartError> {
        let found = self.urls.iter().find(|(name, _)| *name == service);
        let (_, url) = found.expect("every service of SERVICES has a URL");
        let made_before = self.made_before.iter().any(|name| name == service);
        Ok(Db::open(url, DbOptions { made_before, ..self.options.clone() }).await?)
    }
}

/// Why a shop cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A service cannot be built.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// The operating system gives no entropy.
    #[error("cannot start: the operating system gives no random numbers: {0}")]
    Entropy(String),
    /// The signing key cannot be used.
    #[error("cannot start: {0}")]
    SigningKey(SigningError),
    /// Stripe cannot be reached safely.
    #[error("cannot start: TLS cannot be set up: {0}")]
    Tls(String),
    /// A database cannot be asked whose it is.
    #[error("cannot start: the database {db}: {cause}")]
    Database {
        /// Which database.
        db: String,
        /// Why.
        cause: DbError,
    },
    /// A database came here from another shop.
    #[error(
        "the database {db} is of another shop than {others} beside it: nothing was started; restore the data folder from one backup"
    )]
    AnotherShops {
        /// Which database.
        db: String,
        /// One of those that most belong to.
        others: String,
    },
    /// Two consumers of events bear one name.
    #[error("cannot start: {0}")]
    Subscription(String),
}

impl StartError {
    /// The operating system gives no entropy.
    pub fn entropy(error: impl std::fmt::Display) -> Self {
        Self::Entropy(error.to_string())
    }

    /// The signing key cannot be used.
    #[must_use]
    pub fn signing_key(error: SigningError) -> Self {
        Self::SigningKey(error)
    }
}

impl Wiring {
    /// A shop on the files of a data folder.
    #[must_use]
    pub fn embedded(
        folder: &DataFolder,
        secrets: Secrets,
        settings: Settings,
        clock: SharedClock,
        ids: SharedIds,
    ) -> Self {
        let databases = Databases::new(|name| folder.database_url(name), DbOptions::default())
            .made_before(folder.made_before());
        Self { clock, ids, secrets, settings, databases, on_loopback: true }
    }
}

/// A shop that is built and not yet started.
pub struct Shop {
    /// What the world may call.
    pub public: Router,
    /// What the operator's address answers: metrics, readiness, the audit.
    pub operations: Router,
    /// What the owner of the data folder may call.
    pub operator: Router,
    services: Vec<Service>,
    bus: Bus,
    clock: SharedClock,
    ids: SharedIds,
}

impl Shop {
    /// Opens the databases, brings them to the current schema and wires the services.
    ///
    /// # Errors
    /// When a database or a service refuses.
    pub async fn build(wiring: Wiring) -> Result<Self, StartError> {
        let (clock, ids) = (Arc::clone(&wiring.clock), Arc::clone(&wiring.ids));
        let (gateway, on_loopback) = (wiring.settings.gateway(), wiring.on_loopback);
        let Wired { services, mailbox, books, webhooks } = wire(wiring).await?;
        of_one_shop(services.iter().flat_map(|service| &service.databases), &*ids).await?;
        let mut bus = Bus::in_process();
        for subscription in services.iter().flat_map(|service| &service.subscriptions) {
            bus.subscribe(traced(subscription.clone()))
                .map_err(|error| StartError::Subscription(error.to_string()))?;
        }
        let faces = Faces {
            services: &services,
            mailbox,
            books,
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        };
        let Origins { public, operations, operator } = faces.origins(&gateway, on_loopback);
        webhooks.connect(Client::local("shop", public.clone()));
        Ok(Self { public, operations, operator, services, bus, clock, ids })
    }

    /// Who takes events, and which.
    pub fn subscriptions(&self) -> impl Iterator<Item = &Subscription> {
        self.services.iter().flat_map(|service| &service.subscriptions)
    }

    /// All databases.
    pub fn databases(&self) -> Vec<Db> {
        self.services.iter().flat_map(|service| service.databases.clone()).collect()
    }

    /// Hands the workers and databases to whoever runs them.
    pub fn join(self, lifecycle: &mut Lifecycle) {
        for service in self.services {
            if PUBLISHERS.contains(&service.name) {
                for db in &service.databases {
                    let relay = relay_worker(service.name, db, &self.bus, (&self.clock, &self.ids));
                    lifecycle.work([relay, prune_worker(db, &self.clock)]);
                }
            }
            lifecycle.work(service.workers);
            lifecycle.close(service.databases);
        }
    }
}

/// Refuses databases that are not all of one shop, by a number that each of them bears; those that are new get
/// it here. The odd one out is the one that is named.
async fn of_one_shop(
    databases: impl Iterator<Item = &Db>,
    ids: &dyn IdGen,
) -> Result<(), StartError> {
    let failed = |db: &Db| {
        let db = db.name().to_owned();
        |cause| StartError::Database { db, cause }
    };
    let mut owners = Vec::new();
    for db in databases {
        owners.push((db, db.owner().await.map_err(failed(db))?));
    }
    let known = || owners.iter().filter_map(|&(db, owner)| Some((db, owner?)));
    let count = |owner: i64| known().filter(|&(_, other)| other == owner).count();
    let most = known().max_by_key(|&(_, owner)| count(owner));
    let owner = match most {
        Some((others, owner)) => {
            if let Some((db, _)) = known().find(|&(_, other)| other != owner) {
                let (db, others) = (db.name().to_owned(), others.name().to_owned());
                return Err(StartError::AnotherShops { db, others });
            }
            owner
        }
        None => i64::from_be_bytes(ids.secret().first_chunk().copied().unwrap_or_default()),
    };
    let unknown = owners.iter().filter(|(_, known)| known.is_none());
    let given =
        unknown.map(|(db, _)| async move { db.give_owner(owner).await.map_err(failed(db)) });
    futures::future::try_join_all(given).await.map(drop)
}

/// Relays a service's events from its outbox to the bus.
fn relay_worker(
    service: &'static str,
    db: &Db,
    bus: &Bus,
    (clock, ids): (&SharedClock, &SharedIds),
) -> Worker {
    let source = format!("/techtrove/{service}");
    let options = RelayOptions::new(&source, db, Arc::clone(clock), Arc::clone(ids));
    let (db, bus) = (db.clone(), bus.clone());
    Worker::new("relay", move |shutdown: Shutdown| {
        techtrove_bus::relay(db.clone(), bus.clone(), options.clone(), shutdown.token())
    })
}

/// Removes events that everybody has taken long ago.
fn prune_worker(db: &Db, clock: &SharedClock) -> Worker {
    let (db, options) = (db.clone(), PruneOptions::new(Arc::clone(clock)));
    Worker::new("prune", move |shutdown: Shutdown| {
        techtrove_bus::prune(db.clone(), options.clone(), shutdown.token())
    })
}

/// The document as the routes describe it, from services built on databases in memory: what the gateway
/// carries. The program has no descriptions in it; tests have.
///
/// # Errors
/// When a service refuses.
pub async fn described() -> Result<utoipa::openapi::OpenApi, StartError> {
    let clock: SharedClock = Arc::new(SystemClock);
    let ids: SharedIds = Arc::new(SystemIds::new(Arc::clone(&clock)).map_err(StartError::entropy)?);
    let options = DbOptions { inline: true, ..DbOptions::default() };
    let wiring = Wiring {
        secrets: Secrets::generate(&*ids),
        clock,
        ids,
        settings: Settings::default(),
        databases: Databases::new(|_| "sqlite::memory:".to_owned(), options),
        on_loopback: true,
    };
    let services = wire(wiring).await?.services;
    let services = services.into_iter().map(|service| service.public).collect();
    Ok(techtrove_gateway::describe(services))
}
