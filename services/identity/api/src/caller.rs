//! The extractor which tells a handler who calls. No credential is a guest; a credential that is not
//! valid is refused, never taken for a guest (RFC 6750).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{header::AUTHORIZATION, request::Parts};
use techtrove_core::{Problem, TypedId as _, codes};
use techtrove_http::{HttpError, idempotency::Scope};

use crate::{Authenticator, Claims, GrantedCategory, Role, UserId};

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Caller {
    /// Nobody we know.
    Guest,
    /// A signed-in user.
    User(Claims),
}

impl Caller {
    /// The signed-in user's claims.
    ///
    /// # Errors
    /// 401 for a guest.
    pub fn user(&self) -> Result<&Claims, Problem> {
        match self {
            Self::User(claims) => Ok(claims),
            Self::Guest => Err(Problem::new(
                codes::UNAUTHENTICATED,
                "this needs an access token: sign in first",
            )),
        }
    }

    /// The signed-in user's id, if it is one.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        self.user().ok().map(|claims| claims.sub)
    }

    /// Whether the caller may act as `role`.
    #[must_use]
    pub fn has(&self, role: Role) -> bool {
        self.user().is_ok_and(|claims| claims.has(role))
    }

    /// The claims of a caller who may act as `role`.
    ///
    /// # Errors
    /// 401 for a guest, 403 for a user without that role.
    pub fn require(&self, role: Role) -> Result<&Claims, Problem> {
        let claims = self.user()?;
        if claims.has(role) {
            Ok(claims)
        } else {
            Err(Problem::new(codes::FORBIDDEN, format!("this needs the role {role}")))
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        let Some(header) = parts.headers.get(AUTHORIZATION) else { return Ok(Self::Guest) };
        let token = header.to_str().ok().and_then(bearer).ok_or_else(|| {
            Problem::new(codes::UNAUTHENTICATED, "the authorization header is no bearer token")
        })?;
        Ok(Self::User(authenticator(parts)?.authenticate(token).await?))
    }
}

/// Who calls, for an answer that lasts longer than what is known of them now, such as a stream.
#[derive(Clone, Debug)]
pub struct StandingCaller {
    caller: Caller,
    authenticator: Arc<Authenticator>,
}

impl StandingCaller {
    /// As they were when they called.
    #[must_use]
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// As they stand now; none once their session has ended.
    ///
    /// # Errors
    /// 503 when that cannot be asked for.
    pub async fn now(&self) -> Result<Option<Caller>, Problem> {
        match &self.caller {
            Caller::Guest => Ok(Some(Caller::Guest)),
            Caller::User(claims) => {
                Ok(self.authenticator.still(claims.clone()).await?.map(Caller::User))
            }
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for StandingCaller {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self { caller, authenticator: Arc::clone(authenticator(parts)?) })
    }
}

fn authenticator(parts: &Parts) -> Result<&Arc<Authenticator>, Problem> {
    parts.extensions.get().ok_or_else(|| {
        Problem::internal("no authenticator is layered onto the service's public router")
    })
}

/// A signed-in user who calls, whoever it is. Decided before the rest of the request is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn(pub Claims);

impl<S: Send + Sync> FromRequestParts<S> for SignedIn {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.user()?.clone()))
    }
}

/// A manager who calls. Decided before the rest of the request is looked at, so that nobody else learns
/// what would have been wrong with it.
#[derive(Clone, Copy, Debug)]
pub struct Manager(pub UserId);

impl Manager {
    /// Whose idempotency keys theirs are.
    #[must_use]
    pub fn scope(&self) -> Scope<'static> {
        Scope::User(self.0.uuid())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Manager {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.require(Role::Manager)?.sub))
    }
}

/// A manager who calls, and the categories whose products they may change; nothing for all. Decided as
/// early as a [`Manager`].
#[derive(Clone, Debug)]
pub struct ManagerOf {
    /// Who.
    pub manager: Manager,
    /// What they are limited to.
    pub categories: Option<Vec<GrantedCategory>>,
}

impl<S: Send + Sync> FromRequestParts<S> for ManagerOf {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        let claims = caller.require(Role::Manager)?;
        Ok(Self { manager: Manager(claims.sub), categories: claims.categories.clone() })
    }
}

/// A manager who calls and is not limited to categories, decided as early as a [`Manager`].
#[derive(Clone, Copy, Debug)]
pub struct UnlimitedManager(pub Manager);

impl<S: Send + Sync> FromRequestParts<S> for UnlimitedManager {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let ManagerOf { manager, categories } = ManagerOf::from_request_parts(parts, state).await?;
        if categories.is_some() {
            let detail = "this is for managers who are not limited to categories";
            return Err(Problem::new(codes::FORBIDDEN, detail).into());
        }
        Ok(Self(manager))
    }
}

/// A member of support who calls, decided as early as a [`Manager`].
#[derive(Clone, Copy, Debug)]
pub struct Support(pub UserId);

impl<S: Send + Sync> FromRequestParts<S> for Support {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.require(Role::Support)?.sub))
    }
}

/// An administrator who calls, decided as early as a [`Manager`].
#[derive(Clone, Copy, Debug)]
pub struct Admin(pub UserId);

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(Self(caller.require(Role::Admin)?.sub))
    }
}

/// The token of a `Bearer` credential; the scheme's case does not matter (RFC 9110, 11.1).
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
