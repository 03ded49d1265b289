//! Lists of products. Only keys are filtered and sorted, out of an index; the documents of one page are
//! read at the end. A statement is text of the program, so there is one for each order and each set of
//! filters that an index answers; bounds on numbers stand in all of them. Where a column has a `+`, no
//! index is meant for it: the planner does not know how much a bound lets through.

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::TypedId;
use techtrove_db::{DbError, IntoValue, Tx, Value, p};
use uuid::Uuid;

use super::products::read_shown;
use crate::domain::{Bounds, ListCursor, ShownProduct, Sort, Status};

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

/// The order, of the table of this name.
macro_rules! order {
    (newest, $t:literal) => {
        concat!($t, ".id DESC")
    };
    (price, $t:literal) => {
        concat!($t, ".price_min, ", $t, ".id")
    };
    (price_descending, $t:literal) => {
        concat!($t, ".price_min DESC, ", $t, ".id DESC")
    };
    (rating, $t:literal) => {
        concat!($t, ".rating_average DESC, ", $t, ".id DESC")
    };
    (bestselling, $t:literal) => {
        concat!($t, ".sold DESC, ", $t, ".id DESC")
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

/// The page's products in an order, with what may stand before the statement, between its tables and
/// among its conditions.
macro_rules! page {
    // Everything, out of the index of the order.
    ($sort:ident) => {
        page!($sort, "", "products", bounds!($sort), "", order!($sort, "q"))
    };
    // What an index of its own finds, sorted then.
    ($sort:ident, $before:expr, $tables:expr, $conditions:expr) => {
        page!($sort, $before, $tables, sifted_bounds!($sort), $conditions, sifted!($sort))
    };
    ($sort:ident, $before:expr, $tables:expr, $bounds:expr, $conditions:expr, $order:expr) => {
        concat!(
            $before,
            "SELECT p.id, p.document, p.version, p.status, p.availability, p.rating_average, \
             p.rating_count, p.price_min, p.sold FROM products p JOIN (SELECT q.id FROM ",
            $tables,
            " q WHERE q.status = ? AND +q.availability BETWEEN ? AND ? AND ",
            $bounds,
            behind!($sort),
            $conditions,
            " ORDER BY ",
            $order,
            " LIMIT ?) page ON page.id = p.id ORDER BY ",
            order!($sort, "p")
        )
    };
}

/// A category and all that stand below it.
macro_rules! below {
    () => {
        "WITH RECURSIVE below (id) AS (SELECT id FROM categories WHERE id = ? UNION ALL \
         SELECT c.id FROM categories c JOIN below b ON c.parent_id = b.id) "
    };
}

/// `CROSS JOIN` tells SQLite to begin with the categories: its planner, which does not know how few
/// products one holds, would look through all of them from the first on.
macro_rules! in_below {
    () => {
        "below b CROSS JOIN products"
    };
}

/// The statement for an order, by whether category, brand and text are given.
macro_rules! select {
    ($sort:ident, $given:expr) => {
        match $given {
            (false, false, false) => page!($sort),
            (false, true, false) => page!($sort, "", "products", " AND q.brand_folded = ?"),
            (false, false, true) => {
                page!(
                    $sort,
                    "",
                    "products",
                    bounds!($sort),
                    " AND q.search_text LIKE ? ESCAPE '!'",
                    order!($sort, "q")
                )
            }
            (false, true, true) => page!(
                $sort,
                "",
                "products",
                " AND q.brand_folded = ? AND q.search_text LIKE ? ESCAPE '!'"
            ),
            (true, false, false) => {
                page!($sort, below!(), in_below!(), " AND q.category_id = b.id")
            }
            (true, true, false) => page!(
                $sort,
                below!(),
                in_below!(),
                " AND q.category_id = b.id AND q.brand_folded = ?"
            ),
            (true, false, true) => page!(
                $sort,
                below!(),
                in_below!(),
                " AND q.category_id = b.id AND q.search_text LIKE ? ESCAPE '!'"
            ),
            (true, true, true) => page!(
                $sort,
                below!(),
                in_below!(),
                " AND q.category_id = b.id AND q.brand_folded = ? \
                 AND q.search_text LIKE ? ESCAPE '!'"
            ),
        }
    };
}

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
    let given = (filter.category.is_some(), filter.brand.is_some(), filter.q.is_some());
    let text = match sort {
        Sort::Newest | Sort::Relevance => select!(newest, given),
        Sort::Price => select!(price, given),
        Sort::PriceDescending => select!(price_descending, given),
        Sort::Rating => select!(rating, given),
        Sort::Bestselling => select!(bestselling, given),
    };
    let (bounds, key, id) = start(sort, filter.bounds, after);
    let Bounds { price, availability, rating } = bounds;
    let status = filter.status.as_str();
    let numbers = p![status, availability.0, availability.1, price.0, price.1, rating.0, rating.1];
    let brand = filter.brand.as_deref().map(folded);
    let q = filter.q.as_deref().map(pattern);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let before = filter.category.as_ref().map(IntoValue::into_stored);
    let bound = key.filter(|_| sort == Sort::Bestselling);
    let behind = [
        bound.as_ref().map(IntoValue::into_stored),
        key.as_ref().map(IntoValue::into_stored),
        Some(id.into_stored()),
        brand.as_ref().map(IntoValue::into_stored),
        q.as_ref().map(IntoValue::into_stored),
        Some(limit.into_stored()),
    ];
    let values =
        before.into_iter().chain(numbers.iter().cloned()).chain(behind.into_iter().flatten());
    tx.query(text, values.collect::<Vec<Value<'_>>>(), read_shown)
}
