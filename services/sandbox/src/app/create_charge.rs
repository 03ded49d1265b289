//! Makes a charge under the caller's key, once.

use techtrove_db::DbError;

use super::App;
use crate::{
    domain::{Charge, Key, Terms},
    error::Error,
    faults, store,
};

/// The charge under the key, and whether this request made it.
#[derive(Clone, Debug)]
pub struct Created {
    /// The charge as it stands.
    pub charge: Charge,
    /// Whether it is new.
    pub new: bool,
}

/// Charges `terms` under `key`, or finds what was done under that key before: the primary key decides.
///
/// # Errors
/// When the key was used with other terms, or the books cannot be written.
pub async fn create_charge(app: &App, key: Key, terms: Terms) -> Result<Created, Error> {
    let (charge, entry) = Charge::new(key.clone(), terms);
    let (now, fresh) = (app.clock.now(), charge.clone());
    let inserted = app
        .db
        .write("sandbox.create_charge", move |tx| store::insert(tx, &fresh, entry.as_ref(), now))
        .await;
    match inserted {
        Ok(()) if terms.token.swallows_first_answer() => faults::hang(app.silence).await,
        Ok(()) => Ok(Created { charge, new: true }),
        Err(DbError::UniqueViolation { .. }) => {
            let charge = super::get_charge(app, key).await?;
            charge.repeat(terms)?;
            Ok(Created { charge, new: false })
        }
        Err(error) => Err(error.into()),
    }
}
