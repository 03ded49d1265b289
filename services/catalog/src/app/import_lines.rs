//! The lines of one chunk become products, in one transaction. Running it again changes nothing: a
//! product that says the same already is left alone.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_bus::{EventContext, NewEvent};
use techtrove_catalog_api::{CategoryId, Fulfilment, PRODUCT_CREATED, PRODUCT_UPDATED, ProductId};
use techtrove_core::{Currency, Timestamp};
use techtrove_db::{DbError, Tx};
use techtrove_http::check_json;
use techtrove_inventory_api::SetStock;

use super::{
    App, category_event,
    change_category::check_place,
    product_event,
    save::{check_skus, settle_slug},
    tell_inventory::set_stock,
};
use crate::{
    domain::{
        Category, CategoryChange, Chunk, Columns, Fresh, ImportLine, LineError, LineProblem,
        Product, ProductChange, Slug, StockLine, VariantMode, lines, read_line, records,
    },
    error::Error,
    store,
};

/// The lines of a chunk, read, with all that storing them needs from outside.
pub(super) struct Batch {
    lines: Vec<BatchLine>,
    /// Ids for the categories that the lines name, where they are new, and what their events need.
    categories: BTreeMap<Slug, (CategoryId, EventContext)>,
    /// The lines that can't be read.
    unreadable: Vec<LineError>,
    currency: Currency,
    now: Timestamp,
}

struct BatchLine {
    number: i64,
    line: ImportLine,
    fresh: Fresh,
    event: EventContext,
}

/// What became of a chunk's lines.
pub(super) struct Stored {
    /// The lines that were not taken.
    pub errors: Vec<LineError>,
    /// The stock of those that were, each with its line's number.
    pub stock: Vec<(i64, SetStock)>,
}

/// What a chunk stored was undone: by an error, or as it was wanted.
struct Undone(Option<Box<Error>>);

impl From<Error> for Undone {
    fn from(error: Error) -> Self {
        Self(Some(Box::new(error)))
    }
}

impl From<DbError> for Undone {
    fn from(error: DbError) -> Self {
        Error::from(error).into()
    }
}

impl Batch {
    /// Reads the lines of a chunk, which are records of CSV where there are `columns`.
    pub(super) fn read(app: &App, chunk: &Chunk, columns: Option<&Columns>) -> Self {
        let mut batch = Self {
            lines: Vec::new(),
            categories: BTreeMap::new(),
            unreadable: Vec::new(),
            currency: app.config.currency,
            now: app.clock.now(),
        };
        match columns {
            None => {
                for (number, text) in lines(chunk) {
                    let read = read_line(text, batch.currency);
                    batch.add(app, number, read.and_then(|line| unambiguous(text).map(|()| line)));
                }
            }
            Some(columns) => {
                for (number, text) in records(chunk) {
                    let read = columns.read_row(text, batch.currency);
                    let read =
                        read.and_then(|line| unambiguous_cells(columns, text).map(|()| line));
                    batch.add(app, number, read);
                }
            }
        }
        batch
    }

    fn add(&mut self, app: &App, number: i64, read: Result<ImportLine, LineProblem>) {
        let line = match read {
            Ok(line) => line,
            Err(problem) => return self.unreadable.push(problem.at(number)),
        };
        for slug in line.categories.iter().filter_map(CategoryChange::slug) {
            if !self.categories.contains_key(slug) {
                let new = (app.ids.next(), app.event_context());
                self.categories.insert(slug.clone(), new);
            }
        }
        let fresh = app.fresh(line.stock.len());
        self.lines.push(BatchLine { number, line, fresh, event: app.event_context() });
    }

    /// Tries to store the products of the lines, and undoes it. What one chunk would have stored is not
    /// there for the next.
    pub(super) fn rehearse(&self, tx: &mut Tx<'_>) -> Result<Stored, Error> {
        let mut stored = None;
        let undone = tx.savepoint(|tx| -> Result<(), Undone> {
            stored = Some(self.store(tx)?);
            Err(Undone(None))
        });
        match (undone, stored) {
            (Err(Undone(Some(error))), _) => Err(*error),
            (_, Some(stored)) => Ok(stored),
            (_, None) => Ok(Stored { errors: Vec::new(), stock: Vec::new() }),
        }
    }

    /// Stores the products of the lines, and tells of those that changed.
    pub(super) fn store(&self, tx: &mut Tx<'_>) -> Result<Stored, Error> {
        let mut stored = Stored { errors: self.unreadable.clone(), stock: Vec::new() };
        let mut events = Vec::new();
        let mut known = BTreeMap::new();
        for line in &self.lines {
            match self.take_line(tx, line, &mut known) {
                Ok((event, fulfilment)) => {
                    events.extend(event.map(|event| (line.event.clone(), event)));
                    let stock = line.line.stock.iter();
                    let stock = stock.map(|stock| (line.number, carried(stock, fulfilment)));
                    stored.stock.extend(stock);
                }
                Err(error) => stored.errors.push(error.into_line_problem()?.at(line.number)),
            }
        }
        techtrove_bus::record_all(tx, &events)?;
        stored.errors.sort_by_key(|error| error.line);
        Ok(stored)
    }

    /// Stores a line whole or not at all: where it makes categories, they go with it when it is refused.
    fn take_line(
        &self,
        tx: &mut Tx<'_>,
        line: &BatchLine,
        known: &mut BTreeMap<Slug, CategoryId>,
    ) -> Result<(Option<NewEvent>, Fulfilment), Error> {
        if !makes_category(tx, line, known)? {
            return self.store_line(tx, line, known);
        }
        let before = known.clone();
        let stored = tx.savepoint(|tx| self.store_line(tx, line, known));
        if stored.is_err() {
            *known = before;
        }
        stored
    }

    /// Stores the product of one line; tells its event, if it changed, and how it reaches the customer.
    /// Everything is checked before anything is stored but new categories.
    fn store_line(
        &self,
        tx: &mut Tx<'_>,
        line: &BatchLine,
        known: &mut BTreeMap<Slug, CategoryId>,
    ) -> Result<(Option<NewEvent>, Fulfilment), Error> {
        let owner = match single_owner(tx, &line.line.change)? {
            None if line.line.joins => product_of_slug(tx, &line.line.change)?,
            owner => owner,
        };
        let mut change = line.line.change.clone();
        let mut category = None;
        for step in &line.line.categories {
            category = Some(self.category(tx, step, category, known)?);
        }
        if let Some(id) = category {
            change = change.into_category(id);
        }
        match owner {
            None => self.store_new(tx, change, &line.fresh),
            Some(id) => self.store_change(tx, id, change, &line.fresh),
        }
    }

    fn store_new(
        &self,
        tx: &mut Tx<'_>,
        change: ProductChange,
        fresh: &Fresh,
    ) -> Result<(Option<NewEvent>, Fulfilment), Error> {
        let asked = change.slug().cloned();
        let product = settle_slug(tx, Product::create(change, fresh)?, asked.as_ref())?;
        store::insert_product(tx, &product, self.currency)?;
        Ok((Some(product_event(PRODUCT_CREATED, &product)), product.fulfilment))
    }

    fn store_change(
        &self,
        tx: &mut Tx<'_>,
        id: ProductId,
        change: ProductChange,
        fresh: &Fresh,
    ) -> Result<(Option<NewEvent>, Fulfilment), Error> {
        let before = store::lock_product(tx, id)?.ok_or(Error::NotFound("product"))?;
        let asked = change.slug().cloned();
        check_skus(tx, id, change.skus())?;
        let product = before.edited(change, VariantMode::Upsert, fresh)?;
        if product.says_the_same_as(&before) {
            return Ok((None, before.fulfilment));
        }
        let product = settle_slug(tx, product, asked.as_ref())?;
        store::update_product(tx, &before, &product, self.currency)?;
        Ok((Some(product_event(PRODUCT_UPDATED, &product)), product.fulfilment))
    }

    /// The category of the slug that `wanted` names, as it is; made below `parent` where there is none.
    fn category(
        &self,
        tx: &mut Tx<'_>,
        wanted: &CategoryChange,
        parent: Option<CategoryId>,
        known: &mut BTreeMap<Slug, CategoryId>,
    ) -> Result<CategoryId, Error> {
        let slug = wanted.slug().ok_or(Error::NotFound("category"))?;
        if let Some(id) = known.get(slug) {
            return Ok(*id);
        }
        let id = match (store::lookup_category_by_slug(tx, slug)?, self.categories.get(slug)) {
            (Some(category), _) => category.id,
            (None, Some((id, context))) => {
                let category = Category::create(wanted.clone().below(parent), *id, self.now)?;
                check_place(tx, &category, parent)?;
                store::insert_category(tx, &category)?;
                techtrove_bus::record(tx, context, &category_event(&category))?;
                *id
            }
            (None, None) => return Err(Error::NotFound("category")),
        };
        known.insert(slug.clone(), id);
        Ok(id)
    }
}

/// JSON in a cell is as strict as a body.
fn unambiguous_cells(columns: &Columns, record: &[u8]) -> Result<(), LineProblem> {
    columns.json_cells(record).try_for_each(|(name, cell)| {
        unambiguous(cell.as_bytes()).map_err(|problem| {
            LineProblem::new(problem.code, format!("{name}: {}", problem.detail))
        })
    })
}

/// A line is as strict as a body: no key comes twice in an object, whichever of both would be meant.
fn unambiguous(line: &[u8]) -> Result<(), LineProblem> {
    check_json(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)).map_err(|problem| {
        let place = problem.detail.rsplit_once(" at line 1 column ");
        let detail = place.map(|(words, column)| format!("{words} (column {column})"));
        LineProblem::new(problem.code, detail.unwrap_or(problem.detail))
    })
}

/// Whether a line names a category that there is not yet.
fn makes_category(
    tx: &mut Tx<'_>,
    line: &BatchLine,
    known: &BTreeMap<Slug, CategoryId>,
) -> Result<bool, Error> {
    let slugs = line.line.categories.iter().filter_map(CategoryChange::slug);
    for slug in slugs.filter(|slug| !known.contains_key(*slug)) {
        if store::lookup_category_by_slug(tx, slug)?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What inventory is told of the stock that a line carries.
fn carried(stock: &StockLine, fulfilment: Fulfilment) -> SetStock {
    let told = set_stock(stock.sku.clone(), fulfilment, stock.on_hand);
    SetStock { low_stock_threshold: stock.low_stock_threshold, ..told }
}

/// The product that has the slug which the change names, if one has.
fn product_of_slug(tx: &mut Tx<'_>, change: &ProductChange) -> Result<Option<ProductId>, Error> {
    let Some(slug) = change.slug() else { return Ok(None) };
    Ok(store::lookup_by_slug(tx, slug)?)
}

/// The product that the SKUs of a line belong to, if any of them is known.
fn single_owner(tx: &mut Tx<'_>, change: &ProductChange) -> Result<Option<ProductId>, Error> {
    let mut owners = BTreeSet::new();
    for sku in change.skus() {
        owners.extend(store::owner_of_sku(tx, sku)?);
    }
    if owners.len() > 1 {
        return Err(Error::SkuConflict);
    }
    Ok(owners.first().copied())
}
