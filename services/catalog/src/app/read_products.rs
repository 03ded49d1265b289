//! Anybody looks at products; who is not a manager sees only those on sale.

use std::sync::Arc;

use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::{FieldError, Page, PageRequest, Problem, codes};
use techtrove_db::Tx;

use super::{App, ReadyProduct};
use crate::{
    domain::{ListCursor, ListWish, ShownProduct, Slug, Status},
    error::Error,
    store::{self, Filter},
};

/// The product of this id or slug.
///
/// # Errors
/// [`Error::NotFound`], also for one that is not on sale where the caller is no manager, or when the
/// database fails.
pub async fn get_product(
    app: &App,
    reference: &str,
    manager: bool,
) -> Result<Arc<ReadyProduct>, Error> {
    let not_found = || Error::NotFound("product");
    let ready = match app.recent.lookup(reference) {
        Some(ready) => ready,
        None => {
            let mark = app.recent.mark();
            let shown = read_product(app, reference).await?.ok_or_else(not_found)?;
            app.recent.keep(reference, mark, shown)
        }
    };
    if manager || ready.status == Status::Active { Ok(ready) } else { Err(not_found()) }
}

async fn read_product(app: &App, reference: &str) -> Result<Option<ShownProduct>, Error> {
    if let Ok(id) = reference.parse::<ProductId>() {
        Ok(app.db.read("catalog.product", move |tx| store::lookup_shown(tx, id)).await?)
    } else if let Ok(slug) = reference.parse::<Slug>() {
        let read = move |tx: &mut Tx<'_>| store::lookup_shown_by_slug(tx, &slug);
        Ok(app.db.read("catalog.product", read).await?)
    } else {
        Ok(None)
    }
}

/// A page of the products that are wished for.
///
/// # Errors
/// [`Error::Invalid`], or [`Error::Refused`] when the page is not one of this list: 422; or when the
/// database fails.
pub async fn list_products(
    app: &App,
    wish: ListWish,
    page: PageRequest,
) -> Result<Page<ShownProduct>, Error> {
    let bounds = wish.checked()?;
    let limit = page.limit()?;
    let after: Option<ListCursor> = page.after()?;
    if after.is_some_and(|after| !wish.owns(&after)) {
        return Err(foreign_cursor().into());
    }
    let wanted = wish.clone();
    let rows = app
        .db
        .read("catalog.products", move |tx| -> Result<_, Error> {
            let category = match wanted.category.as_deref() {
                None => None,
                Some(reference) => match find_category(tx, reference)? {
                    Some(id) => Some(id),
                    None => return Ok(Vec::new()),
                },
            };
            let (brand, q) = (wanted.brand.clone(), wanted.q.clone());
            let filter = Filter { status: wanted.status, category, brand, q, bounds };
            Ok(store::list_products(tx, &filter, wanted.sort, after, limit.saturating_add(1))?)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |product| wish.cursor(product)))
}

fn foreign_cursor() -> Problem {
    let detail = "the cursor belongs to a list with other filters or another order";
    let mut problem = Problem::new(codes::INVALID_CURSOR, detail);
    problem.errors.push(FieldError::new("/cursor", detail));
    problem
}

/// The category of this id or slug. An unknown one holds no products, which is no error.
fn find_category(tx: &mut Tx<'_>, reference: &str) -> Result<Option<CategoryId>, Error> {
    if let Ok(id) = reference.parse::<CategoryId>() {
        return Ok(Some(id));
    }
    let Ok(slug) = reference.parse::<Slug>() else { return Ok(None) };
    Ok(store::lookup_category_by_slug(tx, &slug)?.map(|category| category.id))
}
