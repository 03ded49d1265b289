//! The orders' book, page by page, for the audit.

use techtrove_core::{Page, PageRequest};
use techtrove_orders_api::{OrderEntry, OrderId};

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
