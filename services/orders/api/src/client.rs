//! How notifications and the audit call orders.

use techtrove_core::{BookPage, PageRequest};
use techtrove_http::{Client, ClientError};

use crate::{MailQuery, OrderEntry, OrderForMail, OrderId, ParcelClaim, PurchaseClaim};

/// Calls orders, wherever it runs.
#[derive(Clone, Debug)]
pub struct OrdersClient(Client);

impl OrdersClient {
    /// Calls through `client`.
    #[must_use]
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// The contact and details for a mail about to be written.
    ///
    /// # Errors
    /// When there is no such order, or orders, or a neighbour which it asks, cannot be reached.
    pub async fn order_for_mail(
        &self,
        id: OrderId,
        query: MailQuery,
    ) -> Result<OrderForMail, ClientError> {
        self.0.get(&format!("/internal/orders/orders/{id}/mail")).query(&query).call().await
    }

    /// A page of the orders' book.
    ///
    /// # Errors
    /// When orders cannot be reached.
    pub async fn audit_orders(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<OrderEntry>, ClientError> {
        self.0.get("/internal/orders/audit/orders").query(page).call().await
    }

    /// A page of the parcels that were not withdrawn.
    ///
    /// # Errors
    /// When orders cannot be reached.
    pub async fn audit_parcels(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<ParcelClaim>, ClientError> {
        self.0.get("/internal/orders/audit/parcels").query(page).call().await
    }

    /// A page of the users who have orders, and what they have bought.
    ///
    /// # Errors
    /// When orders cannot be reached.
    pub async fn audit_purchases(
        &self,
        page: &PageRequest,
    ) -> Result<BookPage<PurchaseClaim>, ClientError> {
        self.0.get("/internal/orders/audit/purchases").query(page).call().await
    }
}
