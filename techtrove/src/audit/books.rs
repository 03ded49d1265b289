//! Where the books are, and how each is read.

use futures::FutureExt as _;
use serde::Deserialize;
use techtrove_bus::outbox;
use techtrove_core::{Problem, SharedClock, TypedId as _};
use techtrove_db::{Db, DbError};
use techtrove_http::Client;
use techtrove_inventory_api::{InventoryClient, ReservationEntry, ReturnEntry, StockEntry};
use techtrove_notifications_api::{MailEntry, NotificationsClient};
use techtrove_orders_api::{OrderEntry, OrdersClient};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentsClient};
use uuid::Uuid;

use super::pages::{Keyed, Pages};

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
    pub(super) fn orders(&self) -> Pages<'_, OrderEntry> {
        Pages::new(move |page| async move { self.orders.audit_orders(&page).await }.boxed())
    }

    /// The open reservations, by their orders.
    pub(super) fn reservations(&self) -> Keyed<'_, Uuid, ReservationEntry> {
        let read =
            move |page| async move { self.inventory.audit_reservations(&page).await }.boxed();
        Keyed::new(Pages::new(read), |entry: &ReservationEntry| entry.reservation_id.uuid())
    }

    /// What came back.
    pub(super) fn returns(&self) -> Keyed<'_, Uuid, ReturnEntry> {
        let read = move |page| async move { self.inventory.audit_returns(&page).await }.boxed();
        Keyed::new(Pages::new(read), |entry: &ReturnEntry| entry.return_id)
    }

    /// The payments.
    pub(super) fn payments(&self) -> Keyed<'_, Uuid, PaymentEntry> {
        let read = move |page| async move { self.payments.audit_payments(&page).await }.boxed();
        Keyed::new(Pages::new(read), |entry: &PaymentEntry| entry.id.uuid())
    }

    /// The provider's charges.
    pub(super) fn charges(&self) -> Keyed<'_, String, Charge> {
        let read = move |page| {
            async move { self.provider.get("/v1/charges").query(&page).call().await }.boxed()
        };
        Keyed::new(Pages::new(read), |charge: &Charge| charge.key.clone())
    }

    /// The stock, in SKU order.
    pub(super) fn stock(&self) -> Pages<'_, StockEntry> {
        Pages::new(move |page| async move { self.inventory.audit_stock(&page).await }.boxed())
    }

    /// The mails.
    pub(super) fn mails(&self) -> Pages<'_, MailEntry> {
        Pages::new(move |page| async move { self.notifications.audit_mails(&page).await }.boxed())
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
