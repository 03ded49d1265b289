//! Which event a client has seen last.

use http::{HeaderMap, HeaderName};
use techtrove_core::{Problem, codes};

use crate::header_text;

/// The header by which a client that comes back says what it has.
pub const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// The id of the last event that the client has, from its header or else from the query. A browser
/// repeats the query each time it comes back, so the header knows better.
///
/// # Errors
/// 400 when the header holds no id of ours.
pub fn last_event_id(headers: &HeaderMap, query: Option<u64>) -> Result<Option<u64>, Problem> {
    let Some(text) = header_text(headers, &LAST_EVENT_ID)? else { return Ok(query) };
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.then(|| text.parse().ok()).flatten();
    let unknown = || Problem::new(codes::BAD_REQUEST, "last-event-id is no id of an event");
    id.ok_or_else(unknown).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(LAST_EVENT_ID, value.parse().expect("a value"))])
    }

    #[test]
    fn the_header_knows_better_than_the_query() {
        assert_eq!(last_event_id(&HeaderMap::new(), None).expect("valid"), None);
        assert_eq!(last_event_id(&HeaderMap::new(), Some(4)).expect("valid"), Some(4));
        assert_eq!(last_event_id(&headers("7"), Some(4)).expect("valid"), Some(7));
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for value in ["", "-1", "+1", "1.5", "x", "1 2", "99999999999999999999"] {
            let refused = last_event_id(&headers(value), Some(4)).expect_err("must be refused");

            assert!(refused.is(codes::BAD_REQUEST), "{value}: {refused}");
        }
        let mut twice = headers("1");
        twice.append(LAST_EVENT_ID, "2".parse().expect("a value"));
        assert!(last_event_id(&twice, None).is_err());
    }
}
