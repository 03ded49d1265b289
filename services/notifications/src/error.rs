//! Why notifications fails, and the only place where its codes are chosen.

use techtrove_core::Problem;
use techtrove_db::DbError;

/// Why notifications fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("notifications' database failed")]
    Db(#[from] DbError),
    /// A mail cannot be written out; does not happen with text.
    #[error("cannot render the mail")]
    Render(#[from] askama::Error),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
            Error::Render(error) => Self::internal(error),
        }
    }
}
