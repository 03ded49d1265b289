//! A dry run: each chunk is stored by the same rules as ever, and undone. What it would have left is kept
//! beside the shop, by job, and laid over the shop before the next chunk, as far as that can meet with it:
//! the products that hold, or held, a SKU or slug which its lines look for, and the categories they name.
//! So a line finds what all lines before it would have left, while nobody else sees any of it and no
//! transaction is longer than its chunk. Stock needs nothing of the kind: whether inventory takes a number
//! depends on no number that an import gave before.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_catalog_api::{CategoryId, JobId, ProductId};
use techtrove_core::Currency;
use techtrove_db::{DbError, Tx};

use super::import_lines::{Batch, Stored};
use crate::{
    domain::{Category, CategoryChange, Product, ProductChange, Slug},
    error::Error,
    store,
};

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

/// Tries to store a chunk over what the job's chunks before it would have left, undoes it, and keeps what
/// it would have left.
pub(super) fn rehearse(tx: &mut Tx<'_>, job: JobId, batch: &Batch) -> Result<Stored, Error> {
    let mut stored = None;
    let mut changed = BTreeMap::<ProductId, Product>::new();
    let undone = tx.savepoint(|tx| -> Result<(), Undone> {
        Overlay { job, currency: batch.currency, shown: BTreeSet::new() }.lay(tx, batch)?;
        stored = Some(batch.store(tx, |product| drop(changed.insert(product.id, product)))?);
        Err(Undone(None))
    });
    if let Err(Undone(Some(error))) = undone {
        return Err(*error);
    }
    let stored = stored.unwrap_or_default();
    store::note_trial(tx, job, changed.values(), &stored.made)?;
    Ok(stored)
}

/// What a trial has left so far, as it is laid over the shop.
struct Overlay {
    job: JobId,
    currency: Currency,
    /// The categories that were looked at.
    shown: BTreeSet<CategoryId>,
}

impl Overlay {
    /// Makes the shop look to the lines as if the trial had been meant.
    fn lay(&mut self, tx: &mut Tx<'_>, batch: &Batch) -> Result<(), Error> {
        let mut products = BTreeSet::new();
        let mut categories = BTreeSet::new();
        for line in batch.readable() {
            categories.extend(line.categories.iter().filter_map(CategoryChange::slug));
            self.find(tx, &line.change, &mut products)?;
        }
        for slug in categories {
            let category = store::trial_category_of_slug(tx, self.job, slug)?;
            self.show_category(tx, category)?;
        }
        let mut left = Vec::new();
        for id in products {
            left.extend(store::lookup_trial(tx, self.job, id)?);
        }
        // Slugs go from one product to another: all are free before any is taken.
        for product in &left {
            store::free_slug(tx, product.id)?;
            self.free(tx, &product.slug)?;
        }
        left.iter().try_for_each(|product| self.show(tx, product))
    }

    /// Finds the products that hold what the change looks for, or held it before the trial.
    fn find(
        &self,
        tx: &mut Tx<'_>,
        change: &ProductChange,
        products: &mut BTreeSet<ProductId>,
    ) -> Result<(), Error> {
        for sku in change.skus() {
            products.extend(store::trial_of_sku(tx, self.job, sku)?);
        }
        products.extend(store::holders_of_slug(tx, self.job, &change.slug_of_new())?);
        Ok(())
    }

    /// Takes a slug from the product that has it, if the trial gave that one another.
    fn free(&self, tx: &mut Tx<'_>, slug: &Slug) -> Result<(), Error> {
        let Some(owner) = store::lookup_by_slug(tx, slug)? else { return Ok(()) };
        if store::lookup_trial(tx, self.job, owner)?.is_some() {
            store::free_slug(tx, owner)?;
        }
        Ok(())
    }

    /// Shows a product as the trial left it, unless somebody has really taken its place meanwhile.
    fn show(&mut self, tx: &mut Tx<'_>, product: &Product) -> Result<(), Error> {
        if let Some(id) = product.category_id {
            let category = store::trial_category(tx, self.job, id)?;
            self.show_category(tx, category)?;
        }
        let currency = self.currency;
        unless_taken(tx, |tx| match store::lock_product(tx, product.id)? {
            Some(before) => store::update_product(tx, &before, product, currency),
            None => store::insert_product(tx, product, currency),
        })
    }

    /// Shows a category that the trial made, and those above it.
    fn show_category(&mut self, tx: &mut Tx<'_>, made: Option<Category>) -> Result<(), Error> {
        let mut path = Vec::new();
        let mut next = made;
        while let Some(category) = next.filter(|category| self.shown.insert(category.id)) {
            next = match category.parent_id {
                Some(parent) => store::trial_category(tx, self.job, parent)?,
                None => None,
            };
            path.push(category);
        }
        let mut downwards = path.iter().rev();
        downwards.try_for_each(|it| unless_taken(tx, |tx| store::insert_category(tx, it)))
    }
}

/// Shows something, if nobody has taken its place in the shop since.
fn unless_taken(
    tx: &mut Tx<'_>,
    show: impl FnOnce(&mut Tx<'_>) -> Result<(), DbError>,
) -> Result<(), Error> {
    match tx.savepoint(show) {
        Err(DbError::UniqueViolation { .. } | DbError::ForeignKey) => Ok(()),
        outcome => Ok(outcome?),
    }
}
