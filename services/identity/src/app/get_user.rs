//! Users look at their own account, and staff at everybody's.

use techtrove_core::{EmailAddress, Page, PageRequest, Problem};
use techtrove_identity_api::UserId;

use super::App;
use crate::{domain::User, error::Error, store};

/// The user of this id.
///
/// # Errors
/// [`Error::UnknownUser`], or when the database fails.
pub async fn get_user(app: &App, id: UserId) -> Result<User, Error> {
    let found =
        app.db.read("identity.get_user", move |tx| store::lookup_user(tx, id).map_err(Error::from));
    found.await?.ok_or(Error::UnknownUser)
}

/// A page of the users, newest first; of those with the address, if one is given.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_users(
    app: &App,
    email: Option<EmailAddress>,
    page: &PageRequest,
) -> Result<Page<User>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<UserId>()?);
    let email = email.map(|email| email.folded());
    let rows = app.db.read("identity.list_users", move |tx| match &email {
        Some(folded) => {
            let found = store::lookup_user_by_email(tx, folded)?;
            let found = found.filter(|user| before.is_none_or(|before| user.id < before));
            Ok(found.into_iter().collect())
        }
        None => store::list_users(tx, before, limit + 1).map_err(Error::from),
    });
    Ok(Page::from_surplus(rows.await?, limit, |user| user.id))
}
