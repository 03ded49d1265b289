//! A write that a client may repeat under an idempotency key: carried out once, answered alike ever
//! after. Both what was made and a final refusal are pinned; anything else leaves no trace.

use serde_json::value::RawValue;
use techtrove_core::Problem;
use techtrove_db::Tx;
use techtrove_http::idempotency::{self, Answer, Key};

use super::App;
use crate::error::Error;

/// What a write under a key came to.
#[derive(Debug)]
pub enum Outcome<T> {
    /// It was carried out now.
    Made(T),
    /// It was carried out before; this was the answer.
    Replayed(Answer),
    /// It was refused for good now.
    Refused(Problem),
}

/// Something that a `POST` makes.
pub(super) trait Made {
    /// Where it is.
    fn location(&self) -> String;

    /// Its JSON.
    fn json(&self) -> Result<Box<RawValue>, Problem>;
}

impl App {
    /// Runs `job` as [`App::write_unique`] does, once per `key`.
    pub(super) async fn write_once<T, F>(
        &self,
        name: &'static str,
        key: Option<Key>,
        job: F,
    ) -> Result<Outcome<T>, Error>
    where
        F: Fn(&mut Tx<'_>) -> Result<T, Error> + Send + Sync + 'static,
        T: Made + Send + 'static,
    {
        let keyed = move |tx: &mut Tx<'_>| match &key {
            None => job(tx).map(Outcome::Made),
            Some(key) => under(tx, key, &job),
        };
        self.write_unique(name, keyed).await
    }
}

fn under<T: Made>(
    tx: &mut Tx<'_>,
    key: &Key,
    job: impl Fn(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<Outcome<T>, Error> {
    if let Some(answer) = idempotency::claim(tx, key)?.proceed()? {
        return Ok(Outcome::Replayed(answer));
    }
    match job(tx) {
        Ok(made) => {
            let answer = Answer::created(&made.location(), &made.json()?)?;
            idempotency::finish(tx, &key.hash, &answer)?;
            Ok(Outcome::Made(made))
        }
        // Found out before anything was stored, so that only the claim and its answer remain.
        Err(refusal @ (Error::SkuTaken(_) | Error::SlugTaken(_))) => {
            let problem = Problem::from(refusal);
            idempotency::finish(tx, &key.hash, &Answer::refused(&problem))?;
            Ok(Outcome::Refused(problem))
        }
        Err(error) => Err(error),
    }
}
