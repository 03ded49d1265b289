//! How to write to a user: an internal route which the gateway never shows.

use axum::extract::State;
use techtrove_http::{HttpError, Json, Path};
use techtrove_identity_api::{Contact, UserId};

use crate::app::{self, App};

/// The user's address and name.
pub(super) async fn contact(
    State(app): State<App>,
    Path(id): Path<UserId>,
) -> Result<Json<Contact>, HttpError> {
    Ok(Json(app::get_contact(&app, id).await?))
}
