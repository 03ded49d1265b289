//! Who may see and set stock: decided before the rest of the request is looked at, so that nobody else
//! learns what would have been wrong with it.

use axum::{extract::FromRequestParts, http::request::Parts};
use techtrove_http::HttpError;
use techtrove_identity_api::{Caller, Role, UserId};

/// The manager who calls.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manager(pub(super) UserId);

impl<S: Send + Sync> FromRequestParts<S> for Manager {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.require(Role::Manager)?.sub))
    }
}
