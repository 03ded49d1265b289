//! Ends what a charge requires of its customer, as the page of a bank would.

use super::{App, announce::change_announced};
use crate::{
    domain::{ActionOutcome, Charge, Key},
    error::Error,
};

/// Reserves the money of the charge under `key`, or declines it, once its customer has acted; a
/// repetition finds what the first one led to. It is announced by a
/// webhook, stored in the same transaction: whoever asked for the charge is not told by this answer.
///
/// # Errors
/// When there is no such charge, it was given up, or it never required an action.
pub async fn complete_action(app: &App, key: Key, outcome: ActionOutcome) -> Result<Charge, Error> {
    let change = move |charge: &Charge| Ok(charge.complete_action(outcome)?);
    change_announced(app, "sandbox.complete_action", key, change).await
}
