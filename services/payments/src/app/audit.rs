//! Shows the books: every payment beside its ledger entries, and the ledger's balance.

use techtrove_core::{BookPage, Cursor, Page, PageRequest, Problem};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentId};
use uuid::Uuid;

use super::App;
use crate::{error::Error, store};

/// A page of all payments, oldest first, all from one snapshot.
///
/// # Errors
/// When the page request is not valid or the database does not answer.
pub async fn audit_payments(
    app: &App,
    page: &PageRequest,
) -> Result<BookPage<PaymentEntry>, Problem> {
    let (limit, after) = (page.limit()?, page.after::<Uuid>()?.unwrap_or_default());
    let read = app.db.read("payments.audit_payments", move |tx| {
        store::page(tx, after, limit).map_err(Error::from)
    });
    Ok(read.await?)
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
    let entries = page.limit()?.saturating_mul(ENTRIES);
    let after: Option<PaymentId> = page.after()?;
    let (items, last) = app
        .db
        .read("payments.audit_ledger", move |tx| {
            store::balances(tx, after, entries).map_err(Error::from)
        })
        .await?;
    Ok(Page { items, next_cursor: last.map(|last| Cursor::encode(&last)) }.into())
}
