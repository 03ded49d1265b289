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
/// 400 when the header or the query holds no id of ours, which are stored as 64 bits with a sign.
pub fn last_event_id(headers: &HeaderMap, query: Option<u64>) -> Result<Option<u64>, Problem> {
    let queried = query.map(known).transpose()?;
    let Some(text) = header_text(headers, &LAST_EVENT_ID)? else { return Ok(queried) };
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let id = digits.then(|| text.parse().ok()).flatten().ok_or_else(unknown)?;
    known(id).map(Some)
}

/// An id that an event may have.
fn known(id: u64) -> Result<u64, Problem> {
    i64::try_from(id).map(|_| id).map_err(|_| unknown())
}

fn unknown() -> Problem {
    Problem::new(codes::BAD_REQUEST, "last-event-id is no id of an event")
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
        assert!(last_event_id(&headers("1"), Some(u64::MAX)).is_err());
        for value in ["", "-1", "+1", "1.5", "x", "1 2", "9223372036854775808"] {
            let refused = last_event_id(&headers(value), Some(4)).expect_err("must be refused");

            assert!(refused.is(codes::BAD_REQUEST), "{value}: {refused}");
        }
        let mut twice = headers("1");
        twice.append(LAST_EVENT_ID, "2".parse().expect("a value"));
        assert!(last_event_id(&twice, None).is_err());
    }
}
