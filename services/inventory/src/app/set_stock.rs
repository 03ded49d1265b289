//! An import makes SKUs known and says how many pieces there are. Repeated, it changes nothing: what was
//! sold and sent since it was told first would come back by it.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::{Problem, Sku, Timestamp, codes};
use techtrove_db::Tx;
use techtrove_http::idempotency::{Answer, Fingerprint, Key, Once, Repeatable, Scope, once};
use techtrove_inventory_api::{STOCK_IS_KEYS, SetStock, SetStockOutcome};
use uuid::Uuid;

use super::{
    App,
    make_known::insert_unknown,
    save::{Stamp, movements, save},
};
use crate::{
    domain::{Cause, CountRefused, MAX_COUNT, MAX_THRESHOLD, StockItem},
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

/// Makes the SKUs known and sets their stock where a number is given, once for each `part` of an import;
/// tells in the same order what became of each. Of a SKU that comes twice the last number holds.
///
/// # Errors
/// When the database fails; some may have been set, and the same call again sets the rest.
pub async fn set_stock(
    app: &App,
    part: &str,
    items: Vec<SetStock>,
) -> Result<Vec<SetStockOutcome>, Error> {
    let mut outcomes = Vec::with_capacity(items.len());
    for (number, chunk) in items.chunks(CHUNK).enumerate() {
        let (chunk, stamp) = (chunk.to_vec(), Stamp::new(app));
        let key = key(part, number, stamp.now);
        let job = move |tx: &mut Tx<'_>| {
            once(tx, key.as_ref(), |tx| {
                let refused = run(tx, &chunk, &stamp)?;
                Ok::<_, Error>(Outcomes(told(chunk.clone(), &refused).collect()))
            })
        };
        let Outcomes(told) = match app.db.write_again("inventory.set_stock", job).await? {
            Once::Made(made) => made,
            Once::Replayed(answer) => Outcomes::read(&answer)?,
            Once::Refused(problem) => return Err(problem.into()),
        };
        outcomes.extend(told);
    }
    Ok(outcomes)
}

/// What became of the items of one transaction.
struct Outcomes(Vec<SetStockOutcome>);

impl Repeatable for Outcomes {
    fn answer(&self) -> Result<Answer, Problem> {
        let body = serde_json::to_vec(&self.0).map_err(Problem::internal)?;
        Ok(Answer { status: 200, body, location: None, version: None, resource: None })
    }
}

impl Outcomes {
    fn read(answer: &Answer) -> Result<Self, Problem> {
        serde_json::from_slice(&answer.body).map(Self).map_err(Problem::internal)
    }
}

/// The name alone tells that it was told before: what it says may differ by then, when a product was changed.
fn key(part: &str, number: usize, now: Timestamp) -> Option<Key> {
    let name = format!("{part}/{number}");
    Some(Key::new(&name, Scope::Token(ACTOR), Fingerprint([0; 32]), now))
}

/// Tells what would become of each item if it were set now, and sets none.
///
/// # Errors
/// When the database fails.
pub async fn try_stock(app: &App, items: Vec<SetStock>) -> Result<Vec<SetStockOutcome>, Error> {
    let job = move |tx: &mut Tx<'_>| -> Result<_, Error> {
        let kinds = kinds(&items);
        let mut known = store::lookup_items(tx, kinds.keys().copied())?;
        let there: BTreeSet<Sku> = known.iter().map(|item| item.sku.clone()).collect();
        let unknown = kinds.iter().filter(|(sku, _)| !there.contains(**sku));
        known.extend(
            unknown.map(|(&sku, &digital)| StockItem::unstocked(Uuid::nil(), sku.clone(), digital)),
        );
        let (_, refusals) = set(&items, &known);
        Ok(told(items.clone(), &refusals).collect())
    };
    app.db.read("inventory.try_stock", job).await
}

/// What became of each item.
fn told(items: Vec<SetStock>, refusals: &Refusals) -> impl Iterator<Item = SetStockOutcome> {
    items.into_iter().map(|item| {
        let refused = refusals.get(&item.sku).cloned();
        SetStockOutcome { sku: item.sku, refused }
    })
}

/// The code and detail of each refusal, by SKU.
type Refusals = BTreeMap<Sku, (String, String)>;

fn run(tx: &mut Tx<'_>, items: &[SetStock], stamp: &Stamp) -> Result<Refusals, Error> {
    let before = insert_unknown(tx, &kinds(items), stamp)?;
    let (after, refusals) = set(items, &before);
    let movements = movements(&before, &after, &Cause::counted(REASON, ACTOR), stamp);
    let mut batch = Batch::default();
    for movement in &movements {
        store::insert_movement(&mut batch, movement);
    }
    save(tx, batch, &before, &after, stamp)?;
    Ok(refusals)
}

/// Whether each SKU is sold as licence keys.
fn kinds(items: &[SetStock]) -> BTreeMap<&Sku, bool> {
    items.iter().map(|item| (&item.sku, item.keyed)).collect()
}

/// The stock `before` as the items set it, and which of them are refused.
fn set(items: &[SetStock], before: &[StockItem]) -> (Vec<StockItem>, Refusals) {
    let kinds = kinds(items);
    let numbers = numbers(items);
    let mut refusals = Refusals::new();
    let mut after = Vec::with_capacity(before.len());
    for item in before {
        let told = item.sold_as(kinds.get(&item.sku).copied().unwrap_or(item.digital));
        let set = numbers.get(&item.sku).map(|numbers| counted(&told, *numbers));
        after.push(match set {
            Some(Ok(counted)) => counted,
            Some(Err(refusal)) => {
                refusals.insert(item.sku.clone(), refusal);
                told
            }
            None => told,
        });
    }
    (after, refusals)
}

/// The numbers that a SKU is given.
#[derive(Clone, Copy, Default)]
struct Numbers {
    on_hand: Option<i64>,
    low_stock_threshold: Option<i64>,
}

/// What each SKU is given; of one that comes twice the last of each number holds.
fn numbers(items: &[SetStock]) -> BTreeMap<&Sku, Numbers> {
    let mut numbers = BTreeMap::<&Sku, Numbers>::new();
    for item in items {
        let (on_hand, threshold) = (item.on_hand, item.low_stock_threshold);
        if on_hand.is_some() || threshold.is_some() {
            let given = numbers.entry(&item.sku).or_default();
            given.on_hand = on_hand.map(i64::from).or(given.on_hand);
            given.low_stock_threshold = threshold.map(i64::from).or(given.low_stock_threshold);
        }
    }
    numbers
}

/// The item with these numbers, or why not. Where the catalogue sells licence keys, no number is taken,
/// not even the right one: it would be wrong after the next sale.
fn counted(item: &StockItem, numbers: Numbers) -> Result<StockItem, (String, String)> {
    let on_hand = numbers.on_hand.unwrap_or(item.stock.on_hand());
    let threshold = numbers.low_stock_threshold.unwrap_or(item.stock.low_stock_threshold());
    for (name, number, most) in
        [("stock", on_hand, MAX_COUNT), ("low_stock_threshold", threshold, MAX_THRESHOLD)]
    {
        if number > most {
            let detail = format!("{name} is a number from 0 to {most}");
            return Err((codes::INVALID_REQUEST.code.to_owned(), detail));
        }
    }
    if numbers.on_hand.is_some() && (item.digital || item.keyed) {
        return Err((STOCK_IS_KEYS.code.to_owned(), CountRefused::Keys.to_string()));
    }
    item.counted(on_hand, threshold).map_err(|refused| {
        let problem = Problem::from(Error::from(refused));
        (problem.code.into_owned(), problem.detail)
    })
}
