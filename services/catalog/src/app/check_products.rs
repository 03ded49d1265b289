//! Others ask whether a manager may do something with products: the rule is the one that edits go by.

use techtrove_catalog_api::ReachRequest;

use super::{App, save::reaches};
use crate::{domain::Invalid, error::Error, store};

/// The most products of one question.
const MAX_PRODUCTS: usize = 200;

/// Whether all of these products are within the manager's reach.
///
/// # Errors
/// [`Error::Invalid`] when there are too many, or when the database fails.
pub async fn are_within(app: &App, request: ReachRequest) -> Result<bool, Error> {
    if request.products.len() > MAX_PRODUCTS {
        let detail = format_args!("at most {MAX_PRODUCTS} products can be asked for at once");
        return Err(Invalid::field("/products", detail).into());
    }
    let ReachRequest { reach, products } = request;
    app.db
        .lookup("catalog.are_within", move |tx| {
            for product in &products {
                let Some(place) = store::lookup_place(tx, *product)? else {
                    return Ok(reach.is_everything());
                };
                if !reaches(tx, &reach, place)? {
                    return Ok(false);
                }
            }
            Ok(true)
        })
        .await
}
