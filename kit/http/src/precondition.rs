//! Conditional requests (RFC 9110, 13): `If-Match` guards an edit by the version alone, so that a sale
//! or a review never spoils it; `If-None-Match` compares the whole entity tag.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::{HeaderMap, HeaderName, header, request::Parts};
use techtrove_core::{Problem, codes};

use crate::{ETag, HttpError};

/// The request's `If-Match`, which edits require: missing → 428, malformed → 400.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IfMatch {
    /// `*`: whatever the version is.
    Any,
    /// One of these versions. A tag that none of ours can be is left out: it never matches.
    Versions(Vec<u64>),
}

impl IfMatch {
    /// Whether the edit may be made to the resource in `current` version. Compare within the
    /// transaction that edits.
    ///
    /// # Errors
    /// 412 when the client saw another version.
    pub fn check(&self, current: impl TryInto<u64>) -> Result<(), Problem> {
        let Self::Versions(versions) = self else { return Ok(()) };
        if current.try_into().is_ok_and(|current| versions.contains(&current)) {
            return Ok(());
        }
        let detail =
            "the resource has changed since it was read: read it again, then repeat the edit";
        Err(Problem::new(codes::PRECONDITION_FAILED, detail))
    }

    fn from_headers(headers: &HeaderMap) -> Result<Self, Problem> {
        let malformed = || {
            Problem::new(
                codes::BAD_REQUEST,
                "if-match is neither * nor a list of quoted entity tags",
            )
        };
        let mut versions = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            let text = value.to_str().map_err(|_| malformed())?;
            if text.trim() == "*" {
                return Ok(Self::Any);
            }
            for tag in tags(text) {
                let tag = tag.ok_or_else(malformed)?;
                // A weak tag (`W/"…"`) is no ETag of ours: If-Match compares strongly.
                versions.extend(tag.parse::<ETag>().ok().map(|tag| tag.version));
            }
        }
        Ok(Self::Versions(versions))
    }
}

impl utoipa::ToSchema for IfMatch {}

impl utoipa::PartialSchema for IfMatch {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
        // A value of its own instead of a branch of the pattern: there are tools that put nothing but
        // letters and digits into a header by themselves, and take any other from what is listed.
        let any = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["*"]));
        let tags = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(r#"^(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*$"#));
        OneOfBuilder::new()
            .description(Some("`*`, or the entity tags of the versions that may be edited"))
            .item(any)
            .item(tags)
            .examples(["*"])
            .into()
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, HttpError> {
        if !parts.headers.contains_key(header::IF_MATCH) {
            let detail = "an edit needs if-match with the entity tag that was read";
            return Err(Problem::new(codes::PRECONDITION_REQUIRED, detail).into());
        }
        Ok(Self::from_headers(&parts.headers)?)
    }
}

/// `Option<IfMatch>`, for an edit which does not require it: missing → nothing, malformed → 400.
impl<S: Send + Sync> OptionalFromRequestParts<S> for IfMatch {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, HttpError> {
        let given = parts.headers.contains_key(header::IF_MATCH);
        Ok(given.then(|| Self::from_headers(&parts.headers)).transpose()?)
    }
}

/// Whether `If-None-Match` says that the client has `tag`. A header that cannot be understood is
/// ignored: then the client gets the body, which is never wrong.
#[must_use]
pub fn is_unchanged(request: &HeaderMap, tag: ETag) -> bool {
    const NAME: HeaderName = header::IF_NONE_MATCH;
    if !request.contains_key(NAME) {
        return false;
    }
    let tag = tag.to_string();
    request.get_all(NAME).iter().filter_map(|value| value.to_str().ok()).any(|text| {
        text.trim() == "*"
            || tags(text).flatten().any(|given| given.strip_prefix("W/").unwrap_or(given) == tag)
    })
}

/// The entity tags of a list, `None` for what is no entity tag. A tag may contain commas.
fn tags(list: &str) -> impl Iterator<Item = Option<&str>> {
    let mut rest = Some(list.trim());
    std::iter::from_fn(move || {
        let text = rest.take()?;
        let opaque = text.strip_prefix("W/").unwrap_or(text);
        let Some(end) = opaque.strip_prefix('"').and_then(|inner| inner.find('"')) else {
            return Some(None);
        };
        // Both quotes, and the weak prefix if there was one.
        let (tag, more) = text.split_at_checked(text.len() - opaque.len() + end + 2)?;
        rest = match more.trim_start().strip_prefix(',') {
            Some(next) => Some(next.trim()),
            None if more.trim().is_empty() => None,
            None => return Some(None),
        };
        Some(Some(tag))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn if_match(values: &[&str]) -> Result<IfMatch, Problem> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, value.parse().expect("a header"));
        }
        IfMatch::from_headers(&headers)
    }

    fn unchanged(value: &str, tag: ETag) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, value.parse().expect("a header"));
        is_unchanged(&headers, tag)
    }

    const TAG: &str = "\"v7-0123456789abcdef\"";

    #[test]
    fn the_version_alone_decides_an_edit() {
        let guard = if_match(&[TAG]).expect("valid");

        assert!(guard.check(7).is_ok());
        assert!(guard.check(7_i64).is_ok());
        assert!(guard.check(8).expect_err("stale").is(codes::PRECONDITION_FAILED));
        assert!(guard.check(-7_i64).is_err());
    }

    #[test]
    fn lists_and_the_star_are_understood() {
        let list = if_match(&["\"other\", \"v3-0123456789abcdef\"", TAG]).expect("valid");

        assert_eq!(list, IfMatch::Versions(vec![3, 7]));
        assert_eq!(if_match(&[" * "]).expect("valid"), IfMatch::Any);
        assert!(if_match(&["\"a,b\""]).expect("valid").check(7).is_err());
        assert!(if_match(&["W/\"v7-0123456789abcdef\""]).expect("valid").check(7).is_err());
    }

    #[test]
    fn what_is_no_entity_tag_is_malformed() {
        for text in ["", "v7", "\"v7", "7", "\"a\" \"b\"", "\"a\",", "W/", "\"a\",*"] {
            assert!(if_match(&[text]).expect_err("malformed").is(codes::BAD_REQUEST), "{text}");
        }
    }

    #[tokio::test]
    async fn an_edit_without_it_is_428() {
        let (mut parts, ()) = http::Request::put("/").body(()).expect("a request").into_parts();

        let refused = <IfMatch as FromRequestParts<()>>::from_request_parts(&mut parts, &()).await;

        assert!(refused.expect_err("428").0.is(codes::PRECONDITION_REQUIRED));
    }

    #[tokio::test]
    async fn an_edit_that_does_not_require_it_refuses_only_what_is_malformed() {
        let parts = |value: Option<&str>| {
            let request = http::Request::put("/");
            let request = value.into_iter().fold(request, |it, text| it.header("if-match", text));
            request.body(()).expect("a request").into_parts().0
        };
        let given = async |value| {
            let mut parts = parts(value);
            <IfMatch as OptionalFromRequestParts<()>>::from_request_parts(&mut parts, &()).await
        };

        assert_eq!(given(None).await.expect("valid"), None);
        assert_eq!(given(Some("*")).await.expect("valid"), Some(IfMatch::Any));
        assert!(given(Some("v7")).await.expect_err("malformed").0.is(codes::BAD_REQUEST));
    }

    #[test]
    fn the_whole_tag_decides_a_read() {
        let tag: ETag = TAG.parse().expect("a tag");

        assert!(unchanged(TAG, tag));
        assert!(unchanged(&format!("\"x\", W/{TAG}"), tag));
        assert!(unchanged("*", tag));
        assert!(!unchanged("\"v7-0123456789abcdee\"", tag));
        assert!(!unchanged("nonsense", tag));
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(text in "[ -~]{0,60}") {
            let _ = if_match(&[&text]);
            unchanged(&text, ETag { version: 7, hash: 1 });
        }

        #[test]
        fn a_tag_is_found_in_any_list(version: u64, hash: u64, before in prop::collection::vec("[!#-~]{0,9}", 0..4)) {
            let tag = ETag { version, hash };
            let list: String = before.iter().map(|other| format!("\"{other}\" , ")).collect();

            let list = list + &tag.to_string();

            prop_assert!(unchanged(&list, tag));
            prop_assert!(if_match(&[&list]).expect("valid").check(version).is_ok());
        }
    }
}
