//! Anybody looks at the collections; a manager makes, edits or deletes one.

use serde_json::value::RawValue;
use techtrove_catalog_api::CollectionId;
use techtrove_core::{Page, PageRequest, Problem, TypedId};
use techtrove_db::Tx;
use techtrove_http::{
    IfMatch,
    idempotency::{Answer, Key, Once, Repeatable, once},
};

use super::App;
use crate::{
    domain::{Collection, CollectionInput, Invalid, ShownCollection, Slug},
    error::Error,
    store::{self, CollectionPlace},
};

/// A page of the collections in their order, without their products.
///
/// # Errors
/// [`Error::Refused`] when the limit or the cursor cannot be, or when the database fails.
pub async fn list_collections(app: &App, page: &PageRequest) -> Result<Page<Collection>, Error> {
    let (limit, after) = (page.limit()?, page.after::<CollectionPlace>()?);
    let job =
        move |tx: &mut Tx<'_>| store::list_collections(tx, after.as_ref(), limit.saturating_add(1));
    let found = app.db.read("catalog.collections", job).await?;
    Ok(Page::from_surplus(found, limit, |last| (last.position, last.name.clone(), last.id)))
}

/// The collection of this id or slug with its products on sale; with all its products' ids where
/// `whole`.
///
/// # Errors
/// [`Error::NotFound`], or when the database fails.
pub async fn get_collection(
    app: &App,
    reference: &str,
    whole: bool,
) -> Result<ShownCollection, Error> {
    let (id, slug) = (reference.parse::<CollectionId>().ok(), reference.parse::<Slug>().ok());
    let job = move |tx: &mut Tx<'_>| -> Result<_, Error> {
        let found = match (id, &slug) {
            (Some(id), _) => store::lookup_collection(tx, id)?,
            (None, Some(slug)) => store::lookup_collection_by_slug(tx, slug)?,
            (None, None) => None,
        };
        let shown = show(tx, found.ok_or(Error::NotFound("collection"))?)?;
        Ok(if whole { shown } else { ShownCollection { product_ids: None, ..shown } })
    };
    app.db.read("catalog.collection", job).await
}

/// Makes the collection, once per key.
///
/// # Errors
/// [`Error::Invalid`] or [`Error::SlugTaken`], or when the database fails.
pub async fn create_collection(
    app: &App,
    input: CollectionInput,
    key: Option<Key>,
) -> Result<Once<ShownCollection>, Error> {
    let change = input.checked()?;
    let asked = change.slug().cloned();
    let collection = Collection::create(change, app.ids.next(), app.clock.now())?;
    let job = move |tx: &mut Tx<'_>| {
        check_products(tx, &collection)?;
        let collection = settle_slug(tx, collection.clone(), asked.as_ref())?;
        store::insert_collection(tx, &collection)?;
        show(tx, collection)
    };
    let job = move |tx: &mut Tx<'_>| once(tx, key.as_ref(), &job);
    app.db.write_again("catalog.create_collection", job).await
}

/// Edits the collection, unless it is not what the manager saw. An edit that changes nothing leaves the
/// version as it is.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] when the version is another, [`Error::Invalid`] or
/// [`Error::SlugTaken`], or when the database fails.
pub async fn edit_collection(
    app: &App,
    id: CollectionId,
    if_match: IfMatch,
    input: CollectionInput,
) -> Result<ShownCollection, Error> {
    let change = input.checked()?;
    let now = app.clock.now();
    let job = move |tx: &mut Tx<'_>| {
        let before = store::lock_collection(tx, id)?.ok_or(Error::NotFound("collection"))?;
        if_match.check(before.version)?;
        let collection = before.edited(change.clone(), now);
        if collection.product_ids != before.product_ids {
            check_products(tx, &collection)?;
        }
        let collection = settle_slug(tx, collection, change.slug())?;
        if collection != before {
            store::update_collection(tx, &before, &collection)?;
        }
        show(tx, collection)
    };
    app.db.write_again("catalog.edit_collection", job).await
}

/// Deletes the collection, unless it is not what the manager saw.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Refused`] when the version is another, or when the database fails.
pub async fn delete_collection(
    app: &App,
    id: CollectionId,
    if_match: IfMatch,
) -> Result<(), Error> {
    let job = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        let collection = store::lock_collection(tx, id)?.ok_or(Error::NotFound("collection"))?;
        if_match.check(collection.version)?;
        Ok(store::delete_collection(tx, id)?)
    };
    app.db.write("catalog.delete_collection", job).await
}

/// The collection as managers see it.
fn show(tx: &mut Tx<'_>, collection: Collection) -> Result<ShownCollection, Error> {
    let products = store::products_on_sale(tx, collection.id)?.into_iter();
    let products = products.map(|product| RawValue::from_string(product.into_json()));
    let products = products.collect::<Result<_, _>>().map_err(Problem::internal)?;
    Ok(ShownCollection { product_ids: Some(collection.product_ids.clone()), products, collection })
}

/// Each of its products exists, whether it is on sale or not.
fn check_products(tx: &mut Tx<'_>, collection: &Collection) -> Result<(), Error> {
    let mut invalid = Invalid::default();
    for (index, id) in collection.product_ids.iter().enumerate() {
        if store::lookup_shown(tx, *id)?.is_none() {
            invalid.add(format!("/product_ids/{index}"), "there is no such product");
        }
    }
    Ok(invalid.finish()?)
}

/// The slug that was `asked` for is free; one made of the name is made unique where it is not.
fn settle_slug(
    tx: &mut Tx<'_>,
    collection: Collection,
    asked: Option<&Slug>,
) -> Result<Collection, Error> {
    let owner = store::lookup_collection_by_slug(tx, &collection.slug)?;
    if owner.is_none_or(|owner| owner.id == collection.id) {
        return Ok(collection);
    }
    match asked {
        Some(asked) => Err(Error::SlugTaken(asked.clone())),
        None => {
            Ok(Collection { slug: collection.slug.with_tail(collection.id.uuid()), ..collection })
        }
    }
}

impl Repeatable for ShownCollection {
    fn answer(&self) -> Result<Answer, Problem> {
        let location = format!("/api/v1/collections/{}", self.collection.id);
        Ok(Answer::created(&location, self)?.in_version(self.collection.version))
    }
}
