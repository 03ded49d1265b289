//! Gives a charge up, also one that was never asked for.

use techtrove_core::planted;
use techtrove_db::DbError;

use super::App;
use crate::{
    domain::{Change, Charge, Key, Refusal},
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
    give_up(app, key, Charge::void).await
}

/// As [`void_charge`], and a charge that was declined is over as well.
///
/// # Errors
/// When the money is taken, or the charge is over already.
pub async fn cancel_charge(app: &App, key: Key) -> Result<Charge, Error> {
    give_up(app, key, Charge::cancel).await
}

type Rule = fn(&Charge) -> Result<Change, Refusal>;

async fn give_up(app: &App, key: Key, rule: Rule) -> Result<Charge, Error> {
    for _ in 0..ROUNDS {
        match give_up_once(app, key.clone(), rule).await {
            // The charge was made between our look and our note that there is none: look again.
            Err(Error::Db(DbError::UniqueViolation { .. })) => {}
            done => return done,
        }
    }
    Err(Error::Contended(key))
}

async fn give_up_once(app: &App, key: Key, rule: Rule) -> Result<Charge, Error> {
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
            match rule(&charge)? {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    Ok(charge)
                }
            }
        })
        .await
}
