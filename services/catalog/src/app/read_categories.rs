//! Anybody looks at the categories.

use techtrove_catalog_api::CategoryId;

use super::App;
use crate::{
    domain::{Category, CategoryNode, Slug, tree},
    error::Error,
    store,
};

/// All categories as a tree.
///
/// # Errors
/// When the database fails.
pub async fn category_tree(app: &App) -> Result<Vec<CategoryNode>, Error> {
    let all: Vec<Category> = app.db.read("catalog.categories", store::list_categories).await?;
    Ok(tree(all))
}

/// The category of this id or slug.
///
/// # Errors
/// [`Error::NotFound`], or when the database fails.
pub async fn get_category(app: &App, reference: &str) -> Result<Category, Error> {
    let found: Option<Category> = if let Ok(id) = reference.parse::<CategoryId>() {
        app.db.read("catalog.category", move |tx| store::lookup_category(tx, id)).await?
    } else if let Ok(slug) = reference.parse::<Slug>() {
        app.db.read("catalog.category", move |tx| store::lookup_category_by_slug(tx, &slug)).await?
    } else {
        None
    };
    found.ok_or(Error::NotFound("category"))
}
