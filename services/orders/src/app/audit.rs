//! The orders' books, page by page, for the audit.

use techtrove_core::{BookPage, PageRequest};
use techtrove_db::{DbError, Tx};
use techtrove_orders_api::{OrderEntry, ParcelClaim, PurchaseClaim};
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// A page of the book, in the order of the orders' ids.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_entries(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<OrderEntry>, Error> {
    read(app, page, "orders.audit", store::list_entries).await
}

/// A page of the parcels that were not withdrawn, in the order of their ids.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_parcels(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ParcelClaim>, Error> {
    read(app, page, "orders.audit_parcels", store::list_parcels).await
}

/// A page of the users who have orders, in the order of their ids, and what they have bought.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_purchases(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<PurchaseClaim>, Error> {
    read(app, page, "orders.audit_purchases", store::list_purchases).await
}

async fn read<T: Send + 'static>(
    app: &App,
    page: &PageRequest,
    name: &'static str,
    book: fn(&mut Tx<'_>, Uuid, usize) -> Result<BookPage<T>, DbError>,
) -> Result<BookPage<T>, Error> {
    let (limit, after) = (page.limit()?, page.after::<Uuid>()?.unwrap_or_default());
    app.db.read(name, move |tx| book(tx, after, limit).map_err(Error::from)).await
}
