//! The orders' books, page by page, for the audit.

use techtrove_core::{BookPage, PageRequest, Problem};
use techtrove_orders_api::{OrderEntry, ParcelClaim, PurchaseClaim};

use super::App;
use crate::store;

/// A page of the book, in the order of the orders' ids.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_entries(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<OrderEntry>, Problem> {
    app.db.book_page("orders.audit", page, store::list_entries).await
}

/// A page of the parcels that were not withdrawn, in the order of their ids.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_parcels(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ParcelClaim>, Problem> {
    app.db.book_page("orders.audit_parcels", page, store::list_parcels).await
}

/// A page of the users who have orders, in the order of their ids, and what they have bought.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_purchases(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<PurchaseClaim>, Problem> {
    app.db.book_page("orders.audit_purchases", page, store::list_purchases).await
}
