//! Problems on the wire (RFC 9457): how every refusal leaves, and how a client reads one. A problem's
//! source is logged here, once, and must never be sent.

use std::borrow::Cow;
use std::error::Error;
use std::fmt::Write as _;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use techtrove_core::{FieldError, Problem};

use crate::context;

/// The content type of problems.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// How a `type` begins; the code follows. A name, not an address: it never moves.
const TYPE_PREFIX: &str = "urn:techtrove:problem:";

/// What a handler returns when it refuses or fails: anything that becomes a [`Problem`] gets here by
/// `?`.
#[derive(Debug)]
pub struct HttpError(pub Problem);

/// [`HttpError`] itself never becomes a [`Problem`], or this would overlap with the standard library's
/// `From<T> for T`.
impl<E: Into<Problem>> From<E> for HttpError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for HttpError {
    fn into_response(self) -> Response {
        log(&self.0);
        response(self.0)
    }
}

/// A problem as it is sent (RFC 9457).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// A stable name for this kind of problem.
    #[serde(rename = "type", default)]
    #[schema(example = "urn:techtrove:problem:not_found")]
    pub kind: String,
    /// The same few words for every problem of this kind.
    #[serde(default)]
    #[schema(example = "Not found")]
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599, example = 404)]
    pub status: u16,
    /// What happened this time, in one sentence.
    #[serde(default)]
    pub detail: String,
    /// The path of the request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
    /// The stable reason, for programs.
    #[serde(default)]
    #[schema(example = "not_found")]
    pub code: String,
    /// The values that are not valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// Where the logs have more, for whoever runs the shop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// What else belongs to this kind of problem.
    #[serde(flatten)]
    pub members: Map<String, Value>,
}

impl From<ProblemBody> for Problem {
    /// The problem as the client knows it: without source, and without `retry_after`, which is a
    /// header.
    fn from(body: ProblemBody) -> Self {
        Self {
            status: body.status,
            code: Cow::Owned(body.code),
            title: Cow::Owned(body.title),
            detail: body.detail,
            errors: body.errors,
            retry_after: None,
            members: body.members,
            source: None,
        }
    }
}

/// The answer for `problem`, without logging it.
pub(crate) fn response(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let retry_after = problem.retry_after.map(|wait| {
        // Rounded up: a client that waits this long must not be early.
        wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
    });
    let body = body_of(problem, status);
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, PROBLEM_JSON);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        let challenge = HeaderValue::from_static("Bearer realm=\"techtrove\"");
        headers.insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

/// `problem` as it is sent, for an answer that is kept.
pub(crate) fn to_bytes(problem: &Problem) -> Vec<u8> {
    let copy = Problem {
        status: problem.status,
        code: problem.code.clone(),
        title: problem.title.clone(),
        detail: problem.detail.clone(),
        errors: problem.errors.clone(),
        retry_after: problem.retry_after,
        members: problem.members.clone(),
        source: None,
    };
    let status = StatusCode::from_u16(copy.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    serde_json::to_vec(&body_of(copy, status)).unwrap_or_default()
}

/// A problem as it was kept, with the path and the trace of the current request where it has none.
pub(crate) fn in_current_request(kept: Vec<u8>) -> Vec<u8> {
    let Ok(mut body) = serde_json::from_slice::<ProblemBody>(&kept) else { return kept };
    if body.instance.is_some() && body.trace_id.is_some() {
        return kept;
    }
    body.instance = body.instance.or_else(context::current_path);
    body.trace_id = body.trace_id.or_else(current_trace_id);
    serde_json::to_vec(&body).unwrap_or(kept)
}

fn current_trace_id() -> Option<String> {
    context::current_trace().map(|trace| trace.id().to_string())
}

fn body_of(problem: Problem, status: StatusCode) -> ProblemBody {
    ProblemBody {
        kind: format!("{TYPE_PREFIX}{}", problem.code),
        title: problem.title.into_owned(),
        status: status.as_u16(),
        detail: problem.detail,
        instance: context::current_path(),
        code: problem.code.into_owned(),
        errors: problem.errors,
        trace_id: current_trace_id(),
        members: problem.members,
    }
}

/// Failures are logged with all their causes; refusals are the caller's affair, and their details may
/// quote what the caller sent.
fn log(problem: &Problem) {
    if problem.status < 500 {
        tracing::debug!(code = %problem.code, status = problem.status, "refused");
        return;
    }
    let causes = causes(problem);
    // Overload and outages come in thousands; they are seen in the metrics.
    if problem.status == 503 {
        tracing::warn!(code = %problem.code, status = problem.status, causes, "{}", problem.detail);
    } else {
        tracing::error!(code = %problem.code, status = problem.status, causes, "{}", problem.detail);
    }
}

/// The chain of sources, outermost first.
fn causes(problem: &Problem) -> String {
    let mut text = String::new();
    let mut next = problem.source();
    while let Some(cause) = next {
        let separator = if text.is_empty() { "" } else { ": " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{cause}");
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use techtrove_core::codes;

    use super::*;

    async fn sent(problem: Problem) -> (http::response::Parts, Value) {
        let (parts, body) = HttpError(problem).into_response().into_parts();
        let bytes = axum::body::to_bytes(body, 65_536).await.expect("a short body");
        (parts, serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[tokio::test]
    async fn a_problem_shows_its_code_and_never_its_source() {
        let problem = Problem::new(codes::CONFLICT, "sold out")
            .with("lines", vec![1, 2])
            .caused_by("password=hunter2")
            .retry_after(Duration::from_millis(1_200));

        let (parts, body) = sent(problem).await;

        assert_eq!(parts.status, StatusCode::CONFLICT);
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(parts.headers[header::RETRY_AFTER], "2");
        let expected = serde_json::json!({
            "type": "urn:techtrove:problem:conflict", "title": "Conflict", "status": 409,
            "detail": "sold out", "code": "conflict", "lines": [1, 2],
        });
        assert_eq!(body, expected);
    }

    #[tokio::test]
    async fn unauthenticated_names_the_scheme() {
        let (parts, _) = sent(Problem::new(codes::UNAUTHENTICATED, "who are you?")).await;

        assert_eq!(parts.headers[header::WWW_AUTHENTICATE], "Bearer realm=\"techtrove\"");
    }

    #[tokio::test]
    async fn a_client_reads_what_was_sent() {
        let problem = Problem::invalid_field("/sku", "unknown").with("lines", 3);

        let (_, body) = sent(problem).await;
        let read = Problem::from(serde_json::from_value::<ProblemBody>(body).expect("a problem"));

        assert!(read.is(codes::INVALID_REQUEST));
        assert_eq!(read.errors, vec![FieldError::new("/sku", "unknown")]);
        assert_eq!(read.members["lines"], 3);
    }

    #[test]
    fn the_document_knows_every_member_and_that_there_may_be_more() {
        use utoipa::PartialSchema as _;

        let schema = serde_json::to_value(ProblemBody::schema()).expect("serializable").to_string();

        for part in ["type", "status", "code", "errors", "trace_id", "additionalProperties"] {
            assert!(schema.contains(&format!("\"{part}\"")), "{part}: {schema}");
        }
        assert!(!schema.contains("\"members\""), "{schema}");
    }

    #[test]
    fn the_log_gets_every_cause() {
        #[derive(Debug, thiserror::Error)]
        #[error("saving the order")]
        struct Outer(#[source] std::io::Error);
        let problem = Problem::internal(Outer(std::io::Error::other("disk gone")));

        assert_eq!(causes(&problem), "saving the order: disk gone");
    }
}
