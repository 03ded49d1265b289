//! A customer looks at their favourites.

use techtrove_core::{Page, PageRequest, Problem};
use techtrove_identity_api::UserId;

use super::App;
use crate::{
    domain::{Favorite, FavoriteId},
    error::Error,
    store,
};

/// A page of the customer's favourites, newest first.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_favorites(
    app: &App,
    user: UserId,
    page: &PageRequest,
) -> Result<Page<Favorite>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<FavoriteId>()?);
    let rows = app
        .db
        .read("community.list_favorites", move |tx| {
            store::list_favorites(tx, user, before, limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |favorite| favorite.id))
}
