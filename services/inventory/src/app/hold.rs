//! Sets all lines of a reservation aside, or none.

use std::collections::BTreeSet;

use techtrove_core::{Sku, Timestamp, planted};
use techtrove_db::Tx;
use techtrove_inventory_api::{Reservation, ReservationId, ReservationState};

use super::{
    App,
    change_reservation::{Outcome, change},
    save::{Stamp, save},
};
use crate::{
    domain::{HoldDecision, Lines, OutOfStock, Standing, StockItem, Verb, decide_hold},
    error::Error,
    store::{self, Batch},
};

/// A reservation to make.
#[derive(Clone, Debug)]
pub struct NewHold {
    /// Which reservation.
    pub id: ReservationId,
    /// The caller's try, from 1.
    pub attempt: u32,
    /// What to set aside.
    pub lines: Lines,
    /// The SKUs that were promised as licence keys.
    pub digital: BTreeSet<Sku>,
    /// When the hold ends by itself.
    pub expires_at: Option<Timestamp>,
}

/// Makes the reservation, or answers where it stands when it was made before.
///
/// # Errors
/// [`Error::OutOfStock`] when nothing was set aside, and never will be for this attempt; [`Error::Ended`], [`Error::Mismatch`], or when the
/// database fails.
pub async fn hold(app: &App, new: NewHold) -> Result<Reservation, Error> {
    let (id, attempt) = (new.id, new.attempt);
    let stamp = Stamp::new(app);
    let seen =
        if planted("hold-checked-without-lock") { Some(look(app, &new).await?) } else { None };
    let job = move |tx: &mut Tx<'_>| run(tx, &new, seen.as_deref(), &stamp);
    let outcome = app.db.write_again("inventory.hold", job).await;
    let answer = outcome.and_then(|held| match held {
        Held::Answered(outcome) => outcome.reservation(id, attempt),
        Held::Short(short) => Err(short.into()),
    });
    count(&answer);
    answer
}

/// The stock before the transaction that sets it aside, by which only a planted bug decides.
async fn look(app: &App, new: &NewHold) -> Result<Vec<StockItem>, Error> {
    let lines = new.lines.clone();
    let seen = app.db.read("inventory.look", move |tx| store::lookup_items(tx, lines.skus()));
    Ok(seen.await?)
}

/// How a hold ended. A refusal is remembered, so for the transaction it is a success.
enum Held {
    Answered(Outcome),
    Short(OutOfStock),
}

fn count(answer: &Result<Reservation, Error>) {
    let outcome = match answer {
        Ok(_) => "held",
        Err(Error::OutOfStock(_)) => "out_of_stock",
        Err(Error::Ended | Error::Mismatch) => "refused",
        Err(_) => "failed",
    };
    metrics::counter!("inventory_holds_total", "outcome" => outcome).increment(1);
}

fn run(
    tx: &mut Tx<'_>,
    new: &NewHold,
    seen: Option<&[StockItem]>,
    stamp: &Stamp,
) -> Result<Held, Error> {
    let known = match store::lookup_standing(tx, new.id, new.attempt)? {
        Some(standing) => Some((standing, store::list_lines(tx, new.id, new.attempt)?)),
        None => None,
    };
    let known = known.as_ref().map(|(standing, lines)| (*standing, lines));
    match decide_hold(known, &new.lines, new.expires_at, stamp.now) {
        HoldDecision::Make => make(tx, new, seen, stamp),
        HoldDecision::Repeat(standing) => Ok(Held::Answered(Outcome::Stands(standing))),
        HoldDecision::Mismatch => Err(Error::Mismatch),
        HoldDecision::Ended => Ok(Held::Answered(Outcome::Ended)),
        HoldDecision::Over => {
            change(tx, new.id, new.attempt, Verb::Expire, stamp)?;
            Ok(Held::Answered(Outcome::Ended))
        }
    }
}

fn make(
    tx: &mut Tx<'_>,
    new: &NewHold,
    seen: Option<&[StockItem]>,
    stamp: &Stamp,
) -> Result<Held, Error> {
    let (attempt, mut batch) = ((new.id, new.attempt), Batch::default());
    let before: Vec<StockItem> = store::lock_items(tx, new.lines.skus())?;
    match new.lines.hold_from(seen.unwrap_or(&before), &new.digital) {
        Ok(after) => {
            let standing = Standing::held(new.expires_at);
            store::insert_reservation(&mut batch, attempt, standing, &new.lines, stamp.now);
            save(tx, batch, &before, &after, stamp)?;
            Ok(Held::Answered(Outcome::Stands(standing)))
        }
        // Refused for good: a copy of the request that is late would set aside what nobody gives back.
        Err(short) => {
            let released = Standing::lasting(ReservationState::Released);
            if !planted("refused-hold-forgotten") {
                let no_lines = Lines::default();
                store::insert_reservation(&mut batch, attempt, released, &no_lines, stamp.now);
                save(tx, batch, &[], &[], stamp)?;
            }
            Ok(Held::Short(short))
        }
    }
}
