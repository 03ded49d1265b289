//! A parcel leaves the building: committed pieces are gone, and the licence keys among them are the
//! buyer's from then on.

use techtrove_core::planted;
use techtrove_db::Tx;
use techtrove_inventory_api::Reservation;
use uuid::Uuid;

use super::{
    App,
    change_reservation::Outcome,
    move_stock::move_stock,
    save::{Stamp, movements, save},
};
use crate::{
    domain::{Cause, Effect, Lines, Parcel, ShipDecision, Standing, decide_ship},
    error::Error,
    store::{self, Batch},
};

/// Sends the parcel under the name `shipment`; one that has left before answers the same.
///
/// # Errors
/// [`Error::NotCommitted`] when something in it is not committed or another parcel has left under its
/// name, [`Error::Ended`], or when the database fails; then nothing has left.
pub async fn ship(app: &App, shipment: Uuid, parcel: Parcel) -> Result<Reservation, Error> {
    let (id, attempt) = (parcel.reservation, parcel.attempt);
    let stamp = Stamp::new(app);
    let job = move |tx: &mut Tx<'_>| run(tx, shipment, &parcel, &stamp);
    app.db.write_again("inventory.ship", job).await?.reservation(id, attempt)
}

fn run(tx: &mut Tx<'_>, shipment: Uuid, parcel: &Parcel, stamp: &Stamp) -> Result<Outcome, Error> {
    let standing = store::lock_standing(tx, parcel.reservation, parcel.attempt)?;
    let left = match standing {
        Some(_) => store::list_left(tx, parcel.reservation, parcel.attempt)?,
        None => Lines::default(),
    };
    let sent = store::lookup_parcel(tx, shipment)?;
    match decide_ship(standing, &left, sent.as_ref(), parcel) {
        ShipDecision::Send(to) => send(tx, shipment, parcel, to, stamp),
        ShipDecision::Repeat(standing) => Ok(Outcome::Stands(standing)),
        ShipDecision::Mismatch => Err(Error::NotCommitted),
        ShipDecision::Ended => Ok(Outcome::Ended),
    }
}

fn send(
    tx: &mut Tx<'_>,
    shipment: Uuid,
    parcel: &Parcel,
    to: Standing,
    stamp: &Stamp,
) -> Result<Outcome, Error> {
    let attempt = (parcel.reservation, parcel.attempt);
    let (before, after) = move_stock(tx, attempt, &parcel.lines, Effect::Ship, stamp)?;
    let cause = Cause::shipped(parcel.reservation);
    let movements = movements(&before, &after, &cause, stamp);
    let mut batch = Batch::default();
    store::insert_parcel(&mut batch, shipment, parcel, stamp.now);
    store::update_standing(&mut batch, attempt, to, stamp.now);
    for movement in movements.iter().filter(|_| !planted("movement-not-written")) {
        store::insert_movement(&mut batch, movement);
    }
    save(tx, batch, &before, &after, stamp)?;
    Ok(Outcome::Stands(to))
}
