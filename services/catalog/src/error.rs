//! Why the catalogue refuses or fails, and the place where its codes are chosen; those of single rules of
//! a write stand beside them, in `domain/invalid.rs`.

use techtrove_core::{ErrorCode, Problem, Sku, codes};
use techtrove_db::{DbError, Race};
use techtrove_http::{ClientError, idempotency::Refusal};

pub use crate::domain::{DUPLICATE_VARIANT, PRODUCT_TOO_LARGE};
use crate::domain::{Invalid, LineProblem, Slug};

/// The SKU belongs to another product.
pub const SKU_TAKEN: ErrorCode = ErrorCode::new("sku_taken", 409, "SKU taken");

/// The SKUs of one line belong to several products.
pub const SKU_CONFLICT: ErrorCode = ErrorCode::new("sku_conflict", 409, "SKUs of several products");

/// The slug belongs to another product or category.
pub const SLUG_TAKEN: ErrorCode = ErrorCode::new("slug_taken", 409, "Slug taken");

/// The category still holds something.
pub const CATEGORY_NOT_EMPTY: ErrorCode =
    ErrorCode::new("category_not_empty", 409, "Category not empty");

/// The import has ended and cannot be cancelled.
pub const IMPORT_ENDED: ErrorCode = ErrorCode::new("import_ended", 409, "Import ended");

/// Why the catalogue refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or the caller may not know of it.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// The manager is limited to other categories.
    #[error("the product stands in none of the categories that you manage")]
    OutOfReach,
    /// Values that break a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The SKU belongs to another product.
    #[error("the SKU {0} belongs to another product")]
    SkuTaken(Sku),
    /// The SKUs of one line belong to several products.
    #[error("the SKUs of this line belong to several products")]
    SkuConflict,
    /// The slug belongs to another product or category.
    #[error("the slug {0} is taken")]
    SlugTaken(Slug),
    /// The category still holds something.
    #[error("the category holds categories or products (archived ones count): move them first")]
    CategoryNotEmpty,
    /// The import's body is larger than allowed.
    #[error("an import has at most {0} bytes: send it in parts")]
    ImportTooLarge(usize),
    /// The import's body broke off.
    #[error("the import's lines did not arrive whole; nothing of it was taken")]
    ImportBrokeOff(#[source] Problem),
    /// Somebody ended the import while its lines arrived.
    #[error(
        "the import was cancelled, or its lines stayed away for too long; nothing of it was taken"
    )]
    ImportGone,
    /// The import has ended by itself.
    #[error("the import has ended already")]
    ImportEnded,
    /// The client saw another version, or no idempotency claim could be made.
    #[error(transparent)]
    Refused(Problem),
    /// The database failed.
    #[error("the catalogue's database failed")]
    Db(#[from] DbError),
    /// Inventory could not be asked.
    #[error("inventory could not be asked")]
    Inventory(#[from] ClientError),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl Race for Error {
    fn is_race(&self) -> bool {
        matches!(self, Self::Db(error) if error.is_race())
    }
}

impl Refusal for Error {
    fn for_good(&self) -> Option<Problem> {
        match self {
            Self::SkuTaken(sku) => Some(Self::SkuTaken(sku.clone()).into()),
            Self::SlugTaken(slug) => Some(Self::SlugTaken(slug.clone()).into()),
            _ => None,
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound(_) => Self::new(codes::NOT_FOUND, detail),
            Error::OutOfReach => Self::new(codes::FORBIDDEN, detail),
            Error::Invalid(invalid) => invalid_problem(invalid),
            Error::SkuTaken(sku) => Self::new(SKU_TAKEN, detail).with("sku", sku.as_str()),
            Error::SkuConflict => Self::new(SKU_CONFLICT, detail),
            Error::SlugTaken(_) => Self::new(SLUG_TAKEN, detail),
            Error::CategoryNotEmpty => Self::new(CATEGORY_NOT_EMPTY, detail),
            Error::ImportTooLarge(_) => Self::new(codes::BODY_TOO_LARGE, detail),
            Error::ImportGone => Self::new(codes::CONFLICT, detail),
            Error::ImportEnded => Self::new(IMPORT_ENDED, detail),
            Error::ImportBrokeOff(problem) => Self { detail, ..problem },
            Error::Refused(problem) => problem,
            Error::Db(error) => error.into(),
            Error::Inventory(error) => error.into(),
        }
    }
}

fn invalid_problem(invalid: Invalid) -> Problem {
    let code = invalid.code();
    let mut problem = Problem::invalid(invalid.errors);
    (problem.code, problem.title) = (code.code.into(), code.title.into());
    problem
}

impl Error {
    /// What is wrong with a line of an import.
    ///
    /// # Errors
    /// The error itself, when it is not the line's fault.
    pub fn into_line_problem(self) -> Result<LineProblem, Self> {
        match self {
            Self::Db(_) | Self::Inventory(_) => Err(self),
            Self::Invalid(invalid) => Ok(invalid.into()),
            refused => {
                let problem = Problem::from(refused);
                Ok(LineProblem::new(problem.code, problem.detail))
            }
        }
    }
}
