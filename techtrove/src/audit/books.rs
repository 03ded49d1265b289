//! Reads the books, page by page.

use std::future::Future;

use serde::Deserialize;
use techtrove_bus::outbox;
use techtrove_core::{Page, PageRequest, Problem, SharedClock, Timestamp};
use techtrove_db::{Db, DbError};
use techtrove_http::{Client, ClientError};
use techtrove_inventory_api::{InventoryClient, ReservationEntry, ReturnEntry, StockEntry};
use techtrove_notifications_api::{MailEntry, NotificationsClient};
use techtrove_orders_api::{OrderEntry, OrdersClient};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentsClient};

/// The largest page.
const PAGE: i64 = 100;

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

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Snapshot {
    pub(super) orders: Vec<OrderEntry>,
    pub(super) stock: Vec<StockEntry>,
    pub(super) reservations: Vec<ReservationEntry>,
    pub(super) returns: Vec<ReturnEntry>,
    pub(super) payments: Vec<PaymentEntry>,
    pub(super) ledger: Vec<LedgerBalance>,
    pub(super) charges: Vec<Charge>,
    pub(super) mails: Vec<MailEntry>,
    pub(super) outboxes: Vec<(&'static str, outbox::Unpublished)>,
    pub(super) read_at: Timestamp,
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

impl Snapshot {
    /// Whether an event has yet to be delivered, or an order to take a step.
    pub(super) fn has_work(&self) -> bool {
        self.outboxes.iter().any(|(_, unpublished)| unpublished.count > 0)
            || self.orders.iter().any(|order| !order.settled)
    }
}

impl Books {
    /// Reads all books. The followers are read before what they follow, so that a running shop shows
    /// as few passing differences as can be.
    pub(super) async fn read(&self) -> Result<Snapshot, Problem> {
        let mails =
            pages(|page| async move { self.notifications.audit_mails(&page).await }).await?;
        let charges =
            pages(|page| async move { self.provider.get("/v1/charges").query(&page).call().await })
                .await?;
        let payments =
            pages(|page| async move { self.payments.audit_payments(&page).await }).await?;
        let orders = pages(|page| async move { self.orders.audit_orders(&page).await }).await?;
        let reservations =
            pages(|page| async move { self.inventory.audit_reservations(&page).await }).await?;
        let returns =
            pages(|page| async move { self.inventory.audit_returns(&page).await }).await?;
        let stock = pages(|page| async move { self.inventory.audit_stock(&page).await }).await?;
        Ok(Snapshot {
            orders,
            stock,
            reservations,
            returns,
            payments,
            ledger: self.payments.audit_ledger().await?,
            charges,
            mails,
            outboxes: self.unpublished().await?,
            read_at: self.clock.now(),
        })
    }

    async fn unpublished(&self) -> Result<Vec<(&'static str, outbox::Unpublished)>, Problem> {
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

/// All pages of a list.
async fn pages<T, F, Fut>(read: F) -> Result<Vec<T>, ClientError>
where
    F: Fn(PageRequest) -> Fut,
    Fut: Future<Output = Result<Page<T>, ClientError>>,
{
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let page = read(PageRequest { limit: Some(PAGE), cursor }).await?;
        all.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = Some(next),
            None => return Ok(all),
        }
    }
}
