//! Books read page by page, so that of a million entries few are in memory: books that are kept in the order of
//! the same ids are walked beside each other, and only what one of them is ahead of the other waits.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use techtrove_core::{Page, PageRequest};
use techtrove_http::ClientError;

/// The largest page.
const PAGE: i64 = 100;

/// Reads one page.
type Read<'a, T> =
    Box<dyn Fn(PageRequest) -> BoxFuture<'a, Result<Page<T>, ClientError>> + Send + Sync + 'a>;

/// The pages of a book.
pub(super) struct Pages<'a, T> {
    read: Read<'a, T>,
    next: Option<PageRequest>,
    count: usize,
}

impl<'a, T> Pages<'a, T> {
    pub(super) fn new<F>(read: F) -> Self
    where
        F: Fn(PageRequest) -> BoxFuture<'a, Result<Page<T>, ClientError>> + Send + Sync + 'a,
    {
        let first = PageRequest { limit: Some(PAGE), cursor: None };
        Self { read: Box::new(read), next: Some(first), count: 0 }
    }

    /// The next page, until there is none.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<T>>, ClientError> {
        let Some(request) = self.next.take() else { return Ok(None) };
        let page = (self.read)(request).await?;
        self.count = self.count.saturating_add(page.items.len());
        let following = |cursor| PageRequest { limit: Some(PAGE), cursor: Some(cursor) };
        self.next = page.next_cursor.map(following);
        Ok(Some(page.items))
    }

    /// How many entries were read.
    pub(super) fn count(&self) -> usize {
        self.count
    }
}

/// A book in the order of its keys, from which the entries of about rising keys are taken.
pub(super) struct Keyed<'a, K, T> {
    pages: Pages<'a, T>,
    key: fn(&T) -> K,
    /// What was read and not taken yet.
    ahead: BTreeMap<K, Vec<T>>,
    last: Option<K>,
}

impl<'a, K: Ord + Clone, T> Keyed<'a, K, T> {
    pub(super) fn new(pages: Pages<'a, T>, key: fn(&T) -> K) -> Self {
        Self { pages, key, ahead: BTreeMap::new(), last: None }
    }

    /// All entries of this key that were not taken yet.
    pub(super) async fn take(&mut self, key: &K) -> Result<Vec<T>, ClientError> {
        while self.last.as_ref().is_none_or(|last| last <= key) {
            let Some(page) = self.pages.next().await? else { break };
            for entry in page {
                let key = (self.key)(&entry);
                self.last = self.last.take().max(Some(key.clone()));
                self.ahead.entry(key).or_default().push(entry);
            }
        }
        Ok(self.ahead.remove(key).unwrap_or_default())
    }

    /// What nobody has taken, in parts, until there is none.
    pub(super) async fn rest(&mut self) -> Result<Option<Vec<T>>, ClientError> {
        if self.ahead.is_empty() {
            return self.pages.next().await;
        }
        Ok(Some(std::mem::take(&mut self.ahead).into_values().flatten().collect()))
    }

    /// How many entries were read.
    pub(super) fn count(&self) -> usize {
        self.pages.count()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    /// A book of these keys, two to a page.
    fn book(keys: Vec<u8>) -> Keyed<'static, u8, u8> {
        let read = move |page: PageRequest| {
            let from: usize = page.cursor.map_or(0, |cursor| cursor.parse().expect("a place"));
            let items: Vec<u8> = keys.iter().skip(from).take(2).copied().collect();
            let next_cursor = (from + 2 < keys.len()).then(|| (from + 2).to_string());
            futures::future::ready(Ok(Page { items, next_cursor })).boxed()
        };
        Keyed::new(Pages::new(read), |key| *key)
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_each_entry_is_found_once(
            mut keys in prop::collection::vec(0..20_u8, 0..30),
            asked in prop::collection::vec(0..20_u8, 0..30),
        ) {
            keys.sort_unstable();
            let mut book = book(keys.clone());
            let mut left = keys.clone();

            for key in asked {
                let taken = book.take(&key).now_or_never().expect("at once").expect("read");
                let expected: Vec<u8> = left.extract_if(.., |it| *it == key).collect();
                prop_assert_eq!(taken, expected);
            }
            let mut rest = Vec::new();
            while let Some(part) = book.rest().now_or_never().expect("at once").expect("read") {
                rest.extend(part);
            }

            prop_assert_eq!(rest, left);
            prop_assert_eq!(book.count(), keys.len());
        }
    }
}
