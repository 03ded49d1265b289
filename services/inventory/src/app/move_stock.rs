//! Pieces of a reservation change hands: in the numbers, and where they are licence keys, in the keys
//! themselves. Keys follow the numbers one by one: of a keyed SKU there are as many keys that no buyer
//! has seen as pieces on hand, and as many of them assigned as pieces committed. Since held and committed
//! never exceed what is on hand, a commit always finds its keys.

use techtrove_core::planted;
use techtrove_db::Tx;
use techtrove_inventory_api::ReservationId;

use super::save::Stamp;
use crate::{
    domain::{Effect, Lines, StockItem},
    error::Error,
    store,
};

/// The stock of the lines, locked in SKU order, as it was and as it is to be stored; the keys are moved.
pub(super) fn move_stock(
    tx: &mut Tx<'_>,
    attempt: (ReservationId, u32),
    lines: &Lines,
    effect: Effect,
    stamp: &Stamp,
) -> Result<(Vec<StockItem>, Vec<StockItem>), Error> {
    let before = store::lock_items(tx, lines.skus())?;
    let moved = |item: &StockItem| match item.stock.moved(effect, lines.pieces(&item.sku)) {
        Ok(stock) => Ok(item.with(stock)),
        Err(source) => Err(Error::Books { sku: item.sku.clone(), source }),
    };
    let after = before.iter().map(moved).collect::<Result<_, Error>>()?;
    for item in before.iter().filter(|item| item.keyed) {
        move_keys(tx, attempt, (&item.sku, lines.pieces(&item.sku)), effect, stamp)?;
    }
    Ok((before, after))
}

fn move_keys(
    tx: &mut Tx<'_>,
    attempt: (ReservationId, u32),
    (sku, pieces): (&techtrove_core::Sku, i64),
    effect: Effect,
    stamp: &Stamp,
) -> Result<(), Error> {
    let moved = match effect {
        Effect::None | Effect::FreeHeld | Effect::TakeBack => return Ok(()),
        Effect::Commit => store::assign_keys(tx, attempt, sku, pieces)?,
        Effect::FreeCommitted if planted("keys-kept-on-release") => return Ok(()),
        Effect::FreeCommitted => store::return_keys(tx, attempt, sku)?,
        Effect::Ship => store::reveal_keys(tx, attempt, sku, pieces, stamp.now)?,
    };
    if i64::try_from(moved).is_ok_and(|moved| moved == pieces) {
        Ok(())
    } else {
        Err(Error::KeyBooks(sku.clone()))
    }
}
