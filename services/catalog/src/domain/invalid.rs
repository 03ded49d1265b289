//! The values of a write that break a rule, all of them at once, each with its JSON Pointer, and the
//! code that they come under where a rule has one of its own.

use std::fmt::Display;

use techtrove_core::{ErrorCode, FieldError, codes};

/// The values that are not valid; never empty when it is returned as an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.summary())]
pub struct Invalid {
    /// Each value and what is wrong with it.
    pub errors: Vec<FieldError>,
    /// What they come under where one of them has a code of its own.
    pub code: Option<ErrorCode>,
}

/// Two variants of a product have the same options, so that nobody could tell which to buy.
pub const DUPLICATE_VARIANT: ErrorCode = ErrorCode::new("duplicate_variant", 422, "Variants alike");

/// The product is longer than a line of an export may be.
pub const PRODUCT_TOO_LARGE: ErrorCode =
    ErrorCode::new("product_too_large", 422, "Product too large");

impl Invalid {
    /// One value that is not valid.
    pub fn field(pointer: impl Into<String>, detail: impl Display) -> Self {
        let mut invalid = Self::default();
        invalid.add(pointer, detail);
        invalid
    }

    /// The code that all of it comes under.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.code.unwrap_or(codes::INVALID_REQUEST)
    }

    /// Adds a value that is not valid, with a code of its own.
    pub fn add_as(&mut self, code: ErrorCode, pointer: impl Into<String>, detail: impl Display) {
        self.code = self.code.or(Some(code));
        self.add(pointer, detail);
    }

    /// Adds a value that is not valid.
    pub fn add(&mut self, pointer: impl Into<String>, detail: impl Display) {
        self.errors.push(FieldError::new(pointer, detail.to_string()));
    }

    /// The accepted value, or nothing after its refusal was added.
    pub fn take<T, E: Display>(&mut self, pointer: &str, checked: Result<T, E>) -> Option<T> {
        checked.map_err(|detail| self.add(pointer, detail)).ok()
    }

    /// `Ok` when nothing was added.
    ///
    /// # Errors
    /// Itself, when something was.
    pub fn finish(self) -> Result<(), Self> {
        if self.errors.is_empty() { Ok(()) } else { Err(self) }
    }

    /// All of it in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        let parts: Vec<String> =
            self.errors.iter().take(5).map(|e| format!("{}: {}", e.pointer, e.detail)).collect();
        parts.join("; ")
    }
}
