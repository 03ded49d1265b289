//! Inventory's books, page by page; each page is one snapshot, so its numbers belong together.

use techtrove_core::{Cursor, Page, PageRequest, Problem, Sku, TypedId};
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
pub async fn audit_stock(app: &App, page: &PageRequest) -> Result<Page<StockEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Sku>()?);
    let (items, last) = app
        .db
        .read("inventory.audit_stock", move |tx| {
            let rows = limit.saturating_mul(ROWS);
            let last = store::audit_stock_end(tx, after.as_ref(), (limit, rows))?;
            let items = match &last {
                Some(last) => store::audit_stock(tx, after.as_ref(), last)?,
                None => Vec::new(),
            };
            Ok::<_, Error>((items, last))
        })
        .await?;
    Ok(Page { items, next_cursor: last.map(|last| Cursor::encode(&last)) })
}

/// A page of the reservations that are open or have left, in the order of their ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_reservations(
    app: &App,
    page: &PageRequest,
) -> Result<Page<ReservationEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<(Uuid, u32)>()?);
    let rows = app
        .db
        .read("inventory.audit_reservations", move |tx| {
            store::audit_reservations(tx, after, limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |entry| (entry.reservation_id.uuid(), entry.attempt)))
}

/// A page of what came back, in the order of the reservations' ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_returns(app: &App, page: &PageRequest) -> Result<Page<ReturnEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<(Uuid, Uuid)>()?);
    let rows = app
        .db
        .read("inventory.audit_returns", move |tx| {
            store::audit_returns(tx, after, limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |entry| (entry.reservation_id.uuid(), entry.return_id)))
}

/// A page of the parcels that have left, in the order of their ids.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_parcels(app: &App, page: &PageRequest) -> Result<Page<ParcelEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Uuid>()?);
    let rows = app
        .db
        .read("inventory.audit_parcels", move |tx| {
            store::audit_parcels(tx, after.unwrap_or_default(), limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |entry| entry.id))
}
