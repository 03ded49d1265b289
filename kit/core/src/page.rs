//! Lists in pages: a limit, and a cursor which is the sort key and id of the last item seen, so that
//! a page stays right while rows are inserted. A cursor is opaque to clients and no secret.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{FieldError, Problem, codes};

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins; `null` on the last.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// A page from `limit + 1` fetched rows: the surplus row tells that there is a next page, whose
    /// cursor `key` makes of the last item shown.
    pub fn from_surplus<K: Serialize>(
        mut rows: Vec<T>,
        limit: usize,
        key: impl FnOnce(&T) -> K,
    ) -> Self {
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| Cursor::encode(&key(last)));
        Self { items: rows, next_cursor }
    }

    /// The same page with every item changed by `change`.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        let items = self.items.into_iter().map(change).collect();
        Page { items, next_cursor: self.next_cursor }
    }
}

/// A client's wish for a page: `?limit=&cursor=`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageRequest {
    /// How many items, 1 to 100; default 20.
    #[param(minimum = 1, maximum = 100, default = 20)]
    pub limit: Option<i64>,
    /// Where to go on, from `next_cursor`.
    #[param(max_length = 2_048, pattern = "^[A-Za-z0-9_-]+$")]
    pub cursor: Option<String>,
}

impl PageRequest {
    const DEFAULT_LIMIT: i64 = 20;
    const MAX_LIMIT: i64 = 100;

    /// The number of items wanted.
    ///
    /// # Errors
    /// When the limit is out of range: 422.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit.unwrap_or(Self::DEFAULT_LIMIT) {
            limit @ 1..=Self::MAX_LIMIT => Ok(usize::try_from(limit).unwrap_or(1)),
            _ => Err(Problem::invalid_field("/limit", "a limit is a number from 1 to 100")),
        }
    }

    /// The key to go on behind, if any.
    ///
    /// # Errors
    /// When the cursor was not made for such a key: 422 `invalid_cursor`.
    pub fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        self.cursor.as_deref().map(Cursor::decode).transpose().map_err(|InvalidCursor| {
            let detail = "the cursor does not belong to this list";
            let mut problem = Problem::new(codes::INVALID_CURSOR, detail);
            problem.errors.push(FieldError::new("/cursor", detail));
            problem
        })
    }
}

/// How cursors are written.
#[derive(Debug)]
pub struct Cursor;

/// The text is no cursor for this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor of this list")]
pub struct InvalidCursor;

impl Cursor {
    /// The longest cursor, in bytes.
    const MAX_LEN: usize = 2_048;

    /// The cursor behind `key`.
    pub fn encode<K: Serialize>(key: &K) -> String {
        BASE64.encode(serde_json::to_vec(key).unwrap_or_default())
    }

    /// The key in a cursor.
    ///
    /// # Errors
    /// When the text was not made by [`Cursor::encode`] of such a key.
    pub fn decode<K: DeserializeOwned>(text: &str) -> Result<K, InvalidCursor> {
        if text.len() > Self::MAX_LEN {
            return Err(InvalidCursor);
        }
        let bytes = BASE64.decode(text).map_err(|_| InvalidCursor)?;
        serde_json::from_slice(&bytes).map_err(|_| InvalidCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surplus_row_makes_a_cursor_to_the_last_shown() {
        let page = Page::from_surplus(vec![1, 2, 3], 2, |&n| (n, "id"));

        assert_eq!(page.items, [1, 2]);
        let cursor = page.next_cursor.expect("there is more");
        assert_eq!(Cursor::decode::<(i64, String)>(&cursor), Ok((2, "id".to_owned())));
    }

    #[test]
    fn a_last_page_has_no_cursor() {
        assert_eq!(Page::from_surplus(vec![1, 2], 2, |&n| n).next_cursor, None);
    }

    #[test]
    fn limits_and_cursors_are_checked() {
        let request =
            |limit, cursor: Option<&str>| PageRequest { limit, cursor: cursor.map(Into::into) };

        for limit in [0, -1, 101, i64::MAX] {
            assert_eq!(request(Some(limit), None).limit().expect_err("refused").status, 422);
        }
        for cursor in ["", "%%%", "e30", &"A".repeat(4_000)] {
            let refused =
                request(None, Some(cursor)).after::<(i64, String)>().expect_err("refused");
            assert_eq!(refused.code, "invalid_cursor");
        }
        assert_eq!(request(None, None).limit().expect("default"), 20);
    }
}
