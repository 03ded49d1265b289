//! The answer that an idempotency key was given before, for requests that fail before they come to
//! claim it: a retry must not fail because a product was withdrawn, or its cart bought, since.

use techtrove_db::{DbError, Tx};
use techtrove_http::idempotency::{self, Answer, Key};

use super::App;
use crate::error::Error;

/// The answer that was given for the key before `error` could arise.
///
/// # Errors
/// `error` when there is none, or why the key cannot be used.
pub(super) async fn answered_before(
    app: &App,
    key: Option<Key>,
    error: Error,
) -> Result<Answer, Error> {
    let Some(key) = key else { return Err(error) };
    let given = app.db.write("orders.look_for_answer", move |tx| given_before(tx, &key));
    given.await.map_err(|earlier| match earlier {
        Earlier::Nothing => error,
        Earlier::Failed(earlier) => *earlier,
    })
}

/// Why there is no earlier answer.
enum Earlier {
    /// The key is new.
    Nothing,
    /// The key cannot be used, or the database fails.
    Failed(Box<Error>),
}

impl From<DbError> for Earlier {
    fn from(error: DbError) -> Self {
        Self::Failed(Box::new(error.into()))
    }
}

/// Claims nothing: when the key is new, the transaction is rolled back.
fn given_before(tx: &mut Tx<'_>, key: &Key) -> Result<Answer, Earlier> {
    let claim = idempotency::claim(tx, key)?;
    claim
        .proceed()
        .map_err(|problem| Earlier::Failed(Box::new(problem.into())))?
        .ok_or(Earlier::Nothing)
}
