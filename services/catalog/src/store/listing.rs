//! Lists of products. Only keys are filtered and sorted, out of an index that has all that is looked at;
//! the documents of one page are read at the end. A list is the walk of an index in its order, which ends
//! with the page: that of the whole shop, of a brand, or those of a category and of each below it, put
//! together here. Where a bound leaves few products in the whole shop, those are sorted instead, since a
//! walk would pass by all the others. A statement is text of the program, so there is one for each order
//! and each set of filters; bounds on numbers stand in all of them. Where a column has a `+`, no index is
//! meant for it: the planner does not know how much a bound lets through.

use std::{cmp::Ordering, collections::BTreeSet};

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::TypedId;
use techtrove_db::{DbError, IntoValue, Row, Tx, Value, p};
use uuid::Uuid;

use super::products::get_all_shown;
use crate::domain::{Bounds, ListCursor, ShownProduct, Sort, Status};

/// How few products are sorted rather than passed by in the order of the list.
const FEW: i64 = 1_000;

/// Which products are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this status.
    pub status: Status,
    /// Only of this category and those below it.
    pub category: Option<CategoryId>,
    /// Only of this brand, whatever its case.
    pub brand: Option<String>,
    /// Only those whose name or brand has this text, whatever its case.
    pub q: Option<String>,
    /// Only with numbers between these.
    pub bounds: Bounds,
}

/// How brands are compared, and texts looked for.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// What `q` is looked for in.
pub(super) fn search_text(name: &str, brand: Option<&str>) -> String {
    folded(&format!("{name}\n{}", brand.unwrap_or_default()))
}

/// The pattern of texts that have `q` in them.
fn pattern(q: &str) -> String {
    let mut pattern = String::from("%");
    for c in folded(q).chars() {
        if matches!(c, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// What lies behind the cursor.
macro_rules! behind {
    (newest) => {
        " AND q.id < ?"
    };
    (price) => {
        " AND (+q.price_min > ? OR q.id > ?)"
    };
    (price_descending) => {
        " AND (+q.price_min < ? OR q.id < ?)"
    };
    (rating) => {
        " AND (+q.rating_average < ? OR q.id < ?)"
    };
    (bestselling) => {
        " AND (+q.sold < ? OR q.id < ?)"
    };
}

/// The bounds where everything is looked through, in the order of an index.
macro_rules! bounds {
    (newest) => {
        "+q.price_min BETWEEN ? AND ? AND +q.rating_average BETWEEN ? AND ?"
    };
    // No bound of it is asked for: the key is one, where the others narrow theirs.
    (bestselling) => {
        concat!(bounds!(newest), " AND q.sold <= ?")
    };
    (rating) => {
        "+q.price_min BETWEEN ? AND ? AND q.rating_average BETWEEN ? AND ?"
    };
    ($price:ident) => {
        "q.price_min BETWEEN ? AND ? AND +q.rating_average BETWEEN ? AND ?"
    };
}

/// The bounds where an index of another kind finds what is looked through.
macro_rules! sifted_bounds {
    (bestselling) => {
        concat!(bounds!(newest), " AND +q.sold <= ?")
    };
    ($sort:ident) => {
        bounds!(newest)
    };
}

/// The order as an index has it.
macro_rules! order {
    (newest) => {
        "q.id DESC"
    };
    (price) => {
        "q.price_min, q.id"
    };
    (price_descending) => {
        "q.price_min DESC, q.id DESC"
    };
    (rating) => {
        "q.rating_average DESC, q.id DESC"
    };
    (bestselling) => {
        "q.sold DESC, q.id DESC"
    };
}

/// The order in which what an index of another kind finds is put.
macro_rules! sifted {
    (newest) => {
        "q.id DESC"
    };
    (price) => {
        "+q.price_min, q.id"
    };
    (price_descending) => {
        "+q.price_min DESC, q.id DESC"
    };
    (rating) => {
        "+q.rating_average DESC, q.id DESC"
    };
    (bestselling) => {
        "+q.sold DESC, q.id DESC"
    };
}

/// What a product is sorted by, before its id; nothing of meaning where it is the id alone.
macro_rules! key {
    (rating) => {
        "q.rating_average"
    };
    (bestselling) => {
        "q.sold"
    };
    ($sort:ident) => {
        "q.price_min"
    };
}

/// The first places in an order, with what an index is entered by and what is looked at besides.
macro_rules! places {
    ($sort:ident, $entered:expr, $besides:expr) => {
        places!($sort, $entered, bounds!($sort), $besides, order!($sort))
    };
    ($sort:ident, $entered:expr, $bounds:expr, $besides:expr, $order:expr) => {
        concat!(
            "SELECT ",
            key!($sort),
            ", q.id FROM products q WHERE ",
            $entered,
            "q.status = ? AND +q.availability BETWEEN ? AND ? AND ",
            $bounds,
            behind!($sort),
            $besides,
            " ORDER BY ",
            $order,
            " LIMIT ?"
        )
    };
}

/// The statement for an order, by whether a category, a brand and a text are given. A brand is hidden from
/// the planner where the index of a category is meant.
macro_rules! walk {
    ($sort:ident, $given:expr) => {
        match $given {
            (false, false, false) => places!($sort, "", ""),
            (false, false, true) => places!($sort, "", " AND q.search_text LIKE ? ESCAPE '!'"),
            (false, true, false) => {
                places!($sort, "", sifted_bounds!($sort), " AND q.brand_folded = ?", sifted!($sort))
            }
            (false, true, true) => places!(
                $sort,
                "",
                sifted_bounds!($sort),
                " AND q.brand_folded = ? AND q.search_text LIKE ? ESCAPE '!'",
                sifted!($sort)
            ),
            (true, false, false) => places!($sort, "q.category_id = ? AND ", ""),
            (true, false, true) => {
                places!($sort, "q.category_id = ? AND ", " AND q.search_text LIKE ? ESCAPE '!'")
            }
            (true, true, false) => {
                places!($sort, "q.category_id = ? AND ", " AND COALESCE(q.brand_folded, '') = ?")
            }
            (true, true, true) => places!(
                $sort,
                "q.category_id = ? AND ",
                " AND COALESCE(q.brand_folded, '') = ? AND q.search_text LIKE ? ESCAPE '!'"
            ),
        }
    };
}

/// All that a bound which few pass lets through, in no order.
macro_rules! few {
    ($bounds:expr, $besides:literal) => {
        concat!(
            "SELECT q.price_min, q.rating_average, q.sold, q.id, q.category_id FROM products q \
             WHERE q.status = ? AND +q.availability BETWEEN ? AND ? AND ",
            $bounds,
            $besides
        )
    };
}

/// Where a product stands in a list: what it is sorted by, and its id.
type Place = (i64, ProductId);

/// Where a page begins: the bounds narrowed to it, the key if the order has one, and the id.
fn start(
    sort: Sort,
    bounds: Bounds,
    after: Option<ListCursor>,
) -> (Bounds, Option<i64>, ProductId) {
    let (price, rating) = (bounds.price, bounds.rating);
    let first = ProductId::from_uuid(Uuid::nil());
    let last = ProductId::from_uuid(Uuid::max());
    match sort {
        Sort::Newest | Sort::Relevance => (bounds, None, after.map_or(last, |after| after.id)),
        Sort::Price => {
            let (key, id) = after.map_or((-1, first), |after| (after.key, after.id));
            (Bounds { price: (price.0.max(key), price.1), ..bounds }, Some(key), id)
        }
        Sort::PriceDescending => {
            let (key, id) = after.map_or((i64::MAX, last), |after| (after.key, after.id));
            (Bounds { price: (price.0, price.1.min(key)), ..bounds }, Some(key), id)
        }
        Sort::Rating => {
            let (key, id) = after.map_or((i64::MAX, last), |after| (after.key, after.id));
            (Bounds { rating: (rating.0, rating.1.min(key)), ..bounds }, Some(key), id)
        }
        Sort::Bestselling => {
            let (key, id) = after.map_or((i64::MAX, last), |after| (after.key, after.id));
            (bounds, Some(key), id)
        }
    }
}

/// At most `limit` products in this order, behind `after` where it is given.
///
/// # Errors
/// When the database fails.
pub fn list_products(
    tx: &mut Tx<'_>,
    filter: &Filter,
    sort: Sort,
    after: Option<ListCursor>,
    limit: usize,
) -> Result<Vec<ShownProduct>, DbError> {
    let categories = filter.category.map(|top| category_and_below(tx, top)).transpose()?;
    let mut places = match lookup_few(tx, filter, sort)? {
        Some(few) => few_places(tx, filter, few, categories.as_deref(), sort, after)?,
        None => walked_places(tx, filter, categories.as_deref(), sort, after, limit)?,
    };
    places.sort_unstable_by(|one, other| sort.compare(*one, *other));
    places.truncate(limit);
    get_all_shown(tx, &places.iter().map(|(_, id)| *id).collect::<Vec<_>>())
}

/// A category and all that stand below it.
fn category_and_below(tx: &mut Tx<'_>, top: CategoryId) -> Result<Vec<CategoryId>, DbError> {
    tx.query(
        "WITH RECURSIVE below (id) AS (SELECT id FROM categories WHERE id = ? UNION ALL \
         SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id) SELECT id FROM below",
        p![top],
        |row| row.get(0),
    )
}

/// The first places by the walk of the index of this order, or of each category's.
fn walked_places(
    tx: &mut Tx<'_>,
    filter: &Filter,
    categories: Option<&[CategoryId]>,
    sort: Sort,
    after: Option<ListCursor>,
    limit: usize,
) -> Result<Vec<Place>, DbError> {
    let walk = Walk::new(filter, sort, after, limit);
    let Some(categories) = categories else { return walk.places(tx, None) };
    let mut places = Vec::new();
    for category in categories {
        places.extend(walk.places(tx, Some(*category))?);
        if places.len() > limit {
            places.sort_unstable_by(|one, other| sort.compare(*one, *other));
            places.truncate(limit);
        }
    }
    Ok(places)
}

/// A walk of an index, up to the end of the page.
struct Walk {
    text: &'static str,
    status: Status,
    bounds: Bounds,
    key: Option<i64>,
    /// No bound is asked for of what was sold: it is the key, where the others narrow theirs.
    most_sold: Option<i64>,
    id: ProductId,
    brand: Option<String>,
    q: Option<String>,
    limit: i64,
}

impl Walk {
    fn new(filter: &Filter, sort: Sort, after: Option<ListCursor>, limit: usize) -> Self {
        let given = (filter.category.is_some(), filter.brand.is_some(), filter.q.is_some());
        let text = match sort {
            Sort::Newest | Sort::Relevance => walk!(newest, given),
            Sort::Price => walk!(price, given),
            Sort::PriceDescending => walk!(price_descending, given),
            Sort::Rating => walk!(rating, given),
            Sort::Bestselling => walk!(bestselling, given),
        };
        let (bounds, key, id) = start(sort, filter.bounds, after);
        Self {
            text,
            status: filter.status,
            bounds,
            key,
            most_sold: key.filter(|_| sort == Sort::Bestselling),
            id,
            brand: filter.brand.as_deref().map(folded),
            q: filter.q.as_deref().map(pattern),
            limit: i64::try_from(limit).unwrap_or(i64::MAX),
        }
    }

    fn places(&self, tx: &mut Tx<'_>, category: Option<CategoryId>) -> Result<Vec<Place>, DbError> {
        let Bounds { price, availability, rating } = self.bounds;
        let status = self.status.as_str();
        let numbers =
            p![status, availability.0, availability.1, price.0, price.1, rating.0, rating.1];
        let behind = [
            self.most_sold.as_ref().map(IntoValue::into_stored),
            self.key.as_ref().map(IntoValue::into_stored),
            Some(self.id.into_stored()),
            self.brand.as_ref().map(IntoValue::into_stored),
            self.q.as_ref().map(IntoValue::into_stored),
            Some(self.limit.into_stored()),
        ];
        let entered = category.as_ref().map(IntoValue::into_stored).into_iter();
        let values = entered.chain(numbers.iter().cloned()).chain(behind.into_iter().flatten());
        let read =
            |row: &Row<'_>| Ok((if self.key.is_some() { row.get(0)? } else { 0 }, row.get(1)?));
        tx.query(self.text, values.collect::<Vec<Value<'_>>>(), read)
    }
}

/// A bound that few products of the whole shop pass.
#[derive(Clone, Copy)]
enum Few {
    Rated,
    Priced,
}

/// The bound that few pass, if there is one which neither the order nor the brand's index serves.
fn lookup_few(tx: &mut Tx<'_>, filter: &Filter, sort: Sort) -> Result<Option<Few>, DbError> {
    if filter.brand.is_some() {
        return Ok(None);
    }
    let (bounds, all) = (filter.bounds, Bounds::default());
    let rated = bounds.rating != all.rating && sort != Sort::Rating;
    if rated && are_few(tx, RATED, filter.status, bounds.rating)? {
        return Ok(Some(Few::Rated));
    }
    let by_price = matches!(sort, Sort::Price | Sort::PriceDescending);
    let priced = bounds.price != all.price && !by_price;
    if priced && are_few(tx, PRICED, filter.status, bounds.price)? {
        return Ok(Some(Few::Priced));
    }
    Ok(None)
}

/// How many products are rated so, up to a limit.
const RATED: &str = "SELECT COUNT(*) FROM (SELECT q.id FROM products q WHERE q.status = ? \
    AND q.rating_average BETWEEN ? AND ? LIMIT ?) few";

/// How many products cost so much, up to a limit.
const PRICED: &str = "SELECT COUNT(*) FROM (SELECT q.id FROM products q WHERE q.status = ? \
    AND q.price_min BETWEEN ? AND ? LIMIT ?) few";

fn are_few(
    tx: &mut Tx<'_>,
    count: &'static str,
    status: Status,
    (low, high): (i64, i64),
) -> Result<bool, DbError> {
    let found: i64 = tx.query_one(count, p![status.as_str(), low, high, FEW], |row| row.get(0))?;
    Ok(found < FEW)
}

/// The places of the few, in no order.
fn few_places(
    tx: &mut Tx<'_>,
    filter: &Filter,
    few: Few,
    categories: Option<&[CategoryId]>,
    sort: Sort,
    after: Option<ListCursor>,
) -> Result<Vec<Place>, DbError> {
    let text = match (few, filter.q.is_some()) {
        (Few::Rated, false) => few!(bounds!(rating), ""),
        (Few::Rated, true) => few!(bounds!(rating), " AND q.search_text LIKE ? ESCAPE '!'"),
        (Few::Priced, false) => few!(bounds!(price), ""),
        (Few::Priced, true) => few!(bounds!(price), " AND q.search_text LIKE ? ESCAPE '!'"),
    };
    let Bounds { price, availability, rating } = filter.bounds;
    let status = filter.status.as_str();
    let numbers = p![status, availability.0, availability.1, price.0, price.1, rating.0, rating.1];
    let q = filter.q.as_deref().map(pattern);
    let values = numbers.iter().cloned().chain(q.as_ref().map(IntoValue::into_stored));
    let found = tx.query(text, values.collect::<Vec<Value<'_>>>(), |row| {
        let key = match sort {
            Sort::Newest | Sort::Relevance => 0,
            Sort::Price | Sort::PriceDescending => row.get(0)?,
            Sort::Rating => row.get(1)?,
            Sort::Bestselling => row.get(2)?,
        };
        Ok(((key, row.get::<ProductId>(3)?), row.get::<Option<CategoryId>>(4)?))
    })?;
    let categories: Option<BTreeSet<&CategoryId>> = categories.map(|it| it.iter().collect());
    let wanted = |(place, category): &(Place, Option<CategoryId>)| {
        let behind =
            after.is_none_or(|after| sort.compare((after.key, after.id), *place) == Ordering::Less);
        let within =
            |all: &BTreeSet<&CategoryId>| category.as_ref().is_some_and(|id| all.contains(id));
        behind && categories.as_ref().is_none_or(within)
    };
    Ok(found.into_iter().filter(wanted).map(|(place, _)| place).collect())
}
