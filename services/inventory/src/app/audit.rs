//! Inventory's books, page by page; each page is one snapshot, so its numbers belong together.

use techtrove_core::{BookPage, PageRequest, Problem};
use techtrove_inventory_api::{ParcelEntry, ReservationEntry, ReturnEntry, StockEntry};

use super::App;
use crate::store;

/// For each SKU that a page could show, about so many rows are summed: as many as are read in well under a second,
/// however much was sold. A SKU that has more is a page of its own.
const ROWS: usize = 500;

/// A page of the stock book, in SKU order.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_stock(app: &App, page: &PageRequest) -> Result<BookPage<StockEntry>, Problem> {
    app.db
        .book_page("inventory.audit_stock", page, |tx, wanted| {
            store::audit_stock(tx, wanted, wanted.limit.saturating_mul(ROWS))
        })
        .await
}

/// A page of the reservations that are open or have left, in the order of their ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_reservations(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ReservationEntry>, Problem> {
    app.db.book_page("inventory.audit_reservations", page, store::audit_reservations).await
}

/// A page of what came back, in the order of the reservations' ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_returns(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ReturnEntry>, Problem> {
    app.db.book_page("inventory.audit_returns", page, store::audit_returns).await
}

/// A page of the parcels that have left, in the order of their ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_parcels(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ParcelEntry>, Problem> {
    app.db.book_page("inventory.audit_parcels", page, store::audit_parcels).await
}
