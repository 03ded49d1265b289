//! A manager counts a SKU, corrects its count, or changes from when it counts as low.

use std::slice::from_ref;

use techtrove_catalog_api::{CategoryId, Reach};
use techtrove_core::Sku;
use techtrove_db::Tx;
use techtrove_http::IfMatch;
use techtrove_identity_api::UserId;

use super::{
    App,
    save::{Stamp, movements, save},
};
use crate::{
    domain::{Cause, StockItem},
    error::Error,
    store::{self, Batch},
};

/// What the ledger says of a count by hand.
const REASON: &str = "stock was set";

/// New numbers of one SKU.
#[derive(Clone, Debug)]
pub struct StockEdit {
    /// Which SKU.
    pub sku: Sku,
    /// The versions that may be edited.
    pub if_match: IfMatch,
    /// The pieces in the building, in range.
    pub on_hand: i64,
    /// Up to how many available pieces stock counts as low, in range; unchanged when absent.
    pub low_stock_threshold: Option<i64>,
    /// Who edits.
    pub editor: UserId,
    /// Whose stock they may change.
    pub reach: Reach,
}

/// Stores the numbers with the movement between them.
///
/// # Errors
/// [`Error::UnknownSku`], [`Error::OutOfReach`], [`Error::Stale`], [`Error::Count`], or when the database
/// fails; then nothing has changed.
pub async fn edit_stock(app: &App, edit: StockEdit) -> Result<StockItem, Error> {
    let stamp = Stamp::new(app);
    app.db.write_again("inventory.edit_stock", move |tx| run(tx, &edit, &stamp)).await
}

fn run(tx: &mut Tx<'_>, edit: &StockEdit, stamp: &Stamp) -> Result<StockItem, Error> {
    let before = lock_item(tx, &edit.sku, &edit.reach)?;
    edit.if_match.check(before.version).map_err(|_| Error::Stale { current: before.version })?;
    let threshold = edit.low_stock_threshold.unwrap_or(before.stock.low_stock_threshold());
    let after = before.counted(edit.on_hand, threshold)?;
    let cause = Cause::counted(REASON, edit.editor.to_string());
    let movements = movements(from_ref(&before), from_ref(&after), &cause, stamp);
    let mut batch = Batch::default();
    for movement in &movements {
        store::insert_movement(&mut batch, movement);
    }
    save(tx, batch, from_ref(&before), from_ref(&after), stamp)?;
    Ok(after)
}

/// The SKU's stock, locked, when it is within the manager's reach.
pub(super) fn lock_item(tx: &mut Tx<'_>, sku: &Sku, reach: &Reach) -> Result<StockItem, Error> {
    let found = store::lock_items(tx, std::iter::once(sku))?;
    let item = found.into_iter().next().ok_or_else(|| Error::UnknownSku(sku.clone()))?;
    if reaches(tx, reach, sku)? { Ok(item) } else { Err(Error::OutOfReach) }
}

/// Whether the product of the SKU stands where the manager may manage.
fn reaches(tx: &mut Tx<'_>, reach: &Reach, sku: &Sku) -> Result<bool, Error> {
    if reach.is_everything() {
        return Ok(true);
    }
    for place in store::list_places(tx, sku)? {
        let parent_of = |id: CategoryId| store::lookup_parent(tx, id);
        if reach.covers(Some(place), parent_of)? {
            return Ok(true);
        }
    }
    Ok(false)
}
