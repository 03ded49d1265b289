//! The book of purchases, page by page, for the audit.

use techtrove_community_api::PurchaseEntry;
use techtrove_core::{BookPage, PageRequest, Problem};

use super::App;
use crate::store;

/// A page of the purchases, in the order of users and products.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn audit_purchases(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<PurchaseEntry>, Problem> {
    app.db.book_page("community.audit_purchases", page, store::audit_purchases).await
}
