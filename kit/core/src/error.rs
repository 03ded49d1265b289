//! Refusals and failures as RFC 9457 problems with a stable `code`. One value carries two messages:
//! what the caller may read (`detail`) and what the log gets (`source`, never sent). Codes of a
//! service's own stand in its `-api` crate; the ones here any service may answer.

use std::{borrow::Cow, error::Error, fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A stable machine-readable reason, with the status and title that always go with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode {
    /// The stable code, `snake_case`.
    pub code: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// The same few words for every occurrence.
    pub title: &'static str,
}

impl ErrorCode {
    /// A code that answers with `status` under `title`.
    #[must_use]
    pub const fn new(code: &'static str, status: u16, title: &'static str) -> Self {
        Self { code, status, title }
    }
}

/// Codes that any service may answer.
pub mod codes {
    use super::ErrorCode;

    macro_rules! codes {
        ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal $title:literal;)*) => {
            $($(#[$doc])* pub const $name: ErrorCode = ErrorCode::new($code, $status, $title);)*
        };
    }

    codes! {
        /// The body is not JSON.
        MALFORMED_JSON = 400 "malformed_json" "Malformed JSON";
        /// A header or the request line cannot be understood.
        BAD_REQUEST = 400 "bad_request" "Bad request";
        /// No credential, or one that is not valid.
        UNAUTHENTICATED = 401 "unauthenticated" "Authentication required";
        /// The caller is known and may not do this.
        FORBIDDEN = 403 "forbidden" "Not allowed";
        /// No such thing, or not the caller's.
        NOT_FOUND = 404 "not_found" "Not found";
        /// The path exists, with other methods.
        METHOD_NOT_ALLOWED = 405 "method_not_allowed" "Method not allowed";
        /// The answer is to be had in none of the types that are accepted.
        NOT_ACCEPTABLE = 406 "not_acceptable" "Not acceptable";
        /// The body did not arrive in time.
        REQUEST_TIMEOUT = 408 "request_timeout" "The request did not arrive in time";
        /// The thing is in a state that does not allow this.
        CONFLICT = 409 "conflict" "Conflict";
        /// The version in `If-Match` is not the current one.
        PRECONDITION_FAILED = 412 "precondition_failed" "The resource has changed";
        /// The body is larger than allowed.
        BODY_TOO_LARGE = 413 "body_too_large" "Request body too large";
        /// The content type is not accepted here.
        UNSUPPORTED_MEDIA_TYPE = 415 "unsupported_media_type" "Unsupported content type";
        /// A value is not valid; `errors` says which.
        INVALID_REQUEST = 422 "invalid_request" "Invalid request";
        /// A card number stands where it must not be kept.
        CARD_DATA_REFUSED = 422 "card_data_refused" "Card data is not accepted";
        /// A list's cursor was not made by this list.
        INVALID_CURSOR = 422 "invalid_cursor" "Invalid cursor";
        /// A price in another currency than the shop's.
        CURRENCY_MISMATCH = 422 "currency_mismatch" "Another currency than the shop's";
        /// The key was used with another body or path.
        IDEMPOTENCY_KEY_REUSED = 422 "idempotency_key_reused" "Idempotency key reused";
        /// The first request with this key still runs or recovers.
        IDEMPOTENCY_KEY_IN_USE = 409 "idempotency_key_in_use" "Idempotency key in use";
        /// `If-Match` is required.
        PRECONDITION_REQUIRED = 428 "precondition_required" "If-Match is required";
        /// Too many requests.
        RATE_LIMITED = 429 "rate_limited" "Too many requests";
        /// The request's headers are larger than allowed.
        HEADERS_TOO_LARGE = 431 "headers_too_large" "Request headers too large";
        /// Something failed that is not the caller's fault.
        INTERNAL = 500 "internal" "Internal error";
        /// The service cannot answer just now.
        UNAVAILABLE = 503 "unavailable" "Temporarily unavailable";
        /// It is not known whether the change was made.
        UNKNOWN_OUTCOME = 503 "unknown_outcome" "Outcome unknown";
        /// The answer took longer than allowed.
        TIMEOUT = 504 "timeout" "Timed out";
    }
}

/// One value of a request that is not valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FieldError {
    /// JSON Pointer (RFC 6901) to the value; a query parameter is `/name`.
    pub pointer: String,
    /// What is wrong with it.
    pub detail: String,
}

impl FieldError {
    /// The value at `pointer` is wrong because of `detail`.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), detail: detail.into() }
    }
}

/// A refusal or failure: what the caller is told, and what only the log is told.
#[derive(Debug)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: Cow<'static, str>,
    /// The same few words for every occurrence of the code.
    pub title: Cow<'static, str>,
    /// This occurrence in one sentence, fit for the caller.
    pub detail: String,
    /// The values that are not valid.
    pub errors: Vec<FieldError>,
    /// When a retry may succeed.
    pub retry_after: Option<Duration>,
    /// Extension members (RFC 9457, 3.2).
    pub members: Map<String, Value>,
    /// The cause, for the log alone.
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

impl Problem {
    /// A problem of kind `code`.
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self {
            status: code.status,
            code: code.code.into(),
            title: code.title.into(),
            detail: detail.into(),
            errors: Vec::new(),
            retry_after: None,
            members: Map::new(),
            source: None,
        }
    }

    /// A failure that the caller can do nothing about; `source` goes to the log.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let detail = "the request failed; it is safe to report the trace id";
        Self::new(codes::INTERNAL, detail).caused_by(source)
    }

    /// Invalid values.
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.first() {
            Some(first) => format!("{}: {}", first.pointer, first.detail),
            None => "the request is not valid".to_owned(),
        };
        Self { errors, ..Self::new(codes::INVALID_REQUEST, detail) }
    }

    /// One invalid value.
    pub fn invalid_field(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, detail)])
    }

    /// With a cause for the log.
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// With an extension member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// With a hint when a retry may succeed.
    #[must_use]
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Whether this is a problem of kind `code`.
    #[must_use]
    pub fn is(&self, code: ErrorCode) -> bool {
        self.code == code.code
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.code, self.status, self.detail)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
