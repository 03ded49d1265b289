//! The parameters of a statement: values that borrow from the job's own, never copies of text or
//! bytes. Which types may stand there, and what becomes of them, is `techtrove_core::Stored`'s.

use std::ops::Deref;

use crate::Value;

/// The parameters of one statement, in the order of its placeholders. Made by [`p!`](crate::p).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params<'a>(Vec<Value<'a>>);

impl<'a> From<Vec<Value<'a>>> for Params<'a> {
    fn from(values: Vec<Value<'a>>) -> Self {
        Self(values)
    }
}

impl<'a> Deref for Params<'a> {
    type Target = [Value<'a>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> AsRef<[Value<'a>]> for Params<'a> {
    fn as_ref(&self) -> &[Value<'a>] {
        &self.0
    }
}

/// The parameters of a statement: `p![order.id, &sku, quantity]`. Takes each value by reference.
#[macro_export]
macro_rules! p {
    ($($value:expr),* $(,)?) => {
        $crate::Params::from(::std::vec![$($crate::IntoValue::into_stored(&$value)),*])
    };
}
