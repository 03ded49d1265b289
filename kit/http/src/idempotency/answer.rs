//! An answer that is given again to the byte.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use techtrove_core::Problem;
use uuid::Uuid;

use crate::{
    ETag,
    json::APPLICATION_JSON,
    problem::{self, PROBLEM_JSON},
};

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// What was answered: status, body, place, and of which version. It must never hold a secret; whoever needs one in the
/// body derives it anew and puts it in with [`Answer::map_json`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body: JSON, or a problem when the status is an error.
    pub body: Vec<u8>,
    /// The `Location` header.
    pub location: Option<String>,
    /// The version of what was made, for the `ETag` header, where the first answer has one.
    pub version: Option<u64>,
    /// What was made, as the key was claimed for it.
    pub resource: Option<Uuid>,
}

impl Answer {
    /// 201 with what was made, at `location`.
    ///
    /// # Errors
    /// When `body` cannot be written as JSON: 500.
    pub fn created<T: Serialize>(location: &str, body: &T) -> Result<Self, Problem> {
        let body = serde_json::to_vec(body).map_err(Problem::internal)?;
        Ok(Self {
            status: 201,
            body,
            location: Some(location.to_owned()),
            version: None,
            resource: None,
        })
    }

    /// The same answer with the entity tag of this version.
    #[must_use]
    pub fn in_version(self, version: impl TryInto<u64>) -> Self {
        Self { version: Some(version.try_into().unwrap_or(0)), ..self }
    }

    /// 202 and nothing more: what it comes to is not pinned, and whoever asks again is to be told how it
    /// stands by then.
    #[must_use]
    pub fn accepted() -> Self {
        Self { status: 202, body: Vec::new(), location: None, version: None, resource: None }
    }

    /// A final refusal. It carries the first request's trace id, where the log has more.
    #[must_use]
    pub fn refused(problem: &Problem) -> Self {
        let body = problem::to_bytes(problem);
        Self { status: problem.status, body, location: None, version: None, resource: None }
    }

    /// Whether it is a problem.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.status >= 400
    }

    /// The same answer with its JSON changed, such as by a token that is not stored.
    ///
    /// # Errors
    /// When the body is not JSON any more: 500.
    pub fn map_json(
        mut self,
        change: impl FnOnce(&mut serde_json::Value),
    ) -> Result<Self, Problem> {
        let mut value = serde_json::from_slice(&self.body).map_err(Problem::internal)?;
        change(&mut value);
        self.body = serde_json::to_vec(&value).map_err(Problem::internal)?;
        Ok(self)
    }

    /// The answer, marked as one that was given before. A refusal that was pinned where no request was
    /// known, as on a database thread, tells of this one.
    #[must_use]
    pub fn replayed(mut self) -> Response {
        if self.is_refusal() {
            self.body = problem::in_current_request(self.body);
        }
        let mut response = self.into_response();
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        response
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let is_problem = self.is_refusal();
        let tag = self.version.map(|version| ETag::of(version, &self.body).header());
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = status;
        let kind = if is_problem { PROBLEM_JSON } else { APPLICATION_JSON };
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(tag) = tag {
            response.headers_mut().insert(header::ETAG, tag);
        }
        let place = self.location.and_then(|place| HeaderValue::try_from(place).ok());
        if let Some(place) = place {
            response.headers_mut().insert(header::LOCATION, place);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::codes;

    use super::*;

    async fn sent(response: Response) -> (http::response::Parts, Vec<u8>) {
        let (parts, body) = response.into_parts();
        (parts, axum::body::to_bytes(body, 65_536).await.expect("a short body").to_vec())
    }

    #[tokio::test]
    async fn a_replay_is_the_same_and_says_so() {
        let answer = Answer::created("/orders/1", &"made").expect("serializable");

        let (first, first_body) = sent(answer.clone().into_response()).await;
        let (mut again, again_body) = sent(answer.replayed()).await;

        assert_eq!(
            again.headers.remove("idempotent-replayed"),
            Some("true".parse().expect("text"))
        );
        assert_eq!(
            (again.status, again.headers, again_body),
            (first.status, first.headers, first_body)
        );
    }

    #[tokio::test]
    async fn a_replay_has_the_entity_tag_of_the_first_answer() {
        let (first, _) = sent(crate::created_json("/orders/1", 7, &"made")).await;

        let answer = Answer::created("/orders/1", &"made").expect("serializable").in_version(7);
        let (again, _) = sent(answer.replayed()).await;

        for name in [header::ETAG, header::LOCATION, header::CONTENT_TYPE] {
            assert_eq!(again.headers.get(&name), first.headers.get(&name), "{name}");
        }
    }

    #[tokio::test]
    async fn a_refusal_is_a_problem() {
        let (parts, body) =
            sent(Answer::refused(&Problem::new(codes::CONFLICT, "no")).replayed()).await;

        let body: crate::ProblemBody = serde_json::from_slice(&body).expect("a problem");
        assert_eq!(parts.headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!((parts.status.as_u16(), body.code.as_str()), (409, "conflict"));
    }

    #[test]
    fn a_secret_is_put_in_at_the_end() {
        let answer =
            Answer::created("/orders/1", &serde_json::json!({"id": 1})).expect("serializable");

        let whole = answer.map_json(|body| body["token"] = "secret".into()).expect("JSON");

        assert_eq!(whole.body, br#"{"id":1,"token":"secret"}"#);
    }
}
