//! Ends a reservation by the bank's own word, as banks do with those that have become too old.

use super::{App, announce::change_announced};
use crate::{
    domain::{Charge, Key},
    error::Error,
};

/// Sets the reserved money of the charge under `key` free, though nobody asked for that; a charge that
/// holds none stays as it is. It is announced by a webhook, stored in the same transaction.
///
/// # Errors
/// When there is no such charge, or the books cannot be written.
pub async fn lapse_charge(app: &App, key: Key) -> Result<Charge, Error> {
    change_announced(app, "sandbox.lapse_charge", key, |charge| Ok(charge.lapse())).await
}
