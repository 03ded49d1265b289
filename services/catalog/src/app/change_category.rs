//! A manager makes, edits, moves or deletes a category. Each tells of its commit: lists that were kept as
//! they were before are not what is shown now.

use techtrove_catalog_api::CategoryId;
use techtrove_core::{Problem, TypedId};
use techtrove_db::{DbError, Tx};
use techtrove_http::{
    IfMatch,
    idempotency::{Answer, Key, Once, Repeatable, once},
};

use super::{App, category_event};
use crate::{
    domain::{Category, CategoryInput, Slug, descend},
    error::Error,
    store,
};

/// Makes the category once per key, and tells of it.
///
/// # Errors
/// [`Error::Invalid`] or [`Error::SlugTaken`], or when the database fails.
pub async fn create_category(
    app: &App,
    input: CategoryInput,
    key: Option<Key>,
) -> Result<Once<Category>, Error> {
    let change = input.checked()?;
    let asked = change.slug().cloned();
    let category = Category::create(change, app.ids.next(), app.clock.now())?;
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| {
        check_place(tx, &category, category.parent_id)?;
        let category = settle_slug(tx, category.clone(), asked.as_ref())?;
        store::insert_category(tx, &category)?;
        techtrove_bus::record(tx, &context, &category_event(&category))?;
        tx.notify_committed();
        Ok(category)
    };
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), &job);
    app.db.write_again("catalog.create_category", job).await
}

/// Edits the category, unless it is not what the manager saw, and tells of it where it moves. An edit that
/// changes nothing leaves the version as it is.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] when the version is another, [`Error::Invalid`] or
/// [`Error::SlugTaken`], or when the database fails.
pub async fn edit_category(
    app: &App,
    id: CategoryId,
    if_match: IfMatch,
    input: CategoryInput,
) -> Result<Category, Error> {
    let change = input.checked()?;
    let now = app.clock.now();
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| {
        let before = store::lock_category(tx, id)?.ok_or(Error::NotFound("category"))?;
        if_match.check(before.version)?;
        let category = before.edited(change.clone(), now);
        check_place(tx, &category, change.parent_id())?;
        let category = settle_slug(tx, category, change.slug())?;
        if category != before {
            store::update_category(tx, &category)?;
            if category.parent_id != before.parent_id {
                techtrove_bus::record(tx, &context, &category_event(&category))?;
            }
            tx.notify_committed();
        }
        Ok(category)
    };
    app.db.write_again("catalog.edit_category", job).await
}

/// Deletes the category, unless it holds something or is not what the manager saw.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] when the version is another, [`Error::CategoryNotEmpty`],
/// or when the database fails.
pub async fn delete_category(app: &App, id: CategoryId, if_match: IfMatch) -> Result<(), Error> {
    let job = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        let category = store::lock_category(tx, id)?.ok_or(Error::NotFound("category"))?;
        if_match.check(category.version)?;
        if !store::is_category_empty(tx, id)? {
            return Err(Error::CategoryNotEmpty);
        }
        store::delete_category(tx, id)?;
        tx.notify_committed();
        Ok(())
    };
    match app.db.write("catalog.delete_category", job).await {
        Err(Error::Db(DbError::ForeignKey)) => Err(Error::CategoryNotEmpty),
        outcome => outcome,
    }
}

/// The category may stand where it is moved to.
pub(super) fn check_place(
    tx: &mut Tx<'_>,
    category: &Category,
    new_parent: Option<CategoryId>,
) -> Result<(), Error> {
    let Some(parent) = new_parent else { return Ok(()) };
    let parents = store::category_parents(tx)?;
    Ok(descend(&parents, category.id, parent)?)
}

/// The slug that was `asked` for is free; one made of the name is made unique where it is not.
fn settle_slug(
    tx: &mut Tx<'_>,
    category: Category,
    asked: Option<&Slug>,
) -> Result<Category, Error> {
    let owner = store::lookup_category_by_slug(tx, &category.slug)?;
    if owner.is_none_or(|owner| owner.id == category.id) {
        return Ok(category);
    }
    match asked {
        Some(asked) => Err(Error::SlugTaken(asked.clone())),
        None => Ok(Category { slug: category.slug.with_tail(category.id.uuid()), ..category }),
    }
}

impl Repeatable for Category {
    fn answer(&self) -> Result<Answer, Problem> {
        let location = format!("/api/v1/categories/{}", self.id);
        Ok(Answer::created(&location, self)?.in_version(self.version))
    }
}
