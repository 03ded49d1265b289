//! An import makes SKUs known and says how many pieces there are. Repeated, it changes nothing.

use std::collections::BTreeMap;

use techtrove_core::{Problem, Sku, codes};
use techtrove_db::Tx;
use techtrove_inventory_api::{STOCK_IS_KEYS, SetStock, SetStockOutcome};

use super::{
    App,
    make_known::insert_unknown,
    save::{Stamp, movements, save},
};
use crate::{
    domain::{Cause, CountRefused, MAX_COUNT, StockItem},
    error::Error,
    store::{self, Batch},
};

/// The most items of one request.
pub const MAX_ITEMS: usize = 1_000;

/// How many items one transaction sets, so that a buyer never waits long behind an import.
const CHUNK: usize = 250;

/// What the ledger says of an import, and who did it.
const REASON: &str = "import";
const ACTOR: &str = "catalog";

/// Makes the SKUs known and sets their stock where a number is given; tells in the same order what
/// became of each. Of a SKU that comes twice the last number holds.
///
/// # Errors
/// When the database fails; a part may have been set, and the same call again sets the rest.
pub async fn set_stock(app: &App, items: Vec<SetStock>) -> Result<Vec<SetStockOutcome>, Error> {
    let mut outcomes = Vec::with_capacity(items.len());
    for chunk in items.chunks(CHUNK) {
        let (chunk, stamp) = (chunk.to_vec(), Stamp::new(app));
        let refused = {
            let chunk = chunk.clone();
            app.db.write_again("inventory.set_stock", move |tx| run(tx, &chunk, &stamp)).await?
        };
        outcomes.extend(chunk.into_iter().map(|item| {
            let refused = refused.get(&item.sku).cloned();
            SetStockOutcome { sku: item.sku, refused }
        }));
    }
    Ok(outcomes)
}

/// The code and detail of each refusal, by SKU.
type Refusals = BTreeMap<Sku, (String, String)>;

fn run(tx: &mut Tx<'_>, items: &[SetStock], stamp: &Stamp) -> Result<Refusals, Error> {
    let kinds: BTreeMap<&Sku, bool> = items.iter().map(|item| (&item.sku, item.keyed)).collect();
    let before = insert_unknown(tx, &kinds, stamp)?;
    let counts: BTreeMap<&Sku, i64> =
        items.iter().filter_map(|item| Some((&item.sku, i64::from(item.on_hand?)))).collect();
    let mut refusals = Refusals::new();
    let mut after = Vec::with_capacity(before.len());
    for item in &before {
        let told = item.sold_as(kinds.get(&item.sku).copied().unwrap_or(item.digital));
        let set = counts.get(&item.sku).map(|&count| counted(&told, count));
        after.push(match set {
            Some(Ok(counted)) => counted,
            Some(Err(refusal)) => {
                refusals.insert(item.sku.clone(), refusal);
                told
            }
            None => told,
        });
    }
    let movements = movements(&before, &after, &Cause::counted(REASON, ACTOR), stamp);
    let mut batch = Batch::default();
    for movement in &movements {
        store::insert_movement(&mut batch, movement);
    }
    save(tx, batch, &before, &after, stamp)?;
    Ok(refusals)
}

/// The item with so many pieces, or why not. Where the catalogue sells licence keys, no number is taken,
/// not even the right one: it would be wrong after the next sale.
fn counted(item: &StockItem, count: i64) -> Result<StockItem, (String, String)> {
    if count > MAX_COUNT {
        let detail = format!("stock is a number from 0 to {MAX_COUNT}");
        return Err((codes::INVALID_REQUEST.code.to_owned(), detail));
    }
    if item.digital || item.keyed {
        return Err((STOCK_IS_KEYS.code.to_owned(), CountRefused::Keys.to_string()));
    }
    item.counted(count, item.stock.low_stock_threshold()).map_err(|refused| {
        let problem = Problem::from(Error::from(refused));
        (problem.code.into_owned(), problem.detail)
    })
}
