//! Why community refuses or fails, and the only place where its codes are chosen.

use techtrove_catalog_api::ProductId;
use techtrove_core::{ErrorCode, Problem, codes};
use techtrove_db::{DbError, Race};
use techtrove_http::{ClientError, idempotency::Refusal};

use crate::domain::{InvalidReview, ReviewId, TooManyFavorites};

/// The customer's list of favourites is full.
pub const TOO_MANY_FAVORITES: ErrorCode =
    ErrorCode::new("too_many_favorites", 409, "Too many favourites");

/// The customer has reviewed the product.
pub const ALREADY_REVIEWED: ErrorCode = ErrorCode::new("already_reviewed", 409, "Already reviewed");

/// The review is the voter's own.
pub const OWN_REVIEW: ErrorCode = ErrorCode::new("own_review", 403, "Own review");

/// Why community refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No product with this id is on sale.
    #[error("there is no product {0}")]
    UnknownProduct(ProductId),
    /// The customer's list is full.
    #[error(transparent)]
    TooMany(#[from] TooManyFavorites),
    /// There is no such review.
    #[error("there is no review {0}")]
    UnknownReview(ReviewId),
    /// The customer has reviewed the product.
    #[error("you have reviewed this product: edit that review instead")]
    AlreadyReviewed,
    /// The review is somebody else's.
    #[error("the review is somebody else's")]
    ForeignReview,
    /// The review is the voter's own.
    #[error("nobody votes on their own review")]
    OwnReview,
    /// Values that break a rule.
    #[error(transparent)]
    Invalid(#[from] InvalidReview),
    /// The page is not one of the list, the client saw another version, or no idempotency claim could be
    /// made.
    #[error(transparent)]
    Refused(Problem),
    /// Catalog did not answer.
    #[error("catalog could not be asked")]
    Catalog(#[from] ClientError),
    /// The database failed.
    #[error("community's database failed")]
    Db(#[from] DbError),
}

impl Race for Error {
    fn is_race(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_race())
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl Refusal for Error {
    fn for_good(&self) -> Option<Problem> {
        matches!(self, Self::AlreadyReviewed).then(|| Self::AlreadyReviewed.into())
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::UnknownProduct(_) | Error::UnknownReview(_) => {
                Self::new(codes::NOT_FOUND, detail)
            }
            Error::TooMany(_) => Self::new(TOO_MANY_FAVORITES, detail),
            Error::AlreadyReviewed => Self::new(ALREADY_REVIEWED, detail),
            Error::OwnReview => Self::new(OWN_REVIEW, detail),
            Error::ForeignReview => Self::new(codes::FORBIDDEN, detail),
            Error::Invalid(invalid) => Self::invalid(invalid.0),
            Error::Refused(problem) => problem,
            Error::Catalog(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
