//! Anybody looks at products; who is not a manager sees only those on sale.

use std::sync::Arc;

use bytes::Bytes;
use techtrove_catalog_api::{CategoryId, ProductId};
use techtrove_core::{FieldError, Page, PageRequest, Problem, codes};
use techtrove_db::Tx;
use techtrove_http::Tagged;

use super::{App, recent::Ready};
use crate::{
    domain::{Bounds, ListCursor, ListWish, ShownProduct, Slug, Sort, Status, page_json},
    error::Error,
    store::{self, Filter},
};

/// A product as it is sent.
#[derive(Debug)]
pub struct ReadyProduct {
    /// Whether it is on sale.
    pub status: Status,
    /// The JSON of a [`crate::domain::ProductBody`], with its entity tag.
    pub body: Tagged,
}

impl ReadyProduct {
    fn of(product: ShownProduct) -> Self {
        let (status, version) = (product.status, product.version);
        Self { status, body: Tagged::new(version, product.into_json()) }
    }
}

impl Ready for ReadyProduct {
    fn size(&self) -> usize {
        self.body.len()
    }
}

/// A page of a list as it is sent: the JSON of a page of [`crate::domain::ProductBody`].
#[derive(Debug)]
pub struct ReadyPage(pub Bytes);

impl Ready for ReadyPage {
    fn size(&self) -> usize {
        self.0.len()
    }
}

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
    let ready = match app.recent_products.lookup(reference) {
        Some(ready) => ready,
        None => {
            let mark = app.recent_products.mark();
            let shown = read_product(app, reference).await?.ok_or_else(not_found)?;
            app.recent_products.keep(reference, mark, ReadyProduct::of(shown))
        }
    };
    if manager || ready.status == Status::Active { Ok(ready) } else { Err(not_found()) }
}

async fn read_product(app: &App, reference: &str) -> Result<Option<ShownProduct>, Error> {
    if let Ok(id) = reference.parse::<ProductId>() {
        Ok(app.db.lookup("catalog.product", move |tx| store::lookup_shown(tx, id)).await?)
    } else if let Ok(slug) = reference.parse::<Slug>() {
        let read = move |tx: &mut Tx<'_>| store::lookup_shown_by_slug(tx, &slug);
        Ok(app.db.lookup("catalog.product", read).await?)
    } else {
        Ok(None)
    }
}

/// A page of the products that are wished for. Bestsellers are read each time: a sale changes their order,
/// but nothing that is shown, so that it tells nobody.
///
/// # Errors
/// [`Error::Invalid`], or [`Error::Refused`] when the page is not one of this list: 422; or when the
/// database fails.
pub async fn list_products(
    app: &App,
    wish: ListWish,
    page: PageRequest,
) -> Result<Arc<ReadyPage>, Error> {
    let place = Place { bounds: wish.checked()?, limit: page.limit()?, after: page.after()? };
    if place.after.is_some_and(|after| !wish.owns(&after)) {
        return Err(foreign_cursor().into());
    }
    if wish.sort == Sort::Bestselling {
        return Ok(Arc::new(read_page(app, wish, place).await?));
    }
    // What cannot be asked for was refused before: not all of it looks different here.
    let asked = serde_json::to_string(&(&wish, &page)).map_err(Problem::internal)?;
    if let Some(ready) = app.recent_pages.lookup(&asked) {
        return Ok(ready);
    }
    let mark = app.recent_pages.mark();
    let read = read_page(app, wish, place).await?;
    Ok(app.recent_pages.keep(&asked, mark, read))
}

/// Which part of a list is wanted.
struct Place {
    bounds: Bounds,
    limit: usize,
    after: Option<ListCursor>,
}

async fn read_page(app: &App, wish: ListWish, place: Place) -> Result<ReadyPage, Error> {
    let Place { bounds, limit, after } = place;
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
    let page = Page::from_surplus(rows, limit, |product| wish.cursor(product));
    Ok(ReadyPage(page_json(page).into()))
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
