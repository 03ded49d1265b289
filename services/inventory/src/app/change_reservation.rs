//! Commits a reservation, gives it back or ends it: each is one transition by the
//! rules in `crate::domain`, stored together with what it does to the stock.

use techtrove_db::Tx;
use techtrove_inventory_api::{Reservation, ReservationId};

use super::{
    App,
    move_stock::move_stock,
    save::{Stamp, save},
};
use crate::{
    domain::{Effect, Lines, Standing, Verb, transition},
    error::Error,
    store::{self, Batch},
};

/// How a call on a reservation ended. A refusal may have changed something which must be kept (a hold
/// whose time was over is ended), so for the transaction it is a success.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    Stands(Standing),
    Ended,
}

impl Outcome {
    /// The answer for the caller.
    pub(super) fn reservation(self, id: ReservationId, attempt: u32) -> Result<Reservation, Error> {
        match self {
            Self::Stands(Standing { state, expires_at }) => {
                Ok(Reservation { reservation_id: id, attempt, state, expires_at })
            }
            Self::Ended => Err(Error::Ended),
        }
    }
}

/// Does `verb` to the attempt. Repeated, it changes nothing and answers the same.
///
/// # Errors
/// [`Error::Ended`] when the attempt cannot be kept or sold any more, or when the database fails.
pub async fn change_reservation(
    app: &App,
    id: ReservationId,
    attempt: u32,
    verb: Verb,
) -> Result<Reservation, Error> {
    let stamp = Stamp::new(app);
    let name = match verb {
        Verb::Commit => "inventory.commit",
        Verb::Release => "inventory.release",
        Verb::Expire => "inventory.expire",
    };
    let outcome = app.db.write_again(name, move |tx| change(tx, id, attempt, verb, &stamp)).await?;
    outcome.reservation(id, attempt)
}

/// The transition inside a transaction.
pub(super) fn change(
    tx: &mut Tx<'_>,
    id: ReservationId,
    attempt: u32,
    verb: Verb,
    stamp: &Stamp,
) -> Result<Outcome, Error> {
    let known = store::lock_standing(tx, id, attempt)?;
    let step = transition(known, verb, stamp.now);
    let (mut batch, no_lines) = (Batch::default(), Lines::default());
    match (known, step.to) {
        (Some(_), Some(to)) => store::update_standing(&mut batch, (id, attempt), to, stamp.now),
        (None, Some(to)) => {
            store::insert_reservation(&mut batch, (id, attempt), to, &no_lines, stamp.now);
        }
        (_, None) => {}
    }
    let (before, after) = match step.effect {
        Effect::None => (Vec::new(), Vec::new()),
        effect => {
            let left = store::list_left(tx, id, attempt)?;
            move_stock(tx, (id, attempt), &left, effect, stamp)?
        }
    };
    save(tx, batch, &before, &after, stamp)?;
    match step.to.or(known) {
        Some(standing) if !step.refused => Ok(Outcome::Stands(standing)),
        _ => Ok(Outcome::Ended),
    }
}
