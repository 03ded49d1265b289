//! What was answered under a key, for a day: a repetition gets the same, also a failure. In memory alone:
//! a caller may count on it no more than on Stripe's.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header, request::Parts};
use serde_json::Value;
use techtrove_core::Timestamp;

use super::words::{Fields, Refused};
use crate::{domain::Key, error::Error};

/// How long an answer is known by its key.
const KEPT: Duration = Duration::from_secs(24 * 3_600);

/// What is asked, and under which key.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    key: Option<Key>,
    /// What a repetition has to say again.
    words: String,
}

/// What is known of a key.
struct Known {
    words: String,
    since: Timestamp,
    /// Nothing while the first request is worked on.
    answer: Option<(StatusCode, Value)>,
}

/// The answers of a day. Clones share them.
#[derive(Clone, Default)]
pub(super) struct Answers(Arc<Mutex<HashMap<Key, Known>>>);

/// Forgets a key whose request was given up before it was answered.
struct Claim<'a>(&'a Answers, Key);

impl Asked {
    /// What a request asks, of a caller who shows a key of this provider. Every answer to a `GET` is new.
    pub(super) fn new(parts: &Parts, fields: &Fields) -> Result<Self, Refused> {
        let text = |name: &str| header_of(&parts.headers, name);
        let bearer = text(header::AUTHORIZATION.as_str()).unwrap_or_default();
        if !bearer.starts_with("Bearer sk_test_") || text("stripe-version").is_none() {
            return Err(Refused::unauthorized());
        }
        let key = text("idempotency-key").map(str::parse).transpose();
        let key = key.map_err(|_| Refused::invalid("idempotency-key"))?;
        let key = key.filter(|_| parts.method != Method::GET);
        Ok(Self { key, words: format!("{} {fields:?}", parts.uri.path()) })
    }

    /// The key, where there has to be one.
    pub(super) fn needed_key(&self) -> Result<Key, Refused> {
        self.key.clone().ok_or_else(|| Refused::invalid("idempotency-key"))
    }
}

impl Answers {
    /// The answer of `work`, or the one that was given under the key before.
    pub(super) async fn once(
        &self,
        asked: Asked,
        now: Timestamp,
        work: impl Future<Output = Result<Value, Error>>,
    ) -> Response {
        let Some(key) = asked.key else { return said(words(work.await)) };
        if let Some(known) = self.claim(&key, asked.words, now) {
            return said(known);
        }
        let claim = Claim(self, key.clone());
        let done = work.await;
        let is_kept = !matches!(done, Err(Error::HeldBack | Error::Db(_) | Error::Contended(_)));
        let answer = words(done);
        if is_kept && let Some(known) = self.known().get_mut(&key) {
            known.answer = Some(answer.clone());
        }
        drop(claim);
        said(answer)
    }

    /// Takes the key for the first request under it; for another one, what it is answered.
    fn claim(&self, key: &Key, words: String, now: Timestamp) -> Option<(StatusCode, Value)> {
        let mut answers = self.known();
        answers.retain(|_, known| now.since(known.since) < KEPT);
        match answers.get(key) {
            Some(known) if known.words != words => Some(Refused::key_reused().into_parts()),
            Some(known) => {
                let busy = || Refused::key_in_use().into_parts();
                Some(known.answer.clone().unwrap_or_else(busy))
            }
            None => {
                answers.insert(key.clone(), Known { words, since: now, answer: None });
                None
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<Key, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut answers = self.0.known();
        if answers.get(&self.1).is_some_and(|known| known.answer.is_none()) {
            answers.remove(&self.1);
        }
    }
}

fn header_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn words(done: Result<Value, Error>) -> (StatusCode, Value) {
    match done {
        Ok(body) => (StatusCode::OK, body),
        Err(error) => Refused::from(error).into_parts(),
    }
}

fn said((status, body): (StatusCode, Value)) -> Response {
    (status, axum::Json(body)).into_response()
}
