//! Takes back what a buyer sends: it is in the building again, and stays there or is written off at once.
//! Either way the ledger tells of it.

use techtrove_core::planted;
use techtrove_db::Tx;
use techtrove_inventory_api::Reservation;
use uuid::Uuid;

use super::{
    App,
    change_reservation::Outcome,
    save::{Stamp, movements, save},
};
use crate::{
    domain::{
        Cause, Effect, Lines, Returned, Standing, StockItem, TakeBackDecision, decide_take_back,
    },
    error::Error,
    store::{self, Batch},
};

/// Takes back what came under the name `id`; what came before answers the same.
///
/// # Errors
/// [`Error::NotShipped`] when something of it never left, is a licence key, or another return came under
/// its name, or when the database fails; then nothing has changed.
pub async fn take_back(app: &App, id: Uuid, returned: Returned) -> Result<Reservation, Error> {
    let (reservation, attempt) = (returned.reservation, returned.attempt);
    let stamp = Stamp::new(app);
    let job = move |tx: &mut Tx<'_>| run(tx, id, &returned, &stamp);
    app.db.write_again("inventory.take_back", job).await?.reservation(reservation, attempt)
}

fn run(tx: &mut Tx<'_>, id: Uuid, returned: &Returned, stamp: &Stamp) -> Result<Outcome, Error> {
    let (reservation, attempt) = (returned.reservation, returned.attempt);
    let standing = store::lock_standing(tx, reservation, attempt)?.ok_or(Error::NotShipped)?;
    let out = store::list_out(tx, reservation, attempt)?;
    let known = store::lookup_returned(tx, id)?;
    match decide_take_back(&out, known.as_ref(), returned) {
        TakeBackDecision::Take => take(tx, id, returned, standing, stamp),
        TakeBackDecision::Repeat => Ok(Outcome::Stands(standing)),
        TakeBackDecision::Mismatch => Err(Error::NotShipped),
    }
}

fn take(
    tx: &mut Tx<'_>,
    id: Uuid,
    returned: &Returned,
    standing: Standing,
    stamp: &Stamp,
) -> Result<Outcome, Error> {
    let before = store::lock_items(tx, returned.lines.skus())?;
    if !Returned::may_be_kept(&before) {
        return Err(Error::NotShipped);
    }
    let kept = with(&before, &returned.lines)?;
    let mut rows = movements(&before, &kept, &Cause::restocked(returned.reservation), stamp);
    let restock = returned.restock || planted("written-off-restocked");
    if !restock {
        let (cause, later) = (Cause::written_off(returned.reservation), stamp.after(rows.len()));
        rows.extend(movements(&kept, &before, &cause, &later));
    }
    let mut batch = Batch::default();
    store::insert_returned(&mut batch, id, returned, stamp.now);
    for movement in &rows {
        store::insert_movement(&mut batch, movement);
    }
    let after = if restock { &kept } else { &before };
    save(tx, batch, &before, after, stamp)?;
    Ok(Outcome::Stands(standing))
}

fn with(items: &[StockItem], lines: &Lines) -> Result<Vec<StockItem>, Error> {
    let kept = |item: &StockItem| {
        let stock = item.stock.moved(Effect::TakeBack, lines.pieces(&item.sku));
        stock
            .map(|stock| item.with(stock))
            .map_err(|source| Error::Books { sku: item.sku.clone(), source })
    };
    items.iter().map(kept).collect()
}
