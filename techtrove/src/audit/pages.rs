//! Books read page by page, so that of a million entries few are in memory: books that are kept in the order of
//! the same ids are walked beside each other, and only what one of them is ahead of the other waits. Each book has
//! a reader of its own, which reads on while earlier pages are looked at, but for a few pages only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::future::Future;

use techtrove_core::{BookPage, PageRequest, Problem, TypedId, Unreadable, codes};
use techtrove_http::ClientError;
use tokio::sync::mpsc;

use super::{report::Report, rule::Rule};

/// The largest page.
const PAGE: i64 = 100;

/// So many pages of a book are read ahead.
const AHEAD: usize = 8;

/// What reading a page comes to.
type Answer<T> = Result<BookPage<T>, ClientError>;

/// The pages of a book.
pub(super) struct Pages<T> {
    book: &'static str,
    read: mpsc::Receiver<Answer<T>>,
    count: usize,
    /// An id of the book as it is shown elsewhere.
    shown: fn(String) -> String,
    /// The ids of entries that their service cannot read.
    unreadable: BTreeSet<String>,
    /// Why it cannot.
    found: Report,
}

impl<T: Send + 'static> Pages<T> {
    /// Begins to read `book`, in a task of its own, which ends with it, at an error, or when nobody wants more.
    pub(super) fn new<Fut>(
        book: &'static str,
        read: impl Fn(PageRequest) -> Fut + Send + 'static,
    ) -> Self
    where
        Fut: Future<Output = Answer<T>> + Send + 'static,
    {
        let (pages, reader) = mpsc::channel(AHEAD);
        tokio::spawn(async move {
            let mut cursor = None;
            loop {
                let page = read(PageRequest { limit: Some(PAGE), cursor }).await;
                let next = page.as_ref().ok().and_then(|page| page.next_cursor.clone());
                if pages.send(page).await.is_err() || next.is_none() {
                    break;
                }
                cursor = next;
            }
        });
        let (unreadable, found) = (BTreeSet::new(), Report::default());
        Self { book, read: reader, count: 0, shown: |id| id, unreadable, found }
    }

    /// The same book, whose UUIDs are ids of this kind.
    pub(super) fn of<Id: TypedId + Display>(self) -> Self {
        let shown = |id: String| match id.parse() {
            Ok(uuid) => Id::from_uuid(uuid).to_string(),
            Err(_) => id,
        };
        Self { shown, ..self }
    }

    /// The next page, until there is none.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<T>>, Problem> {
        let Some(page) = self.read.recv().await else { return Ok(None) };
        let page = page.map_err(|error| self.failed(error))?;
        self.count = self.count.saturating_add(page.items.len());
        for row in page.unreadable {
            let shown = Unreadable { id: row.id.clone().map(self.shown), ..row };
            self.found.expect(false, Rule::UnreadableRow, &shown, || shown.what.clone());
            self.unreadable.extend(row.id);
        }
        Ok(Some(page.items))
    }

    /// Whether the service of this book can read what it has of `id`, as far as the book was read.
    pub(super) fn can_read(&self, id: impl Display) -> bool {
        self.unreadable.is_empty() || !self.unreadable.contains(&id.to_string())
    }

    /// Reports how many entries were read of `what`, and what its service cannot read.
    pub(super) fn report(&mut self, what: &str, report: &mut Report) {
        report.count(what, self.count);
        report.append(std::mem::take(&mut self.found));
    }

    /// Says which book cannot be read, and from where on.
    fn failed(&self, error: ClientError) -> Problem {
        let Self { book, count, .. } = self;
        let mut problem = reason(error);
        let why = &problem.detail;
        problem.detail = format!("{book} cannot be read behind entry {count}: {why}");
        problem
    }
}

/// Why a page did not come. A service that fails at what it stores does so each time: nobody is told to try again.
fn reason(error: ClientError) -> Problem {
    match error {
        ClientError::Refused(problem) if problem.is(codes::INTERNAL) => {
            let detail = "its service failed, perhaps at a stored value that it cannot read; start the shop and \
                          audit it again, and its log says why";
            Problem::new(codes::INTERNAL, detail).caused_by(ClientError::Refused(problem))
        }
        other => other.into(),
    }
}

/// A book in the order of its keys, from which the entries of about rising keys are taken.
pub(super) struct Keyed<K, T> {
    pages: Pages<T>,
    key: fn(&T) -> K,
    /// What was read and not taken yet.
    ahead: BTreeMap<K, Vec<T>>,
    last: Option<K>,
}

impl<K: Ord + Clone + Display, T: Send + 'static> Keyed<K, T> {
    pub(super) fn new(pages: Pages<T>, key: fn(&T) -> K) -> Self {
        Self { pages, key, ahead: BTreeMap::new(), last: None }
    }

    /// All entries of this key that were not taken yet; none when one of them cannot be read.
    pub(super) async fn take(&mut self, key: &K) -> Result<Option<Vec<T>>, Problem> {
        while self.last.as_ref().is_none_or(|last| last <= key) {
            let Some(page) = self.pages.next().await? else { break };
            for entry in page {
                let key = (self.key)(&entry);
                self.last = self.last.take().max(Some(key.clone()));
                self.ahead.entry(key).or_default().push(entry);
            }
        }
        let taken = self.ahead.remove(key).unwrap_or_default();
        Ok(self.can_read(key).then_some(taken))
    }

    /// What nobody has taken, in parts, until there is none.
    pub(super) async fn rest(&mut self) -> Result<Option<Vec<T>>, Problem> {
        if self.ahead.is_empty() {
            return self.pages.next().await;
        }
        Ok(Some(std::mem::take(&mut self.ahead).into_values().flatten().collect()))
    }

    /// As [`Pages::can_read`].
    pub(super) fn can_read(&self, id: impl Display) -> bool {
        self.pages.can_read(id)
    }

    /// As [`Pages::report`].
    pub(super) fn report(&mut self, what: &str, report: &mut Report) {
        self.pages.report(what, report);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use techtrove_core::Page;

    use super::*;

    /// A book of these keys, two to a page.
    fn book(keys: Vec<u8>) -> Keyed<u8, u8> {
        let read = move |page: PageRequest| {
            let from: usize = page.cursor.map_or(0, |cursor| cursor.parse().expect("a place"));
            let items: Vec<u8> = keys.iter().skip(from).take(2).copied().collect();
            let next_cursor = (from + 2 < keys.len()).then(|| (from + 2).to_string());
            futures::future::ready(Ok(BookPage { items, unreadable: Vec::new(), next_cursor }))
        };
        Keyed::new(Pages::new("the keys", read), |key| *key)
    }

    /// What is found of each key that is asked for, then the rest, and how much was read.
    async fn read(keys: Vec<u8>, asked: &[u8]) -> (Vec<Vec<u8>>, Vec<u8>, usize) {
        let mut book = book(keys);
        let (mut taken, mut rest) = (Vec::new(), Vec::new());
        for key in asked {
            taken.push(book.take(key).await.expect("read").expect("readable"));
        }
        while let Some(part) = book.rest().await.expect("read") {
            rest.extend(part);
        }
        (taken, rest, book.pages.count)
    }

    /// What is said of a book whose second page is refused for this.
    async fn refused(code: techtrove_core::ErrorCode) -> Problem {
        let read = move |page: PageRequest| {
            let next_cursor = Some("more".to_owned());
            futures::future::ready(match page.cursor {
                None => Ok(Page { items: vec![1, 2], next_cursor }.into()),
                Some(_) => Err(ClientError::Refused(Problem::new(code, "told"))),
            })
        };
        let mut pages = Pages::new("the keys", read);
        assert_eq!(pages.next().await.expect("read"), Some(vec![1, 2]));
        pages.next().await.expect_err("refused")
    }

    #[tokio::test]
    async fn only_who_may_be_back_soon_is_to_be_asked_again() {
        let (failed, away) = (refused(codes::INTERNAL).await, refused(codes::UNAVAILABLE).await);

        let named = "the keys cannot be read behind entry 2: ";
        for problem in [&failed, &away] {
            assert!(problem.detail.starts_with(named), "{}", problem.detail);
            assert!(!problem.detail.contains("told"), "{}", problem.detail);
        }
        assert_eq!((failed.status, failed.detail.contains("try again")), (500, false));
        assert_eq!((away.status, away.detail.contains("try again")), (503, true));
    }

    #[tokio::test]
    async fn of_what_cannot_be_read_nothing_is_taken() {
        let row = |what: &str| Unreadable {
            table: "keys".to_owned(),
            id: Some("2".to_owned()),
            what: what.to_owned(),
        };
        let page = BookPage {
            items: vec![1, 2, 3],
            unreadable: vec![row("no number"), row("no date")],
            next_cursor: None,
        };
        let read = move |_| futures::future::ready(Ok(page.clone()));
        let mut book = Keyed::new(Pages::new("the keys", read), |key: &u8| *key);

        let taken = [book.take(&1).await, book.take(&2).await, book.take(&3).await];

        assert_eq!(taken.map(|taken| taken.expect("read")), [Some(vec![1]), None, Some(vec![3])]);
        let mut report = Report::default();
        book.report("keys", &mut report);
        let said = report.to_string();
        assert!(said.contains("3 keys checked"), "{said}");
        assert!(said.contains("DIFFERENCE unreadable_row: keys 2: no number"), "{said}");
        assert_eq!(report.count_differences(), 2);
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_each_entry_is_found_once(
            mut keys in prop::collection::vec(0..20_u8, 0..30),
            asked in prop::collection::vec(0..20_u8, 0..30),
        ) {
            keys.sort_unstable();
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("built");

            let (taken, rest, count) = runtime.block_on(read(keys.clone(), &asked));

            let mut left = keys.clone();
            for (key, taken) in asked.iter().zip(taken) {
                let expected: Vec<u8> = left.extract_if(.., |it| it == key).collect();
                prop_assert_eq!(taken, expected);
            }
            prop_assert_eq!(rest, left);
            prop_assert_eq!(count, keys.len());
        }
    }
}
