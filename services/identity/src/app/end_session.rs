//! Users look at where they are signed in, and end that.

use techtrove_core::{Page, PageRequest, Problem};
use techtrove_identity_api::{SessionId, UserId};

use super::{App, session::REFRESH_TOKEN_LIFE};
use crate::{domain::LiveSession, error::Error, store};

/// A page of the user's sessions that have not ended, newest first.
///
/// # Errors
/// When the page is not valid or the database fails.
pub async fn list_sessions(
    app: &App,
    user: UserId,
    page: &PageRequest,
) -> Result<Page<LiveSession>, Problem> {
    let (limit, before) = (page.limit()?, page.after::<SessionId>()?);
    let since = app.clock.now().minus(REFRESH_TOKEN_LIFE);
    let rows = app.db.read("identity.list_sessions", move |tx| {
        store::list_sessions(tx, user, since, before, limit + 1).map_err(Error::from)
    });
    Ok(Page::from_surplus(rows.await?, limit, |session| session.id))
}

/// Ends a session of the user, and with it its refresh tokens.
///
/// # Errors
/// [`Error::UnknownSession`] when they have no such session that has not ended, or when the database
/// fails.
pub async fn end_session(app: &App, user: UserId, id: SessionId) -> Result<(), Error> {
    let now = app.clock.now();
    let ended = app.db.write("identity.end_session", move |tx| {
        store::end_own_session(tx, user, id, now).map_err(Error::from)
    });
    if ended.await? { Ok(()) } else { Err(Error::UnknownSession) }
}

/// Ends the caller's own session, if it has not ended.
///
/// # Errors
/// When the database fails.
pub async fn log_out(app: &App, session: SessionId) -> Result<(), Error> {
    let now = app.clock.now();
    let ended = app.db.write("identity.log_out", move |tx| {
        store::end_session(tx, session, now).map_err(Error::from)
    });
    ended.await
}
