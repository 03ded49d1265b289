//! An answer, read to its end and bounded, and what it means to a typed caller.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use techtrove_core::Problem;

use super::ClientError;
use crate::{ProblemBody, problem::PROBLEM_JSON};

/// How many bytes an answer may have.
pub(super) const MAX_BODY: usize = 8 * 1024 * 1024;

/// What a callee answered, whatever its status.
#[derive(Clone, Debug)]
pub struct Answer {
    callee: &'static str,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// The answer that a network brought whole.
    pub(super) fn of(callee: &'static str, response: http::Response<Bytes>) -> Self {
        let (parts, body) = response.into_parts();
        Self { callee, status: parts.status, headers: parts.headers, body }
    }

    /// Reads the whole answer.
    pub(super) async fn read(
        callee: &'static str,
        response: axum::response::Response,
    ) -> Result<Self, ClientError> {
        let (parts, body) = response.into_parts();
        match axum::body::to_bytes(body, MAX_BODY).await {
            Ok(body) => Ok(Self { callee, status: parts.status, headers: parts.headers, body }),
            Err(error) => Err(ClientError::Malformed {
                callee,
                status: parts.status.as_u16(),
                source: error.into(),
            }),
        }
    }

    /// The body as JSON when the status is 2xx; an empty body reads as `()` or `None`.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the callee answered with a problem, [`ClientError::Malformed`]
    /// when it answered something else than `R`.
    pub fn into_json<R: DeserializeOwned>(self) -> Result<R, ClientError> {
        if !self.status.is_success() {
            return Err(self.into_refusal());
        }
        let body = if self.body.is_empty() { &b"null"[..] } else { &self.body };
        serde_json::from_slice(body).map_err(|error| self.malformed(place(&error)))
    }

    fn into_refusal(self) -> ClientError {
        if self.headers.get(header::CONTENT_TYPE) != Some(&PROBLEM_JSON) {
            return self.malformed("neither success nor a problem");
        }
        match serde_json::from_slice::<ProblemBody>(&self.body) {
            Ok(body) => {
                let mut problem = Problem::from(body);
                problem.status = self.status.as_u16();
                problem.retry_after = self.retry_after();
                ClientError::Refused(problem)
            }
            Err(error) => self.malformed(place(&error)),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        let seconds = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
        Some(Duration::from_secs(seconds))
    }

    fn malformed(
        &self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> ClientError {
        let status = self.status.as_u16();
        ClientError::Malformed { callee: self.callee, status, source: source.into() }
    }
}

/// Where reading failed, without the words around it: those would bring the callee's data into logs.
fn place(error: &serde_json::Error) -> String {
    format!("{:?} error at line {} column {}", error.classify(), error.line(), error.column())
}
