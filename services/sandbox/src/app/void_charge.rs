//! Gives a charge up, also one that was never asked for.

use techtrove_core::planted;
use techtrove_db::DbError;

use super::App;
use crate::{
    domain::{Change, Charge, Key},
    error::Error,
    store,
};

/// How often a void that meets the making of its charge looks again.
const ROUNDS: usize = 4;

/// Sets the money of the charge under `key` free. An unknown key is remembered, so that a request to
/// charge it which arrives later is refused.
///
/// # Errors
/// When the money is taken already.
pub async fn void_charge(app: &App, key: Key) -> Result<Charge, Error> {
    for _ in 0..ROUNDS {
        match void_once(app, key.clone()).await {
            // The charge was made between our look and our note that there is none: look again.
            Err(Error::Db(DbError::UniqueViolation { .. })) => {}
            done => return done,
        }
    }
    Err(Error::Contended(key))
}

async fn void_once(app: &App, key: Key) -> Result<Charge, Error> {
    let now = app.clock.now();
    app.db
        .write("sandbox.void_charge", move |tx| {
            let Some(charge) = store::lock(tx, &key)? else {
                let never = Charge::never(key.clone());
                if !planted("void-not-remembered") {
                    store::insert(tx, &never, None, now)?;
                }
                return Ok(never);
            };
            match charge.void()? {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    Ok(charge)
                }
            }
        })
        .await
}
