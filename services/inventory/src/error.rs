//! Why inventory refuses or fails, and the only place where its codes are chosen.

use techtrove_core::{Problem, Sku, codes};
use techtrove_db::DbError;
use techtrove_inventory_api::{
    OUT_OF_STOCK, OutOfStockLine, RESERVATION_ENDED, RESERVATION_MISMATCH, STOCK_RESERVED,
};

use crate::domain::{ImpossibleStock, InvalidLines, OutOfStock, StockReserved};

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
    /// The client's version is not the current one.
    #[error("the stock has been edited since it was read: it is at version {current}")]
    Stale {
        /// The current version.
        current: u64,
    },
    /// More is promised than the new count.
    #[error(transparent)]
    Reserved(#[from] StockReserved),
    /// A reservation promises pieces that its stock does not: the books differ.
    #[error("the books of {sku} differ: {source}")]
    Books {
        /// Of which SKU.
        sku: Sku,
        /// What would have come of it.
        source: ImpossibleStock,
    },
    /// Somebody changed the same rows between the look at them and the change: run again.
    #[error("the same stock was changed at the same moment")]
    Raced,
    /// The database failed.
    #[error("inventory's database failed")]
    Db(#[from] DbError),
}

impl Error {
    /// Whether the same job, run again, will see what it collided with.
    pub(crate) fn is_race(&self) -> bool {
        matches!(self, Self::Raced | Self::Db(DbError::UniqueViolation { .. }))
    }
}

impl From<OutOfStock> for Error {
    fn from(OutOfStock(lines): OutOfStock) -> Self {
        Self::OutOfStock(lines)
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
            Error::Mismatch => Self::new(RESERVATION_MISMATCH, detail),
            Error::InvalidLines(_) => Self::invalid_field("/lines", detail),
            Error::UnknownSku(_) => Self::new(codes::NOT_FOUND, detail),
            Error::Stale { .. } => Self::new(codes::PRECONDITION_FAILED, detail),
            Error::Reserved(_) => Self::new(STOCK_RESERVED, detail),
            Error::Books { .. } => Self::internal(error),
            Error::Raced => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(std::time::Duration::from_secs(1))
            }
            Error::Db(error) => error.into(),
        }
    }
}
