//! A manager brings licence keys for a digital SKU: as many pieces more.

use std::slice::from_ref;

use techtrove_catalog_api::Reach;
use techtrove_core::Sku;
use techtrove_db::Tx;
use techtrove_http::idempotency::{Key, Once, once};
use techtrove_identity_api::UserId;

use super::{
    App,
    edit_stock::lock_item,
    save::{Stamp, movements, save},
};
use crate::{
    domain::{Cause, NewKeys, StockItem},
    error::Error,
    store::{self, Batch},
};

/// What the ledger says of new keys.
const REASON: &str = "licence keys were added";

/// Licence keys for a SKU.
#[derive(Clone, Debug)]
pub struct KeyDelivery {
    /// Which SKU.
    pub sku: Sku,
    /// The keys.
    pub keys: NewKeys,
    /// Who brings them.
    pub editor: UserId,
    /// Whose stock they may change.
    pub reach: Reach,
}

/// What came of licence keys that were added.
#[derive(Clone, Debug)]
pub struct AddedKeys {
    /// The stock afterwards.
    pub item: StockItem,
    /// How many keys were added.
    pub added: i64,
}

/// Adds the keys, all or none, once per idempotency key.
///
/// # Errors
/// [`Error::UnknownSku`], [`Error::OutOfReach`], [`Error::Count`] when the SKU's pieces are no keys, [`Error::KnownKeys`], or
/// when the database fails; then nothing has changed.
pub async fn add_keys(
    app: &App,
    delivery: KeyDelivery,
    key: Option<Key>,
) -> Result<Once<AddedKeys>, Error> {
    let stamp = Stamp::new(app);
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), |tx| run(tx, &delivery, &stamp));
    app.db.write_again("inventory.add_keys", job).await
}

/// Every change of a SKU's keys locks its stock first, so that what is not known here stays unknown until
/// it is stored.
fn run(tx: &mut Tx<'_>, delivery: &KeyDelivery, stamp: &Stamp) -> Result<AddedKeys, Error> {
    let (keys, added) = (delivery.keys.as_slice(), delivery.keys.count());
    let before = lock_item(tx, &delivery.sku, &delivery.reach)?;
    let item = before.with_keys(added)?;
    let known = store::lookup_known(tx, &delivery.sku, keys)?;
    if !known.is_empty() {
        return Err(Error::KnownKeys(known));
    }
    let cause = Cause::counted(REASON, delivery.editor.to_string());
    let movements = movements(from_ref(&before), from_ref(&item), &cause, stamp);
    let mut batch = Batch::default();
    for movement in &movements {
        store::insert_movement(&mut batch, movement);
    }
    for (index, key) in keys.iter().enumerate() {
        store::insert_key(&mut batch, stamp.id(index), &delivery.sku, key, stamp.now);
    }
    save(tx, batch, from_ref(&before), from_ref(&item), stamp)?;
    Ok(AddedKeys { item, added })
}
