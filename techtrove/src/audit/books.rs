//! Where the books are, and how each is read.

use serde::Deserialize;
use techtrove_bus::{dead_letters, outbox};
use techtrove_community_api::{CommunityClient, PurchaseEntry};
use techtrove_core::{BookPage, Currency, PageRequest, Problem, SharedClock, TypedId as _};
use techtrove_db::{Db, DbError, Tx};
use techtrove_http::{Client, ClientError};
use techtrove_identity_api::UserId;
use techtrove_inventory_api::{
    InventoryClient, ParcelEntry, ReservationEntry, ReservationId, ReturnEntry, StockEntry,
};
use techtrove_notifications_api::{MailEntry, NotificationsClient};
use techtrove_orders_api::{
    OrderEntry, OrderId, OrdersClient, ParcelClaim, PurchaseClaim, ShipmentId,
};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentId, PaymentsClient};
use uuid::Uuid;

use super::pages::{Keyed, Pages};

/// The pages that this client is asked for, each in a task of its own.
macro_rules! read {
    ($book:literal, $client:ident, |$page:ident| $ask:expr) => {
        Pages::new($book, move |$page: PageRequest| {
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
    /// Who bought what.
    pub community: CommunityClient,
    /// The payment provider's own book.
    pub provider: Client,
    /// The databases that keep an outbox, by their service's name.
    pub outboxes: Vec<(&'static str, Db)>,
    /// The databases that events are parked in, by their service's name.
    pub listeners: Vec<(&'static str, Db)>,
    /// The time.
    pub clock: SharedClock,
}

/// One charge in the provider's book.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Charge {
    /// The payment's id, by which we asked.
    pub(super) key: String,
    pub(super) amount: i64,
    /// None when it was given up before it was asked for.
    pub(super) currency: Option<Currency>,
    pub(super) status: String,
    pub(super) captured: i64,
    pub(super) refunded: i64,
    pub(super) ledger: ChargeLedger,
    pub(super) refunds: Vec<ChargeRefund>,
}

/// What the provider's ledger sums to for a charge.
#[derive(Clone, Copy, Debug, Deserialize)]
pub(super) struct ChargeLedger {
    pub(super) authorized: i64,
    pub(super) captured: i64,
    pub(super) voided: i64,
    pub(super) refunded: i64,
    pub(super) other_currency: bool,
}

/// A refund in the provider's book.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct ChargeRefund {
    /// Our key for it.
    pub(super) key: String,
    pub(super) amount: i64,
    pub(super) status: String,
}

impl Books {
    /// Orders' book, in the order of their ids.
    pub(super) fn orders(&self) -> Pages<OrderEntry> {
        let orders = self.orders.clone();
        read!("the orders of orders", orders, |page| orders.audit_orders(&page)).of::<OrderId>()
    }

    /// Orders' parcels, in the order of their ids.
    pub(super) fn parcels(&self) -> Pages<ParcelClaim> {
        let orders = self.orders.clone();
        read!("the parcels of orders", orders, |page| orders.audit_parcels(&page))
            .of::<ShipmentId>()
    }

    /// Inventory's parcels.
    pub(super) fn left(&self) -> Keyed<Uuid, ParcelEntry> {
        let inventory = self.inventory.clone();
        let pages =
            read!("the parcels of inventory", inventory, |page| inventory.audit_parcels(&page));
        Keyed::new(pages.of::<ShipmentId>(), |entry: &ParcelEntry| entry.id)
    }

    /// The reservations that are open or have left, by their orders.
    pub(super) fn reservations(&self) -> Keyed<Uuid, ReservationEntry> {
        let inventory = self.inventory.clone();
        let pages = read!("the reservations of inventory", inventory, |page| inventory
            .audit_reservations(&page));
        Keyed::new(pages.of::<ReservationId>(), |entry: &ReservationEntry| {
            entry.reservation_id.uuid()
        })
    }

    /// What came back, by the orders.
    pub(super) fn returns(&self) -> Keyed<Uuid, ReturnEntry> {
        let inventory = self.inventory.clone();
        let pages =
            read!("the returns of inventory", inventory, |page| inventory.audit_returns(&page));
        Keyed::new(pages.of::<ReservationId>(), |entry: &ReturnEntry| entry.reservation_id.uuid())
    }

    /// The payments.
    pub(super) fn payments(&self) -> Keyed<Uuid, PaymentEntry> {
        let payments = self.payments.clone();
        let pages =
            read!("the payments of payments", payments, |page| payments.audit_payments(&page));
        Keyed::new(pages.of::<PaymentId>(), |entry: &PaymentEntry| entry.id.uuid())
    }

    /// The provider's charges.
    pub(super) fn charges(&self) -> Keyed<String, Charge> {
        let provider = self.provider.clone();
        let pages =
            read!("the charges of the provider", provider, |page| charges(&provider, &page));
        Keyed::new(pages, |charge: &Charge| charge.key.clone())
    }

    /// The stock, in SKU order.
    pub(super) fn stock(&self) -> Pages<StockEntry> {
        let inventory = self.inventory.clone();
        read!("the stock of inventory", inventory, |page| inventory.audit_stock(&page))
    }

    /// The mails, by the orders that they are about.
    pub(super) fn mails(&self) -> Keyed<Uuid, MailEntry> {
        let notifications = self.notifications.clone();
        let pages = read!("the mails of notifications", notifications, |page| notifications
            .audit_mails(&page));
        Keyed::new(pages.of::<OrderId>(), |entry: &MailEntry| entry.subject_id)
    }

    /// What users bought, in the order of their ids.
    pub(super) fn bought(&self) -> Pages<PurchaseClaim> {
        let orders = self.orders.clone();
        read!("the purchases of orders", orders, |page| orders.audit_purchases(&page))
            .of::<UserId>()
    }

    /// What they are known to have bought.
    pub(super) fn purchases(&self) -> Keyed<Uuid, PurchaseEntry> {
        let community = self.community.clone();
        let pages =
            read!("the purchases of community", community, |page| community.audit_purchases(&page));
        Keyed::new(pages.of::<UserId>(), |entry: &PurchaseEntry| entry.user)
    }

    /// The ledger's balances, of some payments after the other.
    pub(super) fn ledger(&self) -> Pages<LedgerBalance> {
        let payments = self.payments.clone();
        read!("the ledger of payments", payments, |page| payments.audit_ledger(&page))
    }

    /// What each outbox has yet to send.
    pub(super) async fn unpublished(
        &self,
    ) -> Result<Vec<(&'static str, outbox::Unpublished)>, Problem> {
        each("outbox", &self.outboxes, outbox::unpublished).await
    }

    /// How many events are parked with each listener.
    pub(super) async fn parked(&self) -> Result<Vec<(&'static str, u64)>, Problem> {
        each("parked events", &self.listeners, dead_letters::count).await
    }
}

/// A page of the provider's book.
async fn charges(provider: &Client, page: &PageRequest) -> Result<BookPage<Charge>, ClientError> {
    provider.get("/v1/charges").query(page).call().await
}

/// What is read of this book from each of these databases.
async fn each<T: Send + 'static>(
    book: &str,
    databases: &[(&'static str, Db)],
    read: fn(&mut Tx<'_>) -> Result<T, DbError>,
) -> Result<Vec<(&'static str, T)>, Problem> {
    let mut found = Vec::new();
    for (service, db) in databases {
        let job = move |tx: &mut Tx<'_>| read(tx).map_err(Unreadable::from);
        let answer = db.read("audit.events", job).await;
        let answer = answer.map_err(|Unreadable(error)| {
            let problem = Problem::from(error);
            let why = &problem.detail;
            Problem { detail: format!("the {book} of {service} cannot be read: {why}"), ..problem }
        })?;
        found.push((*service, answer));
    }
    Ok(found)
}

/// The database cannot be read.
struct Unreadable(DbError);

impl From<DbError> for Unreadable {
    fn from(error: DbError) -> Self {
        Self(error)
    }
}

#[cfg(test)]
mod tests {
    use techtrove_db::DbOptions;

    use super::*;

    #[tokio::test]
    async fn an_outbox_that_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("orders.db").display());
        let without_tables = Db::open(&url, DbOptions::default()).await.expect("opened");

        let read = each("outbox", &[("orders", without_tables)], outbox::unpublished).await;

        let detail = read.expect_err("no table").detail;
        assert!(detail.starts_with("the outbox of orders cannot be read: "), "{detail}");
    }
}
