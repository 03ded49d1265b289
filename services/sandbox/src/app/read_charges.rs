//! Tells how charges stand.

use super::App;
use crate::{
    domain::{Charge, Key},
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

/// Up to `limit` charges behind the key `after`, in the order of their keys, each beside what the
/// ledger says of it.
///
/// # Errors
/// When the books cannot be read.
pub async fn list_charges(app: &App, after: String, limit: usize) -> Result<Vec<Listed>, Error> {
    Ok(app.db.read("sandbox.list_charges", move |tx| store::list(tx, &after, limit)).await?)
}
