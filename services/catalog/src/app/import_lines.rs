//! The lines of one chunk become products, in one transaction. A product that says the same already is
//! left alone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use techtrove_bus::{EventContext, NewEvent};
use techtrove_catalog_api::{CategoryId, Fulfilment, PRODUCT_CREATED, PRODUCT_UPDATED, ProductId};
use techtrove_core::{Currency, Timestamp, planted};
use techtrove_db::Tx;
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
    pub(super) currency: Currency,
    now: Timestamp,
}

struct BatchLine {
    number: i64,
    line: ImportLine,
    fresh: Fresh,
    event: EventContext,
}

/// What became of a chunk's lines.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Stored {
    /// The lines that were not taken.
    pub errors: Vec<LineError>,
    /// The stock of those that were, each with its line's number.
    pub stock: Vec<(i64, SetStock)>,
    /// The categories that they made, each behind those above it.
    #[serde(skip)]
    pub made: Vec<Category>,
}

/// The categories that a chunk's lines have named so far.
#[derive(Clone, Default)]
struct Named {
    ids: BTreeMap<Slug, CategoryId>,
    /// Those that there were none of.
    made: Vec<Category>,
}

/// What a line left.
#[derive(Default)]
struct Taken {
    /// Its product; none where it is of categories alone.
    product: Option<Product>,
    /// Tells of it, if it changed.
    event: Option<NewEvent>,
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

    /// What was read of the lines that can be.
    pub(super) fn readable(&self) -> impl Iterator<Item = &ImportLine> {
        self.lines.iter().map(|line| &line.line)
    }

    /// Stores the products of the lines, tells of those that changed, and gives them to `changed`.
    pub(super) fn store(
        &self,
        tx: &mut Tx<'_>,
        mut changed: impl FnMut(Product),
    ) -> Result<Stored, Error> {
        let (mut errors, mut stock) = (self.unreadable.clone(), Vec::new());
        let mut events = Vec::new();
        let mut named = Named::default();
        for line in &self.lines {
            match self.take_line(tx, line, &mut named) {
                Ok(Taken { product: None, .. }) => {}
                Ok(Taken { product: Some(product), event }) => {
                    let fulfilment = product.fulfilment;
                    let carried = |it| (line.number, carried(it, fulfilment));
                    stock.extend(line.line.stock.iter().map(carried));
                    if let Some(event) = event {
                        events.push((line.event.clone(), event));
                        changed(product);
                    }
                }
                Err(error) => errors.push(error.into_line_problem()?.at(line.number)),
            }
        }
        techtrove_bus::record_all(tx, &events)?;
        if !named.made.is_empty() {
            tx.notify_committed();
        }
        errors.sort_by_key(|error| error.line);
        Ok(Stored { errors, stock, made: named.made })
    }

    /// Stores a line whole or not at all: where it makes categories, they go with it when it is refused.
    fn take_line(
        &self,
        tx: &mut Tx<'_>,
        line: &BatchLine,
        named: &mut Named,
    ) -> Result<Taken, Error> {
        if !makes_category(tx, line, named)? {
            return self.store_line(tx, line, named);
        }
        let before = named.clone();
        let stored = tx.savepoint(|tx| self.store_line(tx, line, named));
        if stored.is_err() {
            *named = before;
        }
        stored
    }

    /// Stores the product of one line. Everything is checked before anything is stored but new categories.
    fn store_line(
        &self,
        tx: &mut Tx<'_>,
        line: &BatchLine,
        named: &mut Named,
    ) -> Result<Taken, Error> {
        let owner = match single_owner(tx, &line.line.change)? {
            None if line.line.joins => product_of_slug(tx, &line.line.change)?,
            owner => owner,
        };
        let mut change = line.line.change.clone();
        let mut category = None;
        for step in &line.line.categories {
            category = Some(self.category(tx, step, category, named)?);
        }
        if line.line.is_of_categories() {
            return Ok(Taken::default());
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
    ) -> Result<Taken, Error> {
        let asked = change.slug().cloned();
        let product = settle_slug(tx, Product::create(change, fresh)?, asked.as_ref())?;
        store::insert_product(tx, &product, self.currency)?;
        let event = Some(product_event(PRODUCT_CREATED, &product));
        Ok(Taken { product: Some(product), event })
    }

    fn store_change(
        &self,
        tx: &mut Tx<'_>,
        id: ProductId,
        change: ProductChange,
        fresh: &Fresh,
    ) -> Result<Taken, Error> {
        let before = store::lock_product(tx, id)?.ok_or(Error::NotFound("product"))?;
        let asked = change.slug().cloned();
        check_skus(tx, id, change.skus())?;
        let product = before.edited(change, VariantMode::Upsert, fresh)?;
        if product.says_the_same_as(&before) || planted("import-changes-nothing") {
            return Ok(Taken { product: Some(before), event: None });
        }
        let product = settle_slug(tx, product, asked.as_ref())?;
        store::update_product(tx, &before, &product, self.currency)?;
        let event = Some(product_event(PRODUCT_UPDATED, &product));
        Ok(Taken { product: Some(product), event })
    }

    /// The category of the slug that `wanted` names, as it is; made below `parent` where there is none.
    fn category(
        &self,
        tx: &mut Tx<'_>,
        wanted: &CategoryChange,
        parent: Option<CategoryId>,
        named: &mut Named,
    ) -> Result<CategoryId, Error> {
        let slug = wanted.slug().ok_or(Error::NotFound("category"))?;
        if let Some(id) = named.ids.get(slug) {
            return Ok(*id);
        }
        let id = match (store::lookup_category_by_slug(tx, slug)?, self.categories.get(slug)) {
            (Some(category), _) => category.id,
            (None, Some((id, context))) => {
                let category = Category::create(wanted.clone().below(parent), *id, self.now)?;
                check_place(tx, &category, parent)?;
                store::insert_category(tx, &category)?;
                techtrove_bus::record(tx, context, &category_event(&category))?;
                named.made.push(category);
                *id
            }
            (None, None) => return Err(Error::NotFound("category")),
        };
        named.ids.insert(slug.clone(), id);
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
fn makes_category(tx: &mut Tx<'_>, line: &BatchLine, named: &Named) -> Result<bool, Error> {
    let slugs = line.line.categories.iter().filter_map(CategoryChange::slug);
    for slug in slugs.filter(|slug| !named.ids.contains_key(*slug)) {
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
