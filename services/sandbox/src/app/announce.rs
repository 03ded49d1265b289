//! Changes a charge by what its bank or its customer does, and tells the shop of it.

use super::App;
use crate::{
    domain::{Change, Charge, Key},
    error::Error,
    store,
};

/// Lets `change` happen to the charge under `key`; a webhook announces it, stored in the same transaction. What
/// changes nothing is not announced.
///
/// # Errors
/// When there is no such charge, `change` refuses, or the books cannot be written.
pub(super) async fn change_announced(
    app: &App,
    name: &'static str,
    key: Key,
    change: impl Fn(&Charge) -> Result<Change, Error> + Send + 'static,
) -> Result<Charge, Error> {
    let now = app.clock.now();
    let charge = app
        .db
        .write(name, move |tx| {
            let charge = store::lock(tx, &key)?.ok_or_else(|| Error::NoSuchCharge(key.clone()))?;
            match change(&charge)? {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    store::announce(tx, &charge, now)?;
                    Ok::<_, Error>(charge)
                }
            }
        })
        .await?;
    app.announced.notify_one();
    Ok(charge)
}
