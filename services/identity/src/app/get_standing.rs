//! How a session stands, for the services that are shown its access token.

use techtrove_identity_api::{SessionId, Standing};

use super::App;
use crate::{error::Error, store};

/// How the session stands, if there ever was such a one.
///
/// # Errors
/// When the database fails.
pub async fn lookup_standing(app: &App, session: SessionId) -> Result<Option<Standing>, Error> {
    let found = app.db.lookup("identity.standing", move |tx| {
        store::lookup_standing(tx, session).map_err(Error::from)
    });
    found.await
}
