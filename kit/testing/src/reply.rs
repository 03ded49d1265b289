//! What an actor got back.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// This answer, when it has `status`.
    ///
    /// # Panics
    /// When it has not, showing what it says.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    /// The body as a `T`.
    ///
    /// # Panics
    /// When it is none.
    #[track_caller]
    #[must_use]
    pub fn json<T: DeserializeOwned>(&self) -> T {
        match serde_json::from_slice(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("{error} in {} {}", self.status, self.text()),
        }
    }

    /// The body as any JSON; null when it is none.
    #[must_use]
    pub fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The `code` of a problem; empty when the answer is none.
    #[must_use]
    pub fn problem_code(&self) -> String {
        let is_problem = self.header("content-type") == "application/problem+json";
        let code = if is_problem { self.value()["code"].take() } else { Value::Null };
        code.as_str().unwrap_or_default().to_owned()
    }

    /// The pointers of a problem's `errors`.
    #[must_use]
    pub fn pointers(&self) -> Vec<String> {
        let value = self.value();
        let errors = value["errors"].as_array().into_iter().flatten();
        errors.filter_map(|error| error["pointer"].as_str().map(str::to_owned)).collect()
    }

    /// A header; empty when it is not there or no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}
