//! Which mails were written: to whom, for staff who help them, and to oneself. What they say stays
//! between the shop and their recipients; the subject alone is shown.

use techtrove_core::{Page, PageRequest, Problem};
use techtrove_identity_api::UserId;
use techtrove_notifications_api::NotificationId;

use super::App;
use crate::{
    domain::Record,
    error::Error,
    store::{self, MailFilter},
};

/// A page of the wanted mails, newest first.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_notifications(
    app: &App,
    filter: MailFilter,
    page: &PageRequest,
) -> Result<Page<Record>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<NotificationId>()?);
    let rows = app
        .db
        .read("notifications.list", move |tx| {
            store::list_records(tx, &filter, before, limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |record| record.id))
}

/// One mail.
///
/// # Errors
/// [`Error::UnknownMail`], or when the database fails.
pub async fn get_notification(app: &App, id: NotificationId) -> Result<Record, Error> {
    let found = app
        .db
        .read("notifications.get", move |tx| store::lookup_record(tx, id).map_err(Error::from));
    found.await?.ok_or(Error::UnknownMail(id))
}

/// A page of the mails to a user, newest first.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_own_notifications(
    app: &App,
    user: UserId,
    page: &PageRequest,
) -> Result<Page<Record>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<NotificationId>()?);
    let rows = app
        .db
        .read("notifications.list_own", move |tx| {
            store::list_records_of(tx, user, before, limit + 1).map_err(Error::from)
        })
        .await?;
    Ok(Page::from_surplus(rows, limit, |record| record.id))
}
