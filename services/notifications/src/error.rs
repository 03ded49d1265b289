//! Why notifications fails, and the only place where its codes are chosen.

use techtrove_core::Problem;
use techtrove_db::DbError;

/// Why notifications fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error("notifications' database failed")]
    Db(#[from] DbError),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Db(error) => error.into(),
        }
    }
}
