//! What a handler takes from the request.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, OriginalUri, Request},
};
use http::{HeaderMap, HeaderName, request::Parts};
use serde::de::DeserializeOwned;
use techtrove_core::{Problem, Timestamp, codes};

use super::{Fingerprint, Key, Scope};
use crate::{HttpError, extract::header_text, json};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The `Idempotency-Key` header, if it is there: 1 to 255 visible ASCII characters, else 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

/// A JSON body, as [`crate::Json`] takes it, together with the key and the fingerprint of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotent<T> {
    /// The body.
    pub body: T,
    name: Option<String>,
    request: Fingerprint,
}

impl<T> Idempotent<T> {
    /// The key of this request in `scope`, when the client sent one.
    #[must_use]
    pub fn key(&self, scope: Scope<'_>, now: Timestamp) -> Option<Key> {
        self.name.as_deref().map(|name| Key::new(name, scope, self.request, now))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        Ok(Self(key_name(&parts.headers)?))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Idempotent<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        let name = key_name(request.headers())?;
        let original = request.extensions().get::<OriginalUri>();
        let path = original.map_or(request.uri(), |original| &original.0).path().to_owned();
        let method = request.method().clone();
        let bytes: Bytes = json::read_json(request).await?;
        let body = json::parse_json(&bytes)?;
        Ok(Self { body, name, request: Fingerprint::of(&method, &path, &bytes) })
    }
}

fn key_name(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(name) = header_text(headers, &IDEMPOTENCY_KEY)? else { return Ok(None) };
    let visible = name.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && (1..=255).contains(&name.len()) {
        return Ok(Some(name.to_owned()));
    }
    let detail = "an idempotency-key has 1 to 255 visible ASCII characters";
    Err(Problem::new(codes::BAD_REQUEST, detail))
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use uuid::Uuid;

    use super::*;

    async fn take(name: Option<&str>, body: &str) -> Result<Idempotent<Vec<u8>>, HttpError> {
        let builder = http::Request::post("/things").header("content-type", "application/json");
        let builder = name.into_iter().fold(builder, |b, name| b.header("idempotency-key", name));
        let request = builder.body(Body::from(body.to_owned())).expect("a request");
        Idempotent::from_request(request, &()).await
    }

    #[tokio::test]
    async fn the_same_request_has_the_same_key() {
        let (user, now) = (Scope::User(Uuid::from_u128(1)), Timestamp::from_micros(5));
        let first = take(Some("k-1"), "[1, 2]").await.expect("valid");
        let again = take(Some("k-1"), "[1,2]").await.expect("valid");
        let without = take(None, "[1,2]").await.expect("valid");

        assert_eq!(first.body, [1, 2]);
        assert_eq!(first.key(user, now), again.key(user, now));
        assert_eq!(without.key(user, now), None);
    }

    #[tokio::test]
    async fn a_name_is_visible_and_not_endless() {
        let long = "x".repeat(256);
        for name in ["", "a b", long.as_str()] {
            let refused = take(Some(name), "[]").await.expect_err("must be refused");

            assert!(refused.0.is(codes::BAD_REQUEST), "{name}");
        }
        assert!(take(Some(&long[1..]), "[]").await.is_ok());
    }
}
