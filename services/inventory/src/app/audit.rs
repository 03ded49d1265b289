//! Inventory's books, page by page; each page is one snapshot, so its numbers belong together.

use techtrove_core::{BookPage, Cursor, Page, PageRequest, Problem, Sku};
use techtrove_inventory_api::{ParcelEntry, ReservationEntry, ReturnEntry, StockEntry};
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// For each SKU that a page could show, about so many rows are summed: as many as are read in well under a second,
/// however much was sold. A SKU that has more is a page of its own.
const ROWS: usize = 500;

/// A page of the stock book, in SKU order.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_stock(app: &App, page: &PageRequest) -> Result<BookPage<StockEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Sku>()?);
    let read = app.db.read("inventory.audit_stock", move |tx| {
        let rows = limit.saturating_mul(ROWS);
        let Some(last) = store::audit_stock_end(tx, after.as_ref(), (limit, rows))? else {
            return Ok(Page { items: Vec::new(), next_cursor: None }.into());
        };
        let page = store::audit_stock(tx, after.as_ref(), &last)?;
        Ok::<_, Error>(BookPage { next_cursor: Some(Cursor::encode(&last)), ..page })
    });
    Ok(read.await?)
}

/// A page of the reservations that are open or have left, in the order of their ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_reservations(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ReservationEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<(Uuid, u32)>()?.unwrap_or_default());
    let read = app.db.read("inventory.audit_reservations", move |tx| {
        store::audit_reservations(tx, after, limit).map_err(Error::from)
    });
    Ok(read.await?)
}

/// A page of what came back, in the order of the reservations' ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_returns(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ReturnEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<(Uuid, Uuid)>()?.unwrap_or_default());
    let read = app.db.read("inventory.audit_returns", move |tx| {
        store::audit_returns(tx, after, limit).map_err(Error::from)
    });
    Ok(read.await?)
}

/// A page of the parcels that have left, in the order of their ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_parcels(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<ParcelEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Uuid>()?.unwrap_or_default());
    let read = app.db.read("inventory.audit_parcels", move |tx| {
        store::audit_parcels(tx, after, limit).map_err(Error::from)
    });
    Ok(read.await?)
}
