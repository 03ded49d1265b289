//! Who may keep an answer that concerns one client alone.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

/// The answer, for nobody on the way to keep; its asker may, and asks each time whether it still holds.
pub fn private(answer: impl IntoResponse) -> Response {
    marked(answer, HeaderValue::from_static("private, no-cache"))
}

/// The answer, for nobody to keep: it holds a secret, or is another one at every moment.
pub fn no_store(answer: impl IntoResponse) -> Response {
    marked(answer, HeaderValue::from_static("no-store"))
}

fn marked(answer: impl IntoResponse, how: HeaderValue) -> Response {
    let mut response = answer.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, how);
    response
}
