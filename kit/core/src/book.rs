//! Pages of a service's book, which is read to be checked against the others. A row that its service cannot read is
//! said to be so, and hides no other.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Page;

/// One page of a book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookPage<T> {
    /// The entries, in the book's order.
    pub items: Vec<T>,
    /// What stands on this page and cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins; none on the last.
    pub next_cursor: Option<String>,
}

impl<T> BookPage<T> {
    /// The same page with every entry changed by `change`.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> BookPage<U> {
        let Self { items, unreadable, next_cursor } = self;
        BookPage { items: items.into_iter().map(change).collect(), unreadable, next_cursor }
    }
}

impl<T> From<Page<T>> for BookPage<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, unreadable: Vec::new(), next_cursor: page.next_cursor }
    }
}

/// A row that its service cannot read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unreadable {
    /// In which table.
    pub table: String,
    /// The id of the entry that it is, or belongs to; none where what stands there is no id.
    pub id: Option<String>,
    /// What is wrong with it. It does not quote what is stored, which may be personal.
    pub what: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{} {id}", self.table),
            None => write!(f, "{} without an id", self.table),
        }
    }
}
