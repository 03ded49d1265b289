//! A write that a client may repeat under an idempotency key: carried out once, answered alike ever
//! after. What was made and a refusal for good are pinned; anything else leaves no trace. Work that
//! takes several transactions begins here and ends with [`finish`] or [`super::forget`].

use axum::response::Response;
use techtrove_core::Problem;
use techtrove_db::{DbError, Tx};

use super::{Answer, Key, claim, finish};
use crate::HttpError;

/// What a write under a key came to.
#[derive(Debug)]
pub enum Once<T> {
    /// It was carried out now.
    Made(T),
    /// It was carried out before; this was the answer.
    Replayed(Answer),
    /// It was refused for good now.
    Refused(Problem),
}

/// Something that a `POST` makes.
pub trait Repeatable {
    /// The answer to whoever made it, without any secret.
    ///
    /// # Errors
    /// When it cannot be written.
    fn answer(&self) -> Result<Answer, Problem>;
}

/// Why a use case refuses or fails.
pub trait Refusal: From<DbError> + From<Problem> {
    /// The refusal, when the same request is to get it for good: 402 and final 409s.
    fn for_good(&self) -> Option<Problem>;
}

impl<T> Once<T> {
    /// The response; `made` gives it when the write was carried out just now.
    ///
    /// # Errors
    /// The refusal, or what `made` cannot do.
    pub fn respond(
        self,
        made: impl FnOnce(T) -> Result<Response, HttpError>,
    ) -> Result<Response, HttpError> {
        match self {
            Self::Made(value) => made(value),
            Self::Replayed(answer) => Ok(answer.replayed()),
            Self::Refused(problem) => Err(HttpError(problem)),
        }
    }
}

/// Runs `job` once per `key`, in the caller's transaction; without a key, every time. A job that
/// refuses leaves nothing but the refusal.
///
/// # Errors
/// 409 or 422 when the key cannot be used, and what `job` returns unless that is pinned.
pub fn once<T: Repeatable, E: Refusal>(
    tx: &mut Tx<'_>,
    key: Option<&Key>,
    job: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<Once<T>, E> {
    let outcome = begin(tx, key, job)?;
    if let (Once::Made(made), Some(key)) = (&outcome, key) {
        finish(tx, &key.hash, &made.answer()?)?;
    }
    Ok(outcome)
}

/// The same for a `job` that is only the first of several transactions: what it made is answered, and
/// its key finished or forgotten, by whoever does the last.
///
/// # Errors
/// 409 or 422 when the key cannot be used, and what `job` returns unless that is pinned.
pub fn begin<T, E: Refusal>(
    tx: &mut Tx<'_>,
    key: Option<&Key>,
    job: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> Result<Once<T>, E> {
    let Some(key) = key else { return job(tx).map(Once::Made) };
    if let Some(answer) = claim(tx, key)?.proceed()? {
        return Ok(Once::Replayed(answer));
    }
    match tx.savepoint(job) {
        Ok(made) => Ok(Once::Made(made)),
        Err(error) => {
            let Some(problem) = error.for_good() else { return Err(error) };
            finish(tx, &key.hash, &Answer::refused(&problem))?;
            Ok(Once::Refused(problem))
        }
    }
}
