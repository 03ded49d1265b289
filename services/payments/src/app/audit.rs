//! Shows the books: every payment beside its ledger entries, and the ledger's balance.

use techtrove_core::{BookPage, Cursor, Page, PageRequest, Problem};
use techtrove_payments_api::{LedgerBalance, PaymentEntry};

use super::App;
use crate::store;

/// A page of all payments, oldest first, all from one snapshot.
///
/// # Errors
/// When the page request is not valid or the database does not answer.
pub async fn audit_payments(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<PaymentEntry>, Problem> {
    app.db.book_page("payments.audit_payments", page, store::page).await
}

/// For each payment that a page could show, about so many entries are summed: as many as are read in some
/// milliseconds, however large the ledger is.
const ENTRIES: usize = 500;

/// The ledger's balance in each currency, over the payments that the next entries belong to.
///
/// # Errors
/// When the page request is not valid or the database does not answer.
pub async fn audit_ledger(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<LedgerBalance>, Problem> {
    app.db
        .book_page("payments.audit_ledger", page, |tx, wanted| {
            let entries = wanted.limit.saturating_mul(ENTRIES);
            let (items, last) = store::balances(tx, wanted.after, entries)?;
            Ok(Page { items, next_cursor: last.map(|last| Cursor::encode(&last)) }.into())
        })
        .await
}
