//! Why identity refuses or fails, and the only place where its codes are chosen.

use std::time::Duration;

use techtrove_core::{ErrorCode, FieldError, Problem, codes};
use techtrove_db::DbError;
use techtrove_http::idempotency::Refusal;
use techtrove_identity_api::SigningError;

use crate::{
    app::HashingError,
    domain::{MAX_ADDRESSES, RefusedPassword},
};

/// The address belongs to another account.
pub const EMAIL_TAKEN: ErrorCode = ErrorCode::new("email_taken", 409, "E-mail address taken");

/// The address or the password is wrong.
pub const INVALID_CREDENTIALS: ErrorCode =
    ErrorCode::new("invalid_credentials", 401, "Invalid credentials");

/// The caller's password is another.
pub const WRONG_PASSWORD: ErrorCode = ErrorCode::new("wrong_password", 403, "Wrong password");

/// The mailed token is unknown, used, over, or for another address than the user's.
pub const INVALID_TOKEN: ErrorCode = ErrorCode::new("invalid_token", 422, "Invalid token");

/// The refresh token is unknown, used, over, or its session has ended.
pub const INVALID_REFRESH_TOKEN: ErrorCode =
    ErrorCode::new("invalid_refresh_token", 401, "Invalid refresh token");

/// Nobody could give roles any more.
pub const LAST_ADMIN: ErrorCode = ErrorCode::new("last_admin", 409, "Last administrator");

/// The account's owner may not come in.
pub const ACCOUNT_DISABLED: ErrorCode = ErrorCode::new("account_disabled", 403, "Account disabled");

/// The user keeps as many addresses as one may.
pub const TOO_MANY_ADDRESSES: ErrorCode =
    ErrorCode::new("too_many_addresses", 409, "Too many addresses");

/// Why identity refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address belongs to another account.
    #[error("this e-mail address has an account already")]
    EmailTaken,
    /// The password is not accepted.
    #[error(transparent)]
    RefusedPassword(#[from] RefusedPassword),
    /// The password that somebody wants from now on is not accepted.
    #[error(transparent)]
    RefusedNewPassword(RefusedPassword),
    /// The caller's password is another.
    #[error("the current password is wrong")]
    WrongPassword,
    /// The mailed token leads nowhere.
    #[error("the token is not valid, or not any more; ask for another mail")]
    InvalidToken,
    /// Somebody tries the same thing again and again.
    #[error("too many attempts; try again in {} s", .0.as_secs() + u64::from(.0.subsec_nanos() > 0))]
    TooManyAttempts(Duration),
    /// The address or the password is wrong; never says which.
    #[error("the e-mail address or the password is wrong")]
    InvalidCredentials,
    /// The account's owner may not come in.
    #[error("this account is disabled")]
    Disabled,
    /// What was sent cannot be, each by its pointer.
    #[error("the request has values that are not valid")]
    Invalid(Vec<FieldError>),
    /// The kit refused, such as an edit of another version.
    #[error("{}", .0.detail)]
    Refused(Box<Problem>),
    /// No such user.
    #[error("no such user")]
    UnknownUser,
    /// The user has no such session.
    #[error("no such session")]
    UnknownSession,
    /// The user keeps no such address.
    #[error("no such address")]
    UnknownAddress,
    /// The user keeps as many addresses as one may.
    #[error("nobody keeps more than {MAX_ADDRESSES} addresses: forget one first")]
    TooManyAddresses,
    /// Whoever changes roles has lost the admin's role.
    #[error("this needs the role admin")]
    NotAdmin,
    /// Nobody could give roles any more.
    #[error("the last administrator stays one: make another first")]
    LastAdmin,
    /// The refresh token leads nowhere.
    #[error("the refresh token is not valid; sign in again")]
    InvalidRefreshToken,
    /// The database failed.
    #[error("identity's database failed")]
    Db(#[from] DbError),
    /// A password could not be hashed or compared.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// A token could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl Refusal for Error {
    fn for_good(&self) -> Option<Problem> {
        // A full list has room again once an address is forgotten.
        None
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::EmailTaken => Self::new(EMAIL_TAKEN, detail),
            Error::RefusedPassword(_) => Self::invalid_field("/password", detail),
            Error::RefusedNewPassword(_) => Self::invalid_field("/new_password", detail),
            Error::WrongPassword => Self::new(WRONG_PASSWORD, detail),
            Error::InvalidToken => {
                let errors = vec![FieldError::new("/token", detail.clone())];
                Self { errors, ..Self::new(INVALID_TOKEN, detail) }
            }
            Error::TooManyAttempts(wait) => {
                Self::new(codes::RATE_LIMITED, detail).retry_after(wait)
            }
            Error::InvalidCredentials => Self::new(INVALID_CREDENTIALS, detail),
            Error::Invalid(errors) => Self::invalid(errors),
            Error::Refused(problem) => *problem,
            Error::Disabled => Self::new(ACCOUNT_DISABLED, detail),
            Error::TooManyAddresses => Self::new(TOO_MANY_ADDRESSES, detail),
            Error::UnknownAddress | Error::UnknownUser | Error::UnknownSession => {
                Self::new(codes::NOT_FOUND, detail)
            }
            Error::NotAdmin => Self::new(codes::FORBIDDEN, detail),
            Error::LastAdmin => Self::new(LAST_ADMIN, detail),
            Error::InvalidRefreshToken => Self::new(INVALID_REFRESH_TOKEN, detail),
            Error::Db(error) => error.into(),
            Error::Hashing(HashingError::Busy) => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(1))
            }
            Error::Hashing(error) => Self::internal(error),
            Error::Signing(error) => Self::internal(error),
        }
    }
}
