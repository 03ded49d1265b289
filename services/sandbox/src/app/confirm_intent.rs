//! Asks for the money of an intent.

use techtrove_db::DbError;

use super::App;
use crate::{
    domain::{Change, Charge, Intent, Terms, Token},
    error::Error,
    faults, store,
};

/// How often a confirmation that meets another one looks again.
const ROUNDS: usize = 4;

/// Charges the intent by `token`; after a bank has declined, another token may be tried.
///
/// # Errors
/// When the intent was canceled, or its money is reserved or taken already.
pub async fn confirm_intent(app: &App, intent: Intent, token: Token) -> Result<Charge, Error> {
    for _ in 0..ROUNDS {
        match confirm_once(app, &intent, token).await {
            // The charge was made between our look and our note of it: look again.
            Err(Error::Db(DbError::UniqueViolation { .. })) => {}
            Ok(_) if token.swallows_first_answer() => return faults::hang(app.silence).await,
            done => return done,
        }
    }
    Err(Error::Contended(intent.key))
}

async fn confirm_once(app: &App, intent: &Intent, token: Token) -> Result<Charge, Error> {
    let (now, key) = (app.clock.now(), intent.key.clone());
    let terms = Terms { money: intent.money, token };
    app.db
        .write("sandbox.confirm_intent", move |tx| {
            let Some(charge) = store::lock(tx, &key)? else {
                let (charge, entry) = Charge::new(key.clone(), terms);
                store::insert(tx, &charge, entry.as_ref(), now)?;
                return Ok(charge);
            };
            match charge.confirm_again(terms)? {
                Change::None => Ok(charge),
                Change::To(charge, entry) => {
                    store::update(tx, &charge, entry.as_ref(), now)?;
                    Ok(charge)
                }
            }
        })
        .await
}
