//! A manager takes a product off sale for good. It is kept, since orders speak of it.

use techtrove_catalog_api::{PRODUCT_UPDATED, ProductId, Reach};
use techtrove_db::Tx;
use techtrove_http::IfMatch;

use super::{App, product_event, save::check_reach};
use crate::{error::Error, store};

/// Archives the product, unless it is not what the manager saw; one that is archived stays as it is.
///
/// # Errors
/// [`Error::NotFound`], [`Error::OutOfReach`], [`Error::Refused`] when the version is another, or when the
/// database fails.
pub async fn archive_product(
    app: &App,
    reach: Reach,
    id: ProductId,
    if_match: IfMatch,
) -> Result<(), Error> {
    let (now, currency) = (app.clock.now(), app.config.currency);
    let context = app.event_context();
    let job = move |tx: &mut Tx<'_>| -> Result<(), Error> {
        let before = store::lock_product(tx, id)?.ok_or(Error::NotFound("product"))?;
        check_reach(tx, &reach, before.category_id)?;
        if_match.check(before.version)?;
        if let Some(archived) = before.archived(now) {
            store::update_product(tx, &before, &archived, currency)?;
            techtrove_bus::record(tx, &context, &product_event(PRODUCT_UPDATED, &archived))?;
        }
        Ok(())
    };
    app.db.write("catalog.archive_product", job).await
}
