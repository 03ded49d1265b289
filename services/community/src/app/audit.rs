//! The book of purchases, page by page, for the audit.

use techtrove_community_api::PurchaseEntry;
use techtrove_core::{BookPage, PageRequest, Problem};
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// A page of the purchases, in the order of users and products.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_purchases(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<PurchaseEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<(Uuid, Uuid)>()?.unwrap_or_default());
    let read = app.db.read("community.audit_purchases", move |tx| {
        store::audit_purchases(tx, after, limit).map_err(Error::from)
    });
    Ok(read.await?)
}
