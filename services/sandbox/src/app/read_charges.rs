//! Tells how charges stand.

use techtrove_core::BookPage;
use techtrove_db::Wanted;

use super::{App, Refunded, end_refund::end_overdue};
use crate::{
    domain::{Charge, Key, Refund},
    error::Error,
    store::{self, Listed},
};

/// The charge under `key`, also one that was voided before it was asked for.
///
/// # Errors
/// When there is none, or the books cannot be read.
pub async fn get_charge(app: &App, key: Key) -> Result<Charge, Error> {
    let wanted = key.clone();
    let found = app.db.lookup("sandbox.get_charge", move |tx| store::lookup(tx, &wanted)).await?;
    found.ok_or(Error::NoSuchCharge(key))
}

/// The page of charges that is wanted, in the order of their keys, each beside what the ledger says of it.
///
/// # Errors
/// When the books cannot be read.
pub async fn list_charges(app: &App, wanted: Wanted<String>) -> Result<BookPage<Listed>, Error> {
    Ok(app.db.read("sandbox.list_charges", move |tx| store::list(tx, &wanted)).await?)
}

/// The refunds of the charge under `key`, in the order of their keys.
///
/// # Errors
/// When the books cannot be read, or what a bank has decided meanwhile not be written.
pub async fn list_refunds(app: &App, key: Key) -> Result<Vec<Refund>, Error> {
    end_overdue(app, &key).await?;
    Ok(app.db.read("sandbox.list_refunds", move |tx| store::refunds(tx, &key)).await?)
}

/// The refund under `refund` of the charge under `key`, as it stands.
///
/// # Errors
/// When there is no such charge or refund, or the books cannot be read.
pub async fn get_refund(app: &App, key: Key, refund: Key) -> Result<Refunded, Error> {
    let known = list_refunds(app, key.clone()).await?.into_iter().find(|it| it.key == refund);
    let charge = get_charge(app, key).await?;
    Ok(Refunded { refund: known.ok_or(Error::NoSuchRefund(refund))?, charge })
}
