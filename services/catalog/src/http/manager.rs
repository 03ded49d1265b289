//! The extractor which lets only managers pass. It stands before the body in every handler, so that a
//! stranger's body is not even read.

use axum::{extract::FromRequestParts, http::request::Parts};
use techtrove_core::TypedId;
use techtrove_http::{HttpError, idempotency::Scope};
use techtrove_identity_api::{Caller, Role, UserId};

/// A caller who may change the catalogue.
pub(super) struct Manager(UserId);

impl Manager {
    /// Whose idempotency keys theirs are.
    pub(super) fn scope(&self) -> Scope<'static> {
        Scope::User(self.0.uuid())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Manager {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, HttpError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.require(Role::Manager)?.sub))
    }
}
