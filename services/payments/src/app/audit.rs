//! Shows the books: every payment beside its ledger entries, and the ledger's balance.

use techtrove_core::{Page, PageRequest, Problem};
use techtrove_payments_api::{LedgerBalance, PaymentEntry, PaymentId};

use super::App;
use crate::{error::Error, store};

/// A page of all payments, oldest first, all from one snapshot.
///
/// # Errors
/// When the page request is not valid or the database does not answer.
pub async fn audit_payments(app: &App, page: &PageRequest) -> Result<Page<PaymentEntry>, Problem> {
    let limit = page.limit()?;
    let after: Option<PaymentId> = page.after()?;
    let rows = app
        .db
        .read("payments.audit_payments", move |tx| store::page(tx, after, limit.saturating_add(1)))
        .await?;
    Ok(Page::from_surplus(rows, limit, |entry| entry.id))
}

/// The ledger's balance in each currency.
///
/// # Errors
/// When the database does not answer.
pub async fn audit_ledger(app: &App) -> Result<Vec<LedgerBalance>, Error> {
    Ok(app.db.read("payments.audit_ledger", store::balances).await?)
}
