//! Who of the staff calls. Decided before the rest of the request is looked at, so that nobody else
//! learns what would have been wrong with it.

use axum::extract::FromRequestParts;
use http::request::Parts;
use techtrove_core::{Problem, codes};
use techtrove_http::HttpError;
use techtrove_identity_api::{Caller, Role};

/// Somebody who may look at all payments.
pub(super) struct Staff;

/// Somebody who may give a payment up.
pub(super) struct Support;

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.user()?;
        if caller.has(Role::Support) || caller.has(Role::Manager) {
            return Ok(Self);
        }
        Err(Problem::new(codes::FORBIDDEN, "this needs the role support or manager").into())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Support {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        caller.require(Role::Support)?;
        Ok(Self)
    }
}
