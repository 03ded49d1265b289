//! A manager corrects the count of a SKU by a difference, and says why.

use std::slice::from_ref;

use techtrove_catalog_api::Reach;
use techtrove_core::{Sku, TypedId};
use techtrove_db::Tx;
use techtrove_http::idempotency::{Key, Once, once};
use techtrove_identity_api::UserId;
use techtrove_inventory_api::MovementId;

use super::{
    App,
    edit_stock::lock_item,
    save::{Stamp, save},
};
use crate::{
    domain::{Cause, Movement, Reason, StockItem},
    error::Error,
    store::{self, Batch},
};

/// A difference to what was thought to be there.
#[derive(Clone, Debug)]
pub struct Adjustment {
    /// Of which SKU.
    pub sku: Sku,
    /// So many pieces more (or fewer, when negative); not zero, in range.
    pub delta: i64,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub editor: UserId,
    /// Whose stock they may change.
    pub reach: Reach,
}

/// What an adjustment made.
#[derive(Clone, Debug)]
pub struct Adjusted {
    /// The stock afterwards.
    pub item: StockItem,
    /// Its line in the ledger.
    pub movement: Movement,
}

/// Stores the corrected count with its line in the ledger, once per key.
///
/// # Errors
/// [`Error::UnknownSku`], [`Error::OutOfReach`], [`Error::Count`], or when the database fails; then nothing has changed.
pub async fn adjust_stock(
    app: &App,
    adjustment: Adjustment,
    key: Option<Key>,
) -> Result<Once<Adjusted>, Error> {
    let stamp = Stamp::new(app);
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), |tx| run(tx, &adjustment, &stamp));
    app.db.write_again("inventory.adjust_stock", job).await
}

fn run(tx: &mut Tx<'_>, adjustment: &Adjustment, stamp: &Stamp) -> Result<Adjusted, Error> {
    let before = lock_item(tx, &adjustment.sku, &adjustment.reach)?;
    let item = before.adjusted(adjustment.delta)?;
    let cause = Cause::adjusted(&adjustment.reason, adjustment.editor.to_string());
    let id = MovementId::from_uuid(stamp.id(0));
    let movement = Movement::between(&before, &item, &cause, id, stamp.now);
    // A difference of zero was refused before.
    let movement = movement.ok_or(Error::Raced)?;
    let mut batch = Batch::default();
    store::insert_movement(&mut batch, &movement);
    save(tx, batch, from_ref(&before), from_ref(&item), stamp)?;
    Ok(Adjusted { item, movement })
}
