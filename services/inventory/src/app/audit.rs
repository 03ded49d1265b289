//! Inventory's books, page by page; each page is one snapshot, so its numbers belong together.

use techtrove_core::{Page, PageRequest, Problem, Sku, TypedId};
use techtrove_inventory_api::{ParcelEntry, ReservationEntry, ReturnEntry, StockEntry};
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// A page of the stock book, in SKU order.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_stock(app: &App, page: &PageRequest) -> Result<Page<StockEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Sku>()?);
    let rows = app
        .db
        .read("inventory.audit_stock", move |tx| {
            store::audit_stock(tx, after.as_ref(), limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |entry| entry.sku.clone()))
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
