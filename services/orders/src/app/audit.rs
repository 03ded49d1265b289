//! The orders' books, page by page, for the audit.

use techtrove_core::{Page, PageRequest};
use techtrove_orders_api::{OrderEntry, OrderId, ParcelClaim, PurchaseClaim};
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// A page of the book, in the order of the orders' ids.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_entries(app: &App, page: &PageRequest) -> Result<Page<OrderEntry>, Error> {
    let limit = page.limit()?;
    let after: Option<OrderId> = page.after()?;
    let surplus = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let entries = app
        .db
        .read("orders.audit", move |tx| {
            store::list_entries(tx, after, surplus).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(entries, limit, |entry| entry.id))
}

/// A page of the parcels that were not withdrawn, in the order of their ids.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_parcels(
    app: &App,
    page: &PageRequest,
) -> Result<Page<ParcelClaim>, Error> {
    let limit = page.limit()?;
    let after: Option<Uuid> = page.after()?;
    let surplus = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let parcels = app
        .db
        .read("orders.audit_parcels", move |tx| {
            store::list_parcels(tx, after.unwrap_or_default(), surplus).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(parcels, limit, |parcel| parcel.id))
}

/// A page of the users who have orders, in the order of their ids, and what they have bought.
///
/// # Errors
/// When limit or cursor are not valid, or the database fails.
pub(crate) async fn list_purchases(
    app: &App,
    page: &PageRequest,
) -> Result<Page<PurchaseClaim>, Error> {
    let limit = page.limit()?;
    let after: Option<Uuid> = page.after()?;
    let surplus = u32::try_from(limit).unwrap_or(u32::MAX).saturating_add(1);
    let purchases = app
        .db
        .read("orders.audit_purchases", move |tx| {
            store::list_purchases(tx, after.unwrap_or_default(), surplus).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(purchases, limit, |purchase| purchase.user))
}
