//! Why inventory refuses or fails, and the only place where its codes are chosen.

use techtrove_core::{ErrorCode, FieldError, Problem, Sku, codes};
use techtrove_db::{DbError, Race};
use techtrove_http::idempotency::Refusal;
use techtrove_inventory_api::{
    OUT_OF_STOCK, OutOfStockLine, RESERVATION_ENDED, RESERVATION_MISMATCH, STOCK_IS_KEYS,
    STOCK_RESERVED,
};

use crate::domain::{CountRefused, ImpossibleStock, InvalidLines, NewKeys, OutOfStock};

/// The SKU's pieces are goods, not licence keys.
pub const STOCK_IS_NOT_KEYS: ErrorCode =
    ErrorCode::new("stock_is_not_keys", 409, "The stock is not licence keys");

/// There would be more pieces than can be counted.
pub const STOCK_LIMIT: ErrorCode = ErrorCode::new("stock_limit", 409, "Too many pieces");

/// The SKU has, or had, some of the licence keys already.
pub const KEY_KNOWN: ErrorCode = ErrorCode::new("key_known", 409, "Licence key known already");

/// Why inventory refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Of these lines not enough is available.
    #[error("not enough is available of {}", names(.0))]
    OutOfStock(Vec<OutOfStockLine>),
    /// The attempt has expired or was given back.
    #[error("the reservation has ended")]
    Ended,
    /// The attempt was made with other lines.
    #[error("the reservation was made with other lines")]
    Mismatch,
    /// The lines cannot be reserved.
    #[error(transparent)]
    InvalidLines(#[from] InvalidLines),
    /// No product has this SKU.
    #[error("there is no SKU {0}")]
    UnknownSku(Sku),
    /// The manager is limited to other categories.
    #[error("the SKU's product stands in none of the categories that you manage")]
    OutOfReach,
    /// The client's version is not the current one.
    #[error("the stock has been edited since it was read: it is at version {current}")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// The stock cannot be changed like this.
    #[error(transparent)]
    Count(#[from] CountRefused),
    /// The SKU has, or had, the licence keys at these places of the request.
    #[error("{} of the licence keys are known already; none was added", .0.len())]
    KnownKeys(Vec<usize>),
    /// Something in the parcel is not committed, or another one has left under its name.
    #[error("the parcel holds what is not committed or left in another one")]
    NotCommitted,
    /// Something that is to come back never left, or another return came under its name.
    #[error("the return holds what never left or came back before")]
    NotShipped,
    /// A reservation promises pieces that its stock does not: the books differ.
    #[error("the books of {sku} differ: {source}")]
    Books {
        /// Of which SKU.
        sku: Sku,
        /// What would have come of it.
        source: ImpossibleStock,
    },
    /// There are other licence keys than the numbers say: the books differ.
    #[error("the licence keys of {0} differ from its stock")]
    KeyBooks(Sku),
    /// Somebody changed the same rows between the look at them and the change: run again.
    #[error("the same stock was changed at the same moment")]
    Raced,
    /// No idempotency claim could be made.
    #[error(transparent)]
    Refused(Problem),
    /// The database failed.
    #[error("inventory's database failed")]
    Db(#[from] DbError),
}

impl Race for Error {
    fn is_race(&self) -> bool {
        matches!(self, Self::Raced) || matches!(self, Self::Db(error) if error.is_race())
    }
}

impl From<OutOfStock> for Error {
    fn from(OutOfStock(lines): OutOfStock) -> Self {
        Self::OutOfStock(lines)
    }
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl Refusal for Error {
    fn for_good(&self) -> Option<Problem> {
        match self {
            Self::Count(refused) => Some(Self::Count(*refused).into()),
            Self::KnownKeys(places) => Some(Self::KnownKeys(places.clone()).into()),
            _ => None,
        }
    }
}

fn names(lines: &[OutOfStockLine]) -> String {
    lines.iter().map(|line| line.sku.as_str()).collect::<Vec<_>>().join(", ")
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::OutOfStock(lines) => {
                let lines = serde_json::to_value(lines).unwrap_or_default();
                Self::new(OUT_OF_STOCK, detail).with("lines", lines)
            }
            Error::Ended => Self::new(RESERVATION_ENDED, detail),
            Error::Mismatch | Error::NotCommitted | Error::NotShipped => {
                Self::new(RESERVATION_MISMATCH, detail)
            }
            Error::InvalidLines(_) => Self::invalid_field("/lines", detail),
            Error::UnknownSku(_) => Self::new(codes::NOT_FOUND, detail),
            Error::OutOfReach => Self::new(codes::FORBIDDEN, detail),
            Error::Stale { .. } => Self::new(codes::PRECONDITION_FAILED, detail),
            Error::Count(refused) => Self::new(count_code(refused), detail),
            Error::KnownKeys(places) => {
                let error = |index| NewKeys::error(index, "the licence key is known already");
                let errors: Vec<FieldError> = places.into_iter().map(error).collect();
                Self { errors, ..Self::new(KEY_KNOWN, detail) }
            }
            Error::Books { .. } | Error::KeyBooks(_) => Self::internal(error),
            Error::Raced => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(std::time::Duration::from_secs(1))
            }
            Error::Refused(problem) => problem,
            Error::Db(error) => error.into(),
        }
    }
}

fn count_code(refused: CountRefused) -> ErrorCode {
    match refused {
        CountRefused::Reserved(_) => STOCK_RESERVED,
        CountRefused::Keys => STOCK_IS_KEYS,
        CountRefused::NoKeys => STOCK_IS_NOT_KEYS,
        CountRefused::TooMany => STOCK_LIMIT,
    }
}
