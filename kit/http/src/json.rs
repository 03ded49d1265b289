//! JSON bodies, strictly: 415 for another content type, 413 over the limit, 400 for what is not JSON,
//! 422 with a JSON Pointer for what is JSON and not acceptable. Nothing is dropped silently.

use std::{error::Error, time::Duration};

use axum::{
    RequestExt as _,
    body::{Bytes, HttpBody as _},
    extract::{FromRequest, Request},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, Method, header};
use http_body_util::{BodyExt as _, LengthLimitError};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use techtrove_core::{Problem, codes};

use crate::{CardFree, HttpError, exact::Exact, pointer, server::BodyError, strict};

/// How long a body that is read as a whole may take to arrive: less than the gateway waits for the
/// answer.
const WHOLE_BODY: Duration = Duration::from_secs(20);

/// The content type of JSON.
pub(crate) const APPLICATION_JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A JSON body. As an answer it is JSON too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// A JSON body which may be absent: an empty body is the default, whatever its content type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionalJson<T>(pub T);

/// The body of an action that needs none: nothing, or `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NoFields {}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        Ok(Self(parse_json(&read_json(request).await?)?))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = HttpError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, HttpError> {
        let body = read_optional_json(request).await?;
        Ok(Self(body.map_or_else(|| Ok(T::default()), |body| parse_json(&body))?))
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(header::CONTENT_TYPE, APPLICATION_JSON)], bytes).into_response(),
            Err(error) => HttpError(Problem::internal(error)).into_response(),
        }
    }
}

/// The answer of JSON that is written already.
#[must_use]
pub fn ready_json(json: Bytes) -> Response {
    ([(header::CONTENT_TYPE, APPLICATION_JSON)], json).into_response()
}

/// Checks JSON that comes otherwise than as a body, such as a line of an import, as strictly as one.
///
/// # Errors
/// 400 when it is not JSON or an object has a key twice, 422 when a text contains U+0000.
pub fn check_json(json: &[u8]) -> Result<(), Problem> {
    strict::check(json)
}

/// Reads a value from a JSON body, as [`Json`] does.
///
/// # Errors
/// 400 when the body is not JSON, 422 when a value is not acceptable.
pub fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    strict::check(body)?;
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(Exact(&mut deserializer)).map_err(|error| {
        let detail = without_position(&error.inner().to_string());
        invalid_value(error.path(), &detail)
    })
}

/// 422 for the value at `path`, in words that name no type of ours.
pub(crate) fn invalid_value(path: &serde_path_to_error::Path, detail: &str) -> Problem {
    let missing = quoted(detail, "missing field `");
    Problem::invalid_field(pointer::of(path, missing), readable(detail))
}

/// What stands between `before` and the next backtick.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.strip_prefix(before)?.split('`').next()
}

/// serde_json adds where in the text it was; the pointer says it better.
fn without_position(text: &str) -> String {
    text.rsplit_once(" at line ").map_or(text, |(words, _)| words).to_owned()
}

/// serde's words for a person, and not longer than one wants to read.
fn readable(detail: &str) -> String {
    let text = techtrove_core::readable(detail);
    if text.chars().count() <= 200 { text } else { text.chars().take(199).chain(['…']).collect() }
}

fn require_json(request: &Request) -> Result<(), Problem> {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (essence, parameters) = given.map_or(("", ""), |it| it.split_once(';').unwrap_or((it, "")));
    if is_json(request.method(), essence.trim()) && parameters.split(';').all(is_utf_8) {
        return Ok(());
    }
    let detail = "the body must be JSON: send it in UTF-8 with content-type: application/json";
    Err(Problem::new(codes::UNSUPPORTED_MEDIA_TYPE, detail))
}

/// Whether a parameter of the media type leaves the text what JSON is (RFC 8259 section 8.1).
fn is_utf_8(parameter: &str) -> bool {
    match parameter.split_once('=') {
        Some((name, value)) if name.trim().eq_ignore_ascii_case("charset") => {
            value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    }
}

/// `application/json`, or the merge patch (RFC 7396) that a `PATCH` is. A type built on JSON that means something
/// else, a problem say, is not what was asked for, whatever stands in it.
fn is_json(method: &Method, media_type: &str) -> bool {
    media_type.eq_ignore_ascii_case("application/json")
        || method == Method::PATCH
            && media_type.eq_ignore_ascii_case("application/merge-patch+json")
}

/// The whole body of a request that says it is JSON.
pub(crate) async fn read_json(request: Request) -> Result<Bytes, Problem> {
    require_json(&request)?;
    read(request).await
}

/// The whole body of a request that says it is JSON, or none when it is empty.
pub(crate) async fn read_optional_json(request: Request) -> Result<Option<Bytes>, Problem> {
    let media_type = require_json(&request);
    let body = read(request).await?;
    if body.is_empty() {
        return Ok(None);
    }
    media_type?;
    Ok(Some(body))
}

/// The whole body, up to the limit that is layered onto the route, and without card numbers where the
/// route is to be free of them. One that says at its beginning that it is larger is not waited for.
pub(crate) async fn read(request: Request) -> Result<Bytes, Problem> {
    let cards = CardFree::of(&request);
    let announced = request.body().size_hint().lower();
    let request = request.with_limited_body();
    if request.body().size_hint().upper().is_some_and(|most| announced > most) {
        return Err(too_large());
    }
    let collected = tokio::time::timeout(WHOLE_BODY, request.into_body().collect()).await;
    let body = collected.map_err(|_| body_late())?.map_err(|error| body_problem(&error))?;
    let body = body.to_bytes();
    cards.map_or(Ok(()), |cards| cards.check(&body))?;
    Ok(body)
}

fn too_large() -> Problem {
    Problem::new(codes::BODY_TOO_LARGE, "the body is larger than this call accepts")
}

fn body_late() -> Problem {
    Problem::new(codes::REQUEST_TIMEOUT, "the body did not arrive in time")
}

/// The refusal of a request whose body could not be read, by the error of the body: 408 when its
/// client stopped sending, 413 over the limit, else 400.
pub fn body_problem(error: &(dyn Error + 'static)) -> Problem {
    let mut causes = std::iter::successors(Some(error), |&cause| cause.source());
    causes
        .find_map(|cause| match cause.downcast_ref::<BodyError>() {
            Some(BodyError::Stalled) => Some(body_late()),
            _ => cause.is::<LengthLimitError>().then(too_large),
        })
        .unwrap_or_else(|| {
            let detail = "the body could not be read to its end";
            Problem::new(codes::BAD_REQUEST, detail).caused_by(error.to_string())
        })
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, extract::DefaultBodyLimit, http::StatusCode};
    use serde::Deserialize;
    use tower::ServiceExt as _;

    use super::*;

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        name: String,
        #[serde(default)]
        lines: Vec<Line>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Line {
        quantity: u32,
        #[serde(default)]
        kind: Kind,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        #[default]
        Physical,
        Digital,
    }

    fn pointer_of(body: &str) -> (String, String) {
        let problem = parse_json::<Wish>(body.as_bytes()).expect_err("must be refused");
        assert!(problem.is(codes::INVALID_REQUEST), "{body}: {problem}");
        let error = problem.errors.first().expect("says where");
        (error.pointer.clone(), error.detail.clone())
    }

    #[test]
    fn a_wrong_value_is_pointed_at() {
        for (body, pointer) in [
            (r#"{"name":1}"#, "/name"),
            (r#"{"name":"x","lines":[{"quantity":1},{"quantity":-1}]}"#, "/lines/1/quantity"),
            (r#"{"name":"x","lines":[{"quantity":1.5}]}"#, "/lines/0/quantity"),
            (r#"{"name":"x","lines":[{}]}"#, "/lines/0/quantity"),
            (r#"{"name":"x","lines":[{"quantity":1,"kind":"liquid"}]}"#, "/lines/0/kind"),
            (r#"{"name":"x","a/b":1}"#, "/a~1b"),
            (r#"{}"#, "/name"),
            (r#"[]"#, ""),
            (r#"["x"]"#, ""),
            (r#"{"name":"x","lines":[[1]]}"#, "/lines/0"),
            (r#"{"name":"x","lines":[3]}"#, "/lines/0"),
        ] {
            assert_eq!(pointer_of(body).0, pointer, "{body}");
        }
    }

    #[test]
    fn our_types_have_no_name_outside() {
        for body in [
            r#"{"name":"x","lines":[3]}"#,
            r#""x""#,
            r#"{"name":"x","lines":[{"quantity":1,"kind":3}]}"#,
        ] {
            let (_, detail) = pointer_of(body);

            assert!(
                !detail.contains("Wish") && !detail.contains("Line") && !detail.contains("Kind"),
                "{detail}"
            );
            assert!(!detail.contains("line 1"), "{detail}");
        }
    }

    #[test]
    fn a_huge_value_is_not_echoed() {
        let (_, detail) = pointer_of(&format!(r#"{{"name":"x","{}":1}}"#, "y".repeat(5_000)));

        assert_eq!(detail.chars().count(), 200);
    }

    #[test]
    fn only_what_is_meant_as_json_is_taken_as_such() {
        let taken = |method: Method, media_type: &str| {
            let request =
                http::Request::builder().method(method).header("content-type", media_type);
            require_json(&request.body(Body::empty()).expect("a request")).is_ok()
        };
        for good in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/json;a=b; Charset = \"UTF-8\"",
            "application/json;",
        ] {
            assert!(taken(Method::POST, good), "{good}");
        }
        for bad in [
            "",
            "text/json",
            "application/jsonx",
            "json",
            "text/plain",
            "application/problem+json",
            "application/merge-patch+json",
            "application/json; charset=latin1",
            "application/json; a=b; charset=\"utf-16\"",
        ] {
            assert!(!taken(Method::POST, bad), "{bad}");
        }
        assert!(taken(Method::PATCH, "application/merge-patch+json; charset=utf-8"));
        assert!(!taken(Method::PATCH, "application/json-patch+json"));
    }

    fn request(content_type: Option<&str>, body: &str) -> Request {
        let builder = http::Request::post("/");
        let builder =
            content_type.into_iter().fold(builder, |b, value| b.header("content-type", value));
        builder.body(Body::from(body.to_owned())).expect("a request")
    }

    async fn status(content_type: Option<&str>, body: &str) -> StatusCode {
        let router = axum::Router::new()
            .route("/", axum::routing::post(|Json(_): Json<Wish>| async {}))
            .layer(DefaultBodyLimit::max(100));
        router.oneshot(request(content_type, body)).await.expect("infallible").status()
    }

    #[tokio::test]
    async fn every_fault_of_a_body_has_its_status() {
        let json = Some("application/json");
        assert_eq!(status(json, r#"{"name":"x"}"#).await, StatusCode::OK);
        assert_eq!(status(json, "{").await, StatusCode::BAD_REQUEST);
        assert_eq!(status(json, "").await, StatusCode::BAD_REQUEST);
        assert_eq!(status(json, r#"{"nam":"x"}"#).await, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(status(None, r#"{"name":"x"}"#).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        assert_eq!(status(Some("text/plain"), "{}").await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
        let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(100));
        assert_eq!(status(json, &long).await, StatusCode::PAYLOAD_TOO_LARGE);
    }

    #[tokio::test]
    async fn an_absent_body_is_the_default_whatever_its_content_type() {
        let take = |content_type, body| async move {
            OptionalJson::<Wish>::from_request(request(content_type, body), &()).await
        };

        assert_eq!(take(None, "").await.expect("default").0, Wish::default());
        assert_eq!(take(Some("text/plain"), "").await.expect("default").0, Wish::default());
        assert_eq!(
            take(Some("application/json"), r#"{"name":"x"}"#).await.expect("read").0.name,
            "x"
        );
        let refused = take(Some("text/plain"), "x").await.expect_err("415");
        assert!(refused.0.is(codes::UNSUPPORTED_MEDIA_TYPE));
    }
}
