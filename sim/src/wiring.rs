//! Which service a host runs, and with whom it talks: what the program's wiring does for one process,
//! done for one process each. Settings differ from the program's where only time would be lost by waiting.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use axum::Router;
use techtrove_bus::{Bus, RelayOptions, Subscription};
use techtrove_catalog_api::CatalogClient;
use techtrove_core::{SeededIds, SharedClock, SharedIds};
use techtrove_db::{Db, DbOptions};
use techtrove_http::{Client, RequestContext, guard, request_context};
use techtrove_identity::domain::MailKey;
use techtrove_identity_api::{Authenticator, GuestKey, IdentityClient, SigningKey};
use techtrove_inventory_api::InventoryClient;
use techtrove_orders::Deadlines;
use techtrove_orders_api::OrdersClient;
use techtrove_payments::provider::WebhookSecret;
use techtrove_payments_api::PaymentsClient;
use techtrove_runtime::{Service, Shutdown, Worker};
use techtrove_sandbox::webhooks::{Endpoint, Webhooks};

use crate::{
    bus,
    hosts::{Door, Face, Faces, Host, HostDevice, Life},
    network::{self, Sender},
    plan::Plan,
    world::World,
};

/// The hosts, each named as its service.
pub const HOSTS: [&str; 8] = [
    "identity",
    "inventory",
    "catalog",
    "community",
    "sandbox",
    "payments",
    "orders",
    "notifications",
];

/// Those that publish events.
const PUBLISHERS: [&str; 6] =
    ["identity", "inventory", "catalog", "community", "payments", "orders"];

/// Those that may run as two processes on one database, which go down together: transactions of both come one
/// after the other, as they do where the database is a server's.
const REPLICATED: [&str; 3] = ["inventory", "payments", "orders"];

/// For how long one of two relays on a database has its share of the events.
const SHARE: Duration = Duration::from_secs(5);

/// How long a payment may be unknown, or wait for its buyer, before it is given up.
pub const PATIENCE: Duration = Duration::from_secs(25);

/// When a refund that was made is looked at again: the last look is half a minute later.
const FIRST_LOOK: Duration = Duration::from_secs(1);

const GUEST_KEY: [u8; 32] = [7; 32];
const MAIL_KEY: [u8; 32] = [6; 32];
const SIGNING_SEED: [u8; 32] = [8; 32];
const WEBHOOK_SECRET: [u8; 32] = [9; 32];

/// What signs access tokens.
///
/// # Errors
/// None that is known of.
pub fn signing_key() -> anyhow::Result<SigningKey> {
    SigningKey::from_seed(&SIGNING_SEED).map_err(|error| anyhow::anyhow!("{error}"))
}

/// A life under construction.
struct Site<'a> {
    world: &'a Arc<World>,
    life: &'a Arc<Life>,
    db: Db,
    clock: SharedClock,
    ids: SharedIds,
    plan: Plan,
}

/// Builds the service of `host` for this life, and lets its workers run.
///
/// # Errors
/// When the service refuses.
pub async fn build(
    world: &Arc<World>,
    host: &Arc<Host>,
    life: &Arc<Life>,
) -> anyhow::Result<Faces> {
    let clock: SharedClock = Arc::clone(&host.clock) as SharedClock;
    let options = DbOptions { clock: Arc::clone(&clock), ..DbOptions::default() };
    let device =
        HostDevice { world: Arc::clone(world), host: Arc::clone(host), life: Arc::clone(life) };
    let (db, writer) = host.disk.mount(host.name, options, Arc::new(device))?;
    life.spawn(writer.run());
    let plan = Plan::of(world.seed);
    let processes = if plan.replicated && REPLICATED.contains(&host.name) { 2 } else { 1 };
    let mut faces = Vec::new();
    for _ in 0..processes {
        let (bits, _) = uuid::Uuid::from_u128(world.bits()).as_u64_pair();
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&clock), bits));
        let (db, clock) = (db.clone(), Arc::clone(&clock));
        let site = Site { world, life, db, clock, ids, plan };
        let service =
            site.service().await.with_context(|| format!("cannot build {}", host.name))?;
        faces.push(site.move_in(service));
    }
    Ok(Faces::new(faces))
}

impl Site<'_> {
    fn sender(&self) -> Sender {
        Sender::Life(Arc::clone(self.life))
    }

    /// A client of the internal door of another host.
    fn to(&self, host: &'static str) -> Client {
        network::client(self.world, &self.sender(), host, Door::Internal)
    }

    fn authenticator(&self) -> Arc<Authenticator> {
        let keys = network::client(self.world, &self.sender(), "identity", Door::Public);
        let sessions = IdentityClient::new(self.to("identity"));
        Arc::new(Authenticator::new(keys, sessions, Arc::clone(&self.clock)))
    }

    async fn service(&self) -> anyhow::Result<Service> {
        match self.life.host {
            "identity" => self.identity().await,
            "inventory" => self.inventory().await,
            "catalog" => self.catalog().await,
            "community" => self.community().await,
            "sandbox" => self.sandbox().await,
            "payments" => self.payments().await,
            "orders" => self.orders().await,
            _ => self.notifications().await,
        }
    }

    async fn identity(&self) -> anyhow::Result<Service> {
        let deps = techtrove_identity::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            signing_key: Arc::new(signing_key()?),
            mail_key: MailKey::new(MAIL_KEY),
        };
        Ok(techtrove_identity::build(techtrove_identity::Config::default(), deps).await?)
    }

    async fn inventory(&self) -> anyhow::Result<Service> {
        let deps = techtrove_inventory::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: self.authenticator(),
        };
        Ok(techtrove_inventory::build(techtrove_inventory::Config::default(), deps).await?)
    }

    async fn catalog(&self) -> anyhow::Result<Service> {
        let deps = techtrove_catalog::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: self.authenticator(),
            inventory: InventoryClient::new(self.to("inventory")),
        };
        Ok(techtrove_catalog::build(techtrove_catalog::Config::default(), deps).await?)
    }

    async fn community(&self) -> anyhow::Result<Service> {
        let deps = techtrove_community::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: self.authenticator(),
            catalog: CatalogClient::new(self.to("catalog")),
        };
        Ok(techtrove_community::build(deps).await?)
    }

    async fn sandbox(&self) -> anyhow::Result<Service> {
        let webhooks = Webhooks { endpoint: Endpoint::default(), secret: WEBHOOK_SECRET };
        let shop = network::client(self.world, &self.sender(), "payments", Door::Public);
        if !self.plan.deaf {
            webhooks.endpoint.connect(shop);
        }
        let deps = techtrove_sandbox::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            webhooks,
        };
        let config = techtrove_sandbox::Config {
            faults: self.world.with_weather(|weather| weather.provider.clone()),
            ..techtrove_sandbox::Config::default()
        };
        Ok(techtrove_sandbox::build(config, deps).await?)
    }

    async fn payments(&self) -> anyhow::Result<Service> {
        let deps = techtrove_payments::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: self.authenticator(),
            guest_key: GuestKey::new(GUEST_KEY),
            sandbox: self.to("sandbox"),
            sandbox_webhooks: vec![WebhookSecret::new(WEBHOOK_SECRET)],
            stripe: None,
        };
        let config = techtrove_payments::Config {
            longest_retry: Duration::from_secs(6),
            first_look: FIRST_LOOK,
            look_interval: Duration::from_secs(1),
            ..techtrove_payments::Config::default()
        };
        Ok(techtrove_payments::build(config, deps).await?)
    }

    async fn orders(&self) -> anyhow::Result<Service> {
        let deps = techtrove_orders::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: self.authenticator(),
            guest_key: GuestKey::new(GUEST_KEY),
            identity: IdentityClient::new(self.to("identity")),
            catalog: CatalogClient::new(self.to("catalog")),
            inventory: InventoryClient::new(self.to("inventory")),
            payments: PaymentsClient::new(self.to("payments")),
        };
        let mut config = techtrove_orders::Config {
            capture: self.plan.capture,
            alone: !self.plan.replicated,
            deadlines: Deadlines { patience: PATIENCE, action: PATIENCE, ..Deadlines::default() },
            ..techtrove_orders::Config::default()
        };
        config.pricing.prices_include_tax = self.plan.taxed_within;
        config.pricing.tax = config.pricing.tax.overlaid("US-CA=725".parse()?);
        Ok(techtrove_orders::build(config, deps).await?)
    }

    async fn notifications(&self) -> anyhow::Result<Service> {
        let deps = techtrove_notifications::Deps {
            db: self.db.clone(),
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            orders: OrdersClient::new(self.to("orders")),
            identity: IdentityClient::new(self.to("identity")),
            authenticator: self.authenticator(),
            guest_key: GuestKey::new(GUEST_KEY),
        };
        let config = techtrove_notifications::Config::default();
        Ok(techtrove_notifications::build(config, deps).await?.0)
    }

    /// Lets the workers run, and shows the doors.
    fn move_in(self, service: Service) -> Face {
        let shutdown = Shutdown::new();
        for worker in service.workers {
            self.life.spawn(worker.supervise(shutdown.clone()));
        }
        if PUBLISHERS.contains(&self.life.host) {
            self.life.spawn(self.relay().supervise(shutdown));
        }
        let context = RequestContext { service: self.life.host, ids: Arc::clone(&self.ids) };
        let door = |router: Router| request_context(guard(router), context.clone()).with_state(());
        Face {
            public: door(Router::from(service.public)),
            internal: door(service.internal),
            subscriptions: service.subscriptions,
        }
    }

    /// Relays its events to the consumers on their hosts.
    fn relay(&self) -> Worker {
        let source = format!("/techtrove/{}", self.life.host);
        let (clock, ids) = (Arc::clone(&self.clock), Arc::clone(&self.ids));
        let mut options = RelayOptions::new(&source, &self.db, clock, ids);
        if self.plan.replicated {
            options.lease = Some(SHARE);
        }
        let (db, world, sender) = (self.db.clone(), Arc::clone(self.world), self.sender());
        Worker::new("relay", move |shutdown: Shutdown| {
            let (world, sender) = (Arc::clone(&world), sender.clone());
            let (db, options) = (db.clone(), options.clone());
            async move {
                let bus = everybody(&world, &sender).await;
                techtrove_bus::relay(db, bus, options, shutdown.token()).await;
            }
        })
    }
}

/// A bus that reaches the consumers of all hosts over the network, once every host has lived and so
/// shown which it has.
async fn everybody(world: &Arc<World>, sender: &Sender) -> Bus {
    while world.hosts().iter().any(|host| host.consumers().is_none()) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let mut bus = Bus::in_process();
    for host in world.hosts() {
        for consumer in host.consumers().unwrap_or_default() {
            let subscription = Subscription {
                consumer: consumer.name,
                aggregate_kinds: consumer.aggregate_kinds,
                db: host.look.clone(),
                handler: bus::remote(world, sender, host.name, consumer.name),
            };
            bus.subscribe(subscription).expect("consumers have names of their own");
        }
    }
    bus
}
