//! Strong entity tags `"v7-<hash>"`: the version for `If-Match`, the whole for `If-None-Match`
//! (RFC 9110, 8.8.3). The hash tells apart what changes without an edit, such as availability.

use std::{fmt, str::FromStr};

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use techtrove_core::Problem;

use crate::{HttpError, json::APPLICATION_JSON, precondition::is_unchanged};

/// A strong entity tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ETag {
    /// The resource's version, raised by edits only.
    pub version: u64,
    /// The hash of the answer's bytes.
    pub hash: u64,
}

/// The text is an entity tag, but none of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an entity tag of the form \"v7-0123456789abcdef\"")]
pub struct InvalidETag;

impl ETag {
    /// The tag of `body` in `version`. A version below zero, which no store keeps, counts as 0.
    pub fn of(version: impl TryInto<u64>, body: &[u8]) -> Self {
        Self { version: version.try_into().unwrap_or(0), hash: hash(body) }
    }

    /// The tag as a header.
    #[must_use]
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_maybe_shared(Bytes::from(self.to_string()))
            .expect("a tag is made of letters, digits, a dash and quotes")
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"v{}-{:016x}\"", self.version, self.hash)
    }
}

impl FromStr for ETag {
    type Err = InvalidETag;

    /// Reads the tag with its quotes.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text.strip_prefix("\"v").and_then(|rest| rest.strip_suffix('"'));
        let (version, hash) = inner.and_then(|inner| inner.split_once('-')).ok_or(InvalidETag)?;
        let digits = version.bytes().all(|byte| byte.is_ascii_digit());
        let hex = hash.len() == 16 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !digits || !hex {
            return Err(InvalidETag);
        }
        let version = version.parse().map_err(|_| InvalidETag)?;
        let hash = u64::from_str_radix(hash, 16).map_err(|_| InvalidETag)?;
        Ok(Self { version, hash })
    }
}

/// Eight bytes at a time, the same on every machine and in every release: a replica must give the
/// same tag. It tells bodies apart and keeps no secrets.
fn hash(body: &[u8]) -> u64 {
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let mix = |state: u64, word: u64| (state.rotate_left(29) ^ word).wrapping_mul(STEP);
    let (words, rest) = body.as_chunks::<8>();
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    let state = words.iter().fold(length, |state, word| mix(state, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    let state = mix(state, u64::from_le_bytes(last));
    let state = (state ^ (state >> 32)).wrapping_mul(STEP);
    state ^ (state >> 29)
}

/// The answer to a `GET`: 200 with `body` as JSON and its entity tag, or 304 when `If-None-Match` in
/// the request's headers says that the client has it.
pub fn versioned_json<T: Serialize>(
    request: &HeaderMap,
    version: impl TryInto<u64>,
    body: &T,
) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => Tagged::new(version, bytes).answer(request),
        Err(error) => HttpError(Problem::internal(error)).into_response(),
    }
}

/// JSON with its entity tag, both as they are sent, for an answer that is given many times.
#[derive(Clone, Debug)]
pub struct Tagged {
    tag: ETag,
    header: HeaderValue,
    json: Bytes,
}

impl Tagged {
    /// `json` of a resource in `version`.
    pub fn new(version: impl TryInto<u64>, json: impl Into<Bytes>) -> Self {
        let json = json.into();
        let tag = ETag::of(version, &json);
        Self { tag, header: tag.header(), json }
    }

    /// The answer to a `GET`, as [`versioned_json`] gives it.
    #[must_use]
    pub fn answer(&self, request: &HeaderMap) -> Response {
        if is_unchanged(request, self.tag) {
            return (StatusCode::NOT_MODIFIED, [(header::ETAG, self.header.clone())])
                .into_response();
        }
        self.sent(StatusCode::OK)
    }

    /// How many bytes it has.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "JSON is never empty")]
    pub fn len(&self) -> usize {
        self.json.len()
    }

    fn sent(&self, status: StatusCode) -> Response {
        let headers =
            [(header::CONTENT_TYPE, APPLICATION_JSON), (header::ETAG, self.header.clone())];
        (status, headers, self.json.clone()).into_response()
    }
}

/// The answer to a `PUT`, `PATCH` or action: 200 with the resource as it is now, and its entity tag.
pub fn written_json<T: Serialize>(version: impl TryInto<u64>, body: &T) -> Response {
    match serde_json::to_vec(body) {
        Ok(bytes) => Tagged::new(version, bytes).sent(StatusCode::OK),
        Err(error) => HttpError(Problem::internal(error)).into_response(),
    }
}

/// The answer to a `POST` that created: 201 with the resource, its entity tag, and where it is.
pub fn created_json<T: Serialize>(
    location: &str,
    version: impl TryInto<u64>,
    body: &T,
) -> Response {
    let place = HeaderValue::from_str(location).map_err(Problem::internal);
    let bytes = serde_json::to_vec(body).map_err(Problem::internal);
    match (place, bytes) {
        (Ok(place), Ok(bytes)) => {
            let mut response = Tagged::new(version, bytes).sent(StatusCode::CREATED);
            response.headers_mut().insert(header::LOCATION, place);
            response
        }
        (Err(problem), _) | (_, Err(problem)) => HttpError(problem).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_hash_never_changes_between_releases() {
        assert_eq!(ETag::of(7, b"").to_string(), "\"v7-0000000000000000\"");
        assert_eq!(ETag::of(7_i64, b"{\"id\":1}"), ETag::of(7_u64, b"{\"id\":1}"));
    }

    #[test]
    fn a_client_that_has_it_gets_304() {
        let first = versioned_json(&HeaderMap::new(), 3, &"body");
        let tag = first.headers()[header::ETAG].clone();
        let mut again = HeaderMap::new();
        again.insert(header::IF_NONE_MATCH, tag.clone());

        let second = versioned_json(&again, 3, &"body");
        let changed = versioned_json(&again, 3, &"another");

        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(second.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(second.headers()[header::ETAG], tag);
        assert_eq!(changed.status(), StatusCode::OK);
    }

    #[test]
    fn what_was_created_says_where_it_is() {
        let response = created_json("/things/1", 1, &"body");

        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()[header::LOCATION], "/things/1");
        assert!(response.headers().contains_key(header::ETAG));
    }

    #[test]
    fn refuses_what_is_none_of_ours() {
        for text in [
            "",
            "v7-0123456789abcdef",
            "\"v7\"",
            "\"v-0123456789abcdef\"",
            "\"v7-0123\"",
            "\"v+7-0123456789abcdef\"",
            "\"v7-0123456789ABCDEF\"",
            "\"v99999999999999999999-0123456789abcdef\"",
        ] {
            assert_eq!(text.parse::<ETag>(), Err(InvalidETag), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_tag_reads_back(version: u64, hash: u64) {
            let tag = ETag { version, hash };

            prop_assert_eq!(tag.to_string().parse(), Ok(tag));
        }

        #[test]
        fn one_changed_byte_changes_the_tag(mut body in prop::collection::vec(any::<u8>(), 1..100), at: prop::sample::Index, flip in 1_u8..) {
            let before = ETag::of(1, &body);
            let at = at.index(body.len());
            body[at] ^= flip;

            prop_assert_ne!(ETag::of(1, &body), before);
        }

        #[test]
        fn zeros_at_the_end_count(body in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut longer = body.clone();
            longer.push(0);

            prop_assert_ne!(ETag::of(1, &body), ETag::of(1, &longer));
        }
    }
}
