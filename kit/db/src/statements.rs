//! Prepared statements of one connection. Statements are `&'static str`, so that where one stands in
//! memory names it for good and no text has to be compared.

use std::collections::HashMap;

pub(crate) struct Statements<S>(HashMap<(usize, usize), S>);

impl<S> Default for Statements<S> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<S> Statements<S> {
    pub(crate) fn lookup(&self, text: &'static str) -> Option<&S> {
        self.0.get(&key(text))
    }

    pub(crate) fn keep(&mut self, text: &'static str, statement: S) {
        self.0.insert(key(text), statement);
    }
}

fn key(text: &'static str) -> (usize, usize) {
    (text.as_ptr().addr(), text.len())
}

/// Whether as many values are given as a statement has placeholders.
pub(crate) fn check_count(text: &str, wanted: usize, given: usize) -> Result<(), crate::DbError> {
    if wanted == given {
        return Ok(());
    }
    let error = format!("{given} parameters for {wanted} placeholders in {text:?}");
    Err(crate::DbError::Other(error))
}
