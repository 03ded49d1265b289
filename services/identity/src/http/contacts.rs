//! How to write to a user, where their goods go, whose an address is, and how a session stands: internal routes which the gateway never shows.

use axum::extract::State;
use techtrove_http::{HttpError, Json, Path};
use techtrove_identity_api::{
    AddressId, Contact, FindUser, FoundUser, KnownAddress, KnownStanding, SessionId, UserId,
};

use crate::app::{self, App};

/// The user's address and name.
pub(super) async fn contact(
    State(app): State<App>,
    Path(id): Path<UserId>,
) -> Result<Json<Contact>, HttpError> {
    Ok(Json(app::get_contact(&app, id).await?))
}

/// Whose an address is.
pub(super) async fn find(
    State(app): State<App>,
    Json(request): Json<FindUser>,
) -> Result<Json<FoundUser>, HttpError> {
    Ok(Json(FoundUser { user_id: app::find_user(&app, &request.email).await? }))
}

/// How a session stands.
pub(super) async fn standing(
    State(app): State<App>,
    Path(session): Path<SessionId>,
) -> Result<Json<KnownStanding>, HttpError> {
    Ok(Json(KnownStanding { standing: app::lookup_standing(&app, session).await? }))
}

/// One of the user's own addresses.
pub(super) async fn address(
    State(app): State<App>,
    Path((user, id)): Path<(UserId, AddressId)>,
) -> Result<Json<KnownAddress>, HttpError> {
    let kept = app::lookup_address(&app, user, id).await?;
    Ok(Json(KnownAddress { address: kept.map(|kept| kept.address) }))
}
