//! The headers of every answer: what remains of the client's limit, and the security headers (OWASP
//! Secure Headers). An answer that sets one of those itself, such as a page with its own content
//! policy, keeps it.

use axum::response::Response;
use http::{HeaderName, HeaderValue, header};

use crate::limiter::Shown;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// What an answer gets unless it says otherwise: data is not rendered, framed or sniffed.
static DEFAULTS: [(HeaderName, HeaderValue); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// How many headers the gateway and the request's context add.
const ADDED: usize = 8;

/// Adds the headers.
pub(crate) fn add(response: &mut Response, limit: Option<Shown>) {
    let headers = response.headers_mut();
    // Room for all at once, where the map would grow step by step.
    headers.reserve(ADDED);
    if let Some(Shown { remaining, policy }) = limit {
        headers.insert(RATE_LIMIT, remaining);
        headers.insert(RATE_LIMIT_POLICY, policy);
    }
    for (name, value) in &DEFAULTS {
        headers.entry(name).or_insert_with(|| value.clone());
    }
}
