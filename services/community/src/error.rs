//! Why community refuses or fails, and the only place where its codes are chosen.

use std::time::Duration;

use techtrove_catalog_api::ProductId;
use techtrove_core::{ErrorCode, Problem, codes};
use techtrove_db::DbError;
use techtrove_http::ClientError;

use crate::domain::TooManyFavorites;

/// The customer's list of favourites is full.
pub const TOO_MANY_FAVORITES: ErrorCode =
    ErrorCode::new("too_many_favorites", 409, "Too many favourites");

/// Why community refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No product with this id is on sale.
    #[error("there is no product {0}")]
    UnknownProduct(ProductId),
    /// The customer's list is full.
    #[error(transparent)]
    TooMany(#[from] TooManyFavorites),
    /// Somebody made the same rows at the same moment: run again.
    #[error("the same favourites were changed at the same moment")]
    Raced,
    /// Catalog did not answer.
    #[error("catalog could not be asked")]
    Catalog(#[from] ClientError),
    /// The database failed.
    #[error("community's database failed")]
    Db(#[from] DbError),
}

impl Error {
    /// Whether the same job, run again, will see what it collided with.
    pub(crate) fn is_race(&self) -> bool {
        matches!(self, Self::Raced | Self::Db(DbError::UniqueViolation { .. }))
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::UnknownProduct(_) => Self::new(codes::NOT_FOUND, detail),
            Error::TooMany(_) => Self::new(TOO_MANY_FAVORITES, detail),
            Error::Raced => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(1))
            }
            Error::Catalog(error) => error.into(),
            Error::Db(error) => error.into(),
        }
    }
}
