//! Who gets whose client: the services built in the order of their calls, each with clients of those
//! built before it. A cycle cannot be written here.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use techtrove_catalog_api::CatalogClient;
use techtrove_community_api::CommunityClient;
use techtrove_core::{SharedClock, SharedIds};
use techtrove_db::Engine;
use techtrove_gateway::RateLimit;
use techtrove_http::{Client, Https};
use techtrove_identity::domain::MailKey;
use techtrove_identity_api::{Admin, Authenticator, GuestKey, IdentityClient, SigningKey};
use techtrove_inventory_api::InventoryClient;
use techtrove_notifications_api::NotificationsClient;
use techtrove_orders_api::OrdersClient;
use techtrove_payments::{StripeDeps, provider::WebhookSecret};
use techtrove_payments_api::PaymentsClient;
use techtrove_runtime::Service;
use techtrove_sandbox::webhooks::{Endpoint, Webhooks};

use crate::{
    audit::Books,
    folder::Secrets,
    settings::Settings,
    shop::{Databases, PUBLISHERS, StartError, Wiring},
    stripe::Stripe,
};

/// The services, wired to each other.
pub(crate) struct Wired {
    pub(crate) services: Vec<Service>,
    pub(crate) mailbox: Router,
    pub(crate) books: Books,
    /// Where the provider's webhooks go, once there is a public router.
    pub(crate) webhooks: Endpoint,
}

/// What every service is given.
struct Common {
    clock: SharedClock,
    ids: SharedIds,
    databases: Databases,
    settings: Settings,
}

/// Builds all services.
///
/// # Errors
/// When a database or a service refuses.
pub(crate) async fn wire(wiring: Wiring) -> Result<Wired, StartError> {
    let Wiring { clock, ids, secrets, settings, databases, .. } = wiring;
    let common = Common { clock, ids, databases, settings };
    let identity = common.identity(&secrets).await?;
    let keys = Client::local("identity", Router::from(identity.public.clone()));
    let authenticator =
        Authenticator::new(keys, IdentityClient::new(to(&identity)), Arc::clone(&common.clock));
    let authenticator = Arc::new(authenticator);
    let inventory = common.inventory(&authenticator).await?;
    let catalog = common.catalog(&authenticator, InventoryClient::new(to(&inventory))).await?;
    let community = common.community(&authenticator, CatalogClient::new(to(&catalog))).await?;
    let guest_key = GuestKey::new(secrets.guest_key);
    let webhooks = Webhooks { endpoint: Endpoint::default(), secret: secrets.sandbox_webhook_key };
    let sandbox = common.sandbox(webhooks.clone()).await?;
    let payments_deps = PaymentsNeeds {
        guest_key: guest_key.clone(),
        sandbox: to(&sandbox),
        webhook_secret: WebhookSecret::new(webhooks.secret),
        stripe: common.settings.stripe.as_ref().map(stripe).transpose()?,
    };
    let payments = common.payments(&authenticator, payments_deps).await?;
    let orders_deps = OrdersNeeds {
        identity: IdentityClient::new(to(&identity)),
        catalog: CatalogClient::new(to(&catalog)),
        inventory: InventoryClient::new(to(&inventory)),
        payments: PaymentsClient::new(to(&payments)),
        guest_key: guest_key.clone(),
    };
    let orders = common.orders(&authenticator, orders_deps).await?;
    let notifications_deps = NotificationsNeeds {
        identity: IdentityClient::new(to(&identity)),
        orders: OrdersClient::new(to(&orders)),
        guest_key,
    };
    let (notifications, mailbox) = common.notifications(&authenticator, notifications_deps).await?;
    let provider = to(&sandbox);
    let services =
        [identity, inventory, catalog, community, sandbox, payments, orders, notifications];
    let shown = |service: Service| service.with_parked_events::<Admin>(Arc::clone(&authenticator));
    let services: Vec<Service> = services.map(shown).into();
    let books = books(&services, provider, &common.clock);
    Ok(Wired { services, mailbox, books, webhooks: webhooks.endpoint })
}

/// What payments needs for the shop's account at Stripe.
fn stripe(settings: &Stripe) -> Result<StripeDeps, StartError> {
    let network = Https::new(settings.origin.clone());
    let network = network.map_err(|error| StartError::Tls(error.to_string()))?;
    let client = Client::over("stripe", Arc::new(network));
    Ok(StripeDeps { client, account: settings.account.clone() })
}

/// A client of a service in this process.
fn to(service: &Service) -> Client {
    Client::local(service.name, service.internal.clone())
}

/// How long the audit waits for a page: as long as a database may take for it, and a little more.
const PAGE_DEADLINE: Duration = Duration::from_secs(15);

fn books(services: &[Service], provider: Client, clock: &SharedClock) -> Books {
    let client = |name: &str| {
        let service = services.iter().find(|service| service.name == name);
        to(service.expect("every service is built above")).with_deadline(PAGE_DEADLINE)
    };
    let databases = |of: &dyn Fn(&&Service) -> bool| {
        let named = |service: &Service| {
            let name = service.name;
            service.databases.iter().map(move |db| (name, db.clone())).collect::<Vec<_>>()
        };
        services.iter().filter(of).flat_map(named).collect()
    };
    Books {
        orders: OrdersClient::new(client("orders")),
        inventory: InventoryClient::new(client("inventory")),
        payments: PaymentsClient::new(client("payments")),
        notifications: NotificationsClient::new(client("notifications")),
        community: CommunityClient::new(client("community")),
        provider: provider.with_deadline(PAGE_DEADLINE),
        outboxes: databases(&|service| PUBLISHERS.contains(&service.name)),
        listeners: databases(&|service| !service.subscriptions.is_empty()),
        clock: Arc::clone(clock),
    }
}

/// Whom payments calls, and what it knows others by.
struct PaymentsNeeds {
    guest_key: GuestKey,
    sandbox: Client,
    webhook_secret: WebhookSecret,
    stripe: Option<StripeDeps>,
}

/// Whom orders calls, and the key of its guests' tokens.
struct OrdersNeeds {
    identity: IdentityClient,
    catalog: CatalogClient,
    inventory: InventoryClient,
    payments: PaymentsClient,
    guest_key: GuestKey,
}

/// Whom notifications calls, and the key of the tokens by which mails are refused.
struct NotificationsNeeds {
    identity: IdentityClient,
    orders: OrdersClient,
    guest_key: GuestKey,
}

impl Common {
    async fn identity(&self, secrets: &Secrets) -> Result<Service, StartError> {
        let signing_key =
            SigningKey::from_seed(&secrets.signing_key).map_err(StartError::SigningKey)?;
        let deps = techtrove_identity::Deps {
            db: self.databases.open("identity").await?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            signing_key: Arc::new(signing_key),
            mail_key: MailKey::new(secrets.mail_key),
        };
        let config = techtrove_identity::Config {
            slow_repetition: self.settings.rate_limit != RateLimit::Off,
            ..techtrove_identity::Config::default()
        };
        Ok(techtrove_identity::build(config, deps).await?)
    }

    async fn inventory(&self, authenticator: &Arc<Authenticator>) -> Result<Service, StartError> {
        let deps = techtrove_inventory::Deps {
            db: self.databases.open("inventory").await?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: Arc::clone(authenticator),
        };
        Ok(techtrove_inventory::build(techtrove_inventory::Config::default(), deps).await?)
    }

    async fn catalog(
        &self,
        authenticator: &Arc<Authenticator>,
        inventory: InventoryClient,
    ) -> Result<Service, StartError> {
        let config = techtrove_catalog::Config {
            currency: self.settings.currency,
            ..techtrove_catalog::Config::default()
        };
        let deps = techtrove_catalog::Deps {
            db: self.databases.open("catalog").await?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: Arc::clone(authenticator),
            inventory,
        };
        Ok(techtrove_catalog::build(config, deps).await?)
    }

    async fn community(
        &self,
        authenticator: &Arc<Authenticator>,
        catalog: CatalogClient,
    ) -> Result<Service, StartError> {
        let deps = techtrove_community::Deps {
            db: self.databases.open("community").await?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: Arc::clone(authenticator),
            catalog,
        };
        Ok(techtrove_community::build(deps).await?)
    }

    async fn sandbox(&self, webhooks: Webhooks) -> Result<Service, StartError> {
        let deps = techtrove_sandbox::Deps {
            db: self.databases.open("sandbox").await?,
            clock: Arc::clone(&self.clock),
            webhooks,
        };
        Ok(techtrove_sandbox::build(techtrove_sandbox::Config::default(), deps).await?)
    }

    async fn payments(
        &self,
        authenticator: &Arc<Authenticator>,
        needs: PaymentsNeeds,
    ) -> Result<Service, StartError> {
        let deps = techtrove_payments::Deps {
            db: self.databases.open("payments").await?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: Arc::clone(authenticator),
            guest_key: needs.guest_key,
            sandbox: needs.sandbox,
            sandbox_webhooks: vec![needs.webhook_secret],
            stripe: needs.stripe,
        };
        let config = techtrove_payments::Config {
            currency: self.settings.currency,
            ..techtrove_payments::Config::default()
        };
        Ok(techtrove_payments::build(config, deps).await?)
    }

    async fn orders(
        &self,
        authenticator: &Arc<Authenticator>,
        needs: OrdersNeeds,
    ) -> Result<Service, StartError> {
        let usual = techtrove_orders::Config::default();
        let db = self.databases.open("orders").await?;
        let day = Duration::from_secs(24 * 3_600);
        let window = self.settings.return_days.map(|days| day * u32::from(days));
        let config = techtrove_orders::Config {
            pricing: self.settings.pricing(),
            capture: self.settings.capture,
            return_window: window.unwrap_or(usual.return_window),
            payment_providers: vec![self.settings.payment_provider.name().to_owned()],
            deadlines: self.settings.deadlines,
            // A file is this process's alone, by the folder's lock.
            alone: db.engine() == Engine::Sqlite,
            tracking: self.tracking(usual.tracking),
            ..usual
        };
        let deps = techtrove_orders::Deps {
            db,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            authenticator: Arc::clone(authenticator),
            guest_key: needs.guest_key,
            identity: needs.identity,
            catalog: needs.catalog,
            inventory: needs.inventory,
            payments: needs.payments,
        };
        Ok(techtrove_orders::build(config, deps).await?)
    }

    /// As many streams of one order as of all, where nothing is limited.
    fn tracking(&self, usual: techtrove_orders::Tracking) -> techtrove_orders::Tracking {
        let streams_per_order = match self.settings.rate_limit {
            RateLimit::Off => usual.streams,
            RateLimit::On { .. } => usual.streams_per_order,
        };
        techtrove_orders::Tracking { streams_per_order, ..usual }
    }

    async fn notifications(
        &self,
        authenticator: &Arc<Authenticator>,
        needs: NotificationsNeeds,
    ) -> Result<(Service, Router), StartError> {
        let mut config = techtrove_notifications::Config {
            language: self.settings.language,
            ..techtrove_notifications::Config::default()
        };
        if let Some(url) = &self.settings.public_url {
            config.public_url = url.clone();
        }
        if let Some(smtp) = &self.settings.smtp {
            config.from = smtp.from.clone();
            config.smtp = Some(smtp.url.clone());
        }
        let deps = techtrove_notifications::Deps {
            db: self.databases.open("notifications").await?,
            clock: Arc::clone(&self.clock),
            ids: Arc::clone(&self.ids),
            orders: needs.orders,
            identity: needs.identity,
            authenticator: Arc::clone(authenticator),
            guest_key: needs.guest_key,
        };
        Ok(techtrove_notifications::build(config, deps).await?)
    }
}
