//! Where the books are, and how each is read.

use serde::Deserialize;
use techtrove_bus::outbox;
use techtrove_core::{PageRequest, Problem, SharedClock, TypedId as _};
use techtrove_db::{Db, DbError};
use techtrove_http::Client;
use techtrove_inventory_api::{InventoryClient, ReservationEntry, ReturnEntry, StockEntry};
use techtrove_notifications_api::{MailEntry, NotificationsClient};
use techtrove_orders_api::{OrderEntry, OrdersClient};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentsClient};
use uuid::Uuid;

use super::pages::{Keyed, Pages};

/// The pages that this client is asked for, each in a task of its own.
macro_rules! read {
    ($client:ident, |$page:ident| $ask:expr) => {
        Pages::new(move |$page: PageRequest| {
            let $client = $client.clone();
            async move { $ask.await }
        })
    };
}

/// Where the books are.
#[derive(Clone, Debug)]
pub struct Books {
    /// Orders' book.
    pub orders: OrdersClient,
    /// Stock and reservations.
    pub inventory: InventoryClient,
    /// Payments and the ledger.
    pub payments: PaymentsClient,
    /// The mails.
    pub notifications: NotificationsClient,
    /// The payment provider's own book.
    pub provider: Client,
    /// The databases that keep an outbox, by their service's name.
    pub outboxes: Vec<(&'static str, Db)>,
    /// The time.
    pub clock: SharedClock,
}

/// One charge in the provider's book.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Charge {
    /// The payment's id, by which we asked.
    pub(super) key: String,
    pub(super) status: String,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) ledger: ChargeLedger,
}

/// What the provider's ledger sums to for a charge.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChargeLedger {
    pub(super) captured: i64,
    pub(super) refunded: i64,
}

impl Books {
    /// Orders' book, in the order of their ids.
    pub(super) fn orders(&self) -> Pages<OrderEntry> {
        let orders = self.orders.clone();
        read!(orders, |page| orders.audit_orders(&page))
    }

    /// The open reservations, by their orders.
    pub(super) fn reservations(&self) -> Keyed<Uuid, ReservationEntry> {
        let inventory = self.inventory.clone();
        let pages = read!(inventory, |page| inventory.audit_reservations(&page));
        Keyed::new(pages, |entry: &ReservationEntry| entry.reservation_id.uuid())
    }

    /// What came back, by the orders.
    pub(super) fn returns(&self) -> Keyed<Uuid, ReturnEntry> {
        let inventory = self.inventory.clone();
        let pages = read!(inventory, |page| inventory.audit_returns(&page));
        Keyed::new(pages, |entry: &ReturnEntry| entry.reservation_id.uuid())
    }

    /// The payments.
    pub(super) fn payments(&self) -> Keyed<Uuid, PaymentEntry> {
        let payments = self.payments.clone();
        let pages = read!(payments, |page| payments.audit_payments(&page));
        Keyed::new(pages, |entry: &PaymentEntry| entry.id.uuid())
    }

    /// The provider's charges.
    pub(super) fn charges(&self) -> Keyed<String, Charge> {
        let provider = self.provider.clone();
        let pages = read!(provider, |page| provider.get("/v1/charges").query(&page).call());
        Keyed::new(pages, |charge: &Charge| charge.key.clone())
    }

    /// The stock, in SKU order.
    pub(super) fn stock(&self) -> Pages<StockEntry> {
        let inventory = self.inventory.clone();
        read!(inventory, |page| inventory.audit_stock(&page))
    }

    /// The mails.
    pub(super) fn mails(&self) -> Pages<MailEntry> {
        let notifications = self.notifications.clone();
        read!(notifications, |page| notifications.audit_mails(&page))
    }

    /// The ledger's balances.
    pub(super) async fn ledger(&self) -> Result<Vec<LedgerBalance>, Problem> {
        Ok(self.payments.audit_ledger().await?)
    }

    /// What each outbox has yet to send.
    pub(super) async fn unpublished(
        &self,
    ) -> Result<Vec<(&'static str, outbox::Unpublished)>, Problem> {
        let mut found = Vec::new();
        for (service, db) in &self.outboxes {
            let unpublished = db
                .read("audit.outbox", |tx| outbox::unpublished(tx).map_err(OutboxError::from))
                .await;
            found.push((*service, unpublished.map_err(|error| Problem::from(error.0))?));
        }
        Ok(found)
    }
}

/// The outbox cannot be read.
struct OutboxError(DbError);

impl From<DbError> for OutboxError {
    fn from(error: DbError) -> Self {
        Self(error)
    }
}
