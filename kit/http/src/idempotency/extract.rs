//! What a handler takes from the request.

use std::collections::BTreeSet;

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use http::{HeaderMap, HeaderName, Method, request::Parts};
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

/// The same for a body which may be absent: an empty body is the default, whatever its content type,
/// and the same request as `{}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionalIdempotent<T>(pub Idempotent<T>);

impl<T> Idempotent<T> {
    /// The key of this request in `scope`, when the client sent one.
    #[must_use]
    pub fn key(&self, scope: Scope<'_>, now: Timestamp) -> Option<Key> {
        self.name.as_deref().map(|name| Key::new(name, scope, self.request, now))
    }

    /// The key of a guest without any token whose request is the same as every other guest's, so that
    /// two who chose the same key would be given the same thing. It counts only when nobody else will
    /// choose it: a UUID does, `1` does not.
    #[must_use]
    pub fn strangers_key(&self, now: Timestamp) -> Option<Key> {
        let name = self.name.as_deref().filter(|name| is_unlikely(name))?;
        Some(Key::new(name, Scope::Guest, self.request, now))
    }
}

impl utoipa::ToSchema for IdempotencyKey {}

impl utoipa::PartialSchema for IdempotencyKey {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("1 to 255 visible ASCII characters"))
            .pattern(Some("^[!-~]{1,255}$"))
            .into()
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
        let head = Head::of(&request)?;
        let bytes = json::read_json(request).await?;
        Ok(head.with(json::parse_json(&bytes)?, &bytes))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalIdempotent<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        let head = Head::of(&request)?;
        let bytes = json::read_optional_json(request).await?;
        Ok(Self(match bytes {
            Some(bytes) => head.with(json::parse_json(&bytes)?, &bytes),
            None => head.with(T::default(), b"{}"),
        }))
    }
}

/// What of a request's head makes it the same request.
struct Head {
    name: Option<String>,
    method: Method,
    path: String,
}

impl Head {
    fn of(request: &Request) -> Result<Self, HttpError> {
        let original = request.extensions().get::<OriginalUri>();
        let path = original.map_or(request.uri(), |original| &original.0).path().to_owned();
        Ok(Self { name: key_name(request.headers())?, method: request.method().clone(), path })
    }

    fn with<T>(self, body: T, bytes: &[u8]) -> Idempotent<T> {
        let request = Fingerprint::of(&self.method, &self.path, bytes);
        Idempotent { body, name: self.name, request }
    }
}

/// Whether a key is as long and as varied as those that are made at random.
fn is_unlikely(name: &str) -> bool {
    let different: BTreeSet<u8> = name.bytes().collect();
    name.len() >= 20 && different.len() >= 8
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
    async fn a_strangers_key_counts_when_nobody_else_will_choose_it() {
        let now = Timestamp::from_micros(5);
        for (name, counts) in [
            (Some("019ac1f0-9b0e-7c3a-8d52-6a1f4be07c33"), true),
            (Some("V1StGXR8_Z5jdHi6B-myT"), true),
            (Some("1"), false),
            (Some("00000000-0000-0000-0000-000000000001"), false),
            (None, false),
        ] {
            let request = take(name, "[]").await.expect("valid");

            assert_eq!(request.strangers_key(now).is_some(), counts, "{name:?}");
        }
    }

    #[tokio::test]
    async fn no_body_is_the_same_request_as_an_empty_one() {
        #[derive(Debug, Default, PartialEq, serde::Deserialize)]
        struct Nothing {}
        let take = async |kind: Option<&str>, body: &'static str| {
            let builder = http::Request::post("/things").header("idempotency-key", "k-1");
            let builder = kind.into_iter().fold(builder, |b, kind| b.header("content-type", kind));
            let request = builder.body(Body::from(body)).expect("a request");
            OptionalIdempotent::<Nothing>::from_request(request, &()).await
        };

        let bare = take(None, "").await.expect("valid");
        let plain = take(Some("text/plain"), "").await.expect("valid");
        let empty = take(Some("application/json"), "{ }").await.expect("valid");

        assert_eq!((&bare, &bare), (&plain, &empty));
        assert_eq!(take(None, "{}").await.expect_err("refused").0.status, 415);
        assert_eq!(take(Some("application/json"), "[").await.expect_err("refused").0.status, 400);
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
