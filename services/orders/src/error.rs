//! Why orders refuses or fails, and the only place where its codes are chosen.

use std::time::Duration;

use techtrove_core::{ErrorCode, Money, MoneyError, Problem, codes, planted};
use techtrove_db::DbError;
use techtrove_http::{ClientError, idempotency};
use techtrove_inventory_api::OUT_OF_STOCK;
use techtrove_orders_api::{NO_CONTACT, Totals};
use techtrove_payments_api::{
    AMOUNT_NOT_SUPPORTED, FAILURE_CODE, INVALID_TRANSITION, PAYMENT_DECLINED,
    REFUND_EXCEEDS_PAYMENT, REFUND_REFUSED,
};

use crate::domain::{
    EditRefusal, InvalidTransition, Refusal, ReturnRefusal, cart::CartRefusal,
    checkout::CheckoutError,
};

/// What the buyer was shown is not what it would cost now.
pub const PRICE_CHANGED: ErrorCode = ErrorCode::new("price_changed", 409, "The price has changed");

/// An edit would make the order cost something else.
pub const TOTAL_WOULD_CHANGE: ErrorCode =
    ErrorCode::new("total_would_change", 409, "The total would change");

/// Goods leave only once their money is taken.
pub const PAYMENT_NOT_CAPTURED: ErrorCode =
    ErrorCode::new("payment_not_captured", 409, "The payment has not been captured");

/// The time to send goods back is over.
pub const RETURN_WINDOW_CLOSED: ErrorCode =
    ErrorCode::new("return_window_closed", 409, "The time for returns is over");

/// Inventory will not let these pieces go.
pub const SHIPMENT_REFUSED: ErrorCode =
    ErrorCode::new("shipment_refused", 409, "The shipment was refused");

/// An order is being placed of the cart.
pub const CART_LOCKED: ErrorCode = ErrorCode::new("cart_locked", 409, "The cart is being bought");

/// The cart has become an order.
pub const CART_COMPLETED: ErrorCode =
    ErrorCode::new("cart_completed", 409, "The cart has become an order");

/// The cart went into a cart of its owner's.
pub const CART_CLAIMED: ErrorCode = ErrorCode::new("cart_claimed", 409, "The cart was claimed");

/// The cart has as many items as it may.
pub const CART_FULL: ErrorCode = ErrorCode::new("cart_full", 409, "The cart is full");

/// Why orders refuses or fails.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such order or cart, or not the caller's.
    #[error("there is no such thing, or it is not yours")]
    NotFound,
    /// Neither a sign-in nor a guest's token.
    #[error("this is shown to its owner: sign in, or send the token that was given with it")]
    NoCredential,
    /// The cart cannot be changed or bought.
    #[error(transparent)]
    Cart(#[from] CartRefusal),
    /// The cart was changed again and again while it was priced.
    #[error("the cart was changed while it was priced")]
    CartMoved,
    /// The caller sees the order and may not do this.
    #[error("not allowed: {0}")]
    NotAllowed(&'static str),
    /// The manager is limited to other categories.
    #[error("this has products that stand in none of the categories that you manage")]
    OutOfReach,
    /// The order cannot be edited so.
    #[error(transparent)]
    Edit(#[from] EditRefusal),
    /// A refusal that is worded already: values, idempotency keys.
    #[error(transparent)]
    Worded(Box<Problem>),
    /// The buyer expected another total.
    #[error("the order would cost {}, which is not what was expected", totals.total)]
    PriceChanged {
        /// What it would cost now.
        totals: Box<Totals>,
    },
    /// The order's status does not allow it.
    #[error(transparent)]
    InvalidTransition(#[from] InvalidTransition),
    /// Nothing is sent back, or not so.
    #[error(transparent)]
    Return(#[from] ReturnRefusal),
    /// More than is left of what was taken.
    #[error("only {left} can be given back")]
    RefundExceeds {
        /// What can be.
        left: Money,
    },
    /// It is not decided yet whether the order is cancelled, which gives back what is left.
    #[error("the order is about to be cancelled: ask again once that is decided")]
    BeingCancelled,
    /// Nothing was taken that could be given back.
    #[error("nothing was captured yet that could be given back")]
    NothingCaptured,
    /// Payments refused a refund for good.
    #[error("the refund was refused, and the money stays where it is")]
    RefundRefused {
        /// The provider's reason, where it is known.
        code: Option<String>,
    },
    /// The money was not taken, so nothing leaves.
    #[error("the payment has not been captured: nothing is shipped before it is")]
    NotCaptured,
    /// All that was taken is given back, or about to be, so nothing leaves.
    #[error("all that was paid has been given back: nothing more is shipped")]
    GivenBack,
    /// Inventory would not let the pieces go.
    #[error("the stock of this order cannot be shipped as it is")]
    ShipmentRefused,
    /// The order was undone.
    #[error("the order was refused: {}", .0.note())]
    Refused(Refusal),
    /// Too many orders are being placed.
    #[error("too many orders are being placed")]
    Busy,
    /// Too many streams are open in this process.
    #[error("too many orders are being tracked")]
    TooManyStreams,
    /// Too many streams of one order are open.
    #[error("this order is being tracked too often; close another stream of it")]
    TooManyStreamsOfOrder,
    /// The ticket opens nothing.
    #[error("the ticket was used, has expired, or is none of this order")]
    BadTicket,
    /// The driver lost its order to another one, or died.
    #[error("the order is in the hands of the recovery")]
    Overtaken,
    /// No order number was free in several tries.
    #[error("no free order number was found")]
    NoNumber,
    /// A neighbour failed, and nothing was changed.
    #[error("a neighbour failed")]
    Neighbour(#[from] ClientError),
    /// The prices cannot be computed with.
    #[error("cannot price the order")]
    Prices(#[source] MoneyError),
    /// Identity knows no contact for the buyer.
    #[error("the order has no contact")]
    NoContact,
    /// The database failed.
    #[error("orders' database failed")]
    Db(#[from] DbError),
    /// An answer could not be written as JSON.
    #[error("cannot write the answer")]
    Json(#[from] serde_json::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Worded(Box::new(problem))
    }
}

impl idempotency::Refusal for Error {
    /// A cart that has become an order, or another cart, never opens again; an order goes no way back.
    fn for_good(&self) -> Option<Problem> {
        match self {
            Self::Cart(refusal @ (CartRefusal::Completed(_) | CartRefusal::Claimed)) => {
                Some((*refusal).into())
            }
            Self::InvalidTransition(refusal) if refusal.is_final() => {
                Some(Self::from(*refusal).into())
            }
            Self::Return(refusal) if refusal.is_final() => Some(Self::from(*refusal).into()),
            Self::RefundExceeds { left } => Some(Self::RefundExceeds { left: *left }.into()),
            Self::NotCaptured if planted("passing-refusal-kept") => Some(Self::NotCaptured.into()),
            _ => None,
        }
    }
}

impl From<CheckoutError> for Error {
    fn from(error: CheckoutError) -> Self {
        match error {
            CheckoutError::Invalid(errors) => Problem::invalid(errors).into(),
            CheckoutError::Prices(error) => Self::Prices(error),
        }
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let detail = error.to_string();
        match error {
            Error::NotFound => Self::new(codes::NOT_FOUND, detail),
            Error::NoContact => Self::new(NO_CONTACT, detail),
            Error::NotAllowed(_) | Error::OutOfReach => Self::new(codes::FORBIDDEN, detail),
            Error::Edit(EditRefusal::TotalWouldChange) => Self::new(TOTAL_WOULD_CHANGE, detail),
            Error::Edit(_) => Self::new(INVALID_TRANSITION, detail),
            Error::NoCredential | Error::BadTicket => Self::new(codes::UNAUTHENTICATED, detail),
            Error::Cart(refusal) => refusal.into(),
            Error::CartMoved => {
                Self::new(codes::CONFLICT, detail).retry_after(Duration::from_secs(1))
            }
            Error::Worded(problem) => *problem,
            Error::PriceChanged { totals } => {
                let problem = Self::new(PRICE_CHANGED, detail);
                match serde_json::to_value(totals) {
                    Ok(totals) => problem.with("totals", totals),
                    Err(error) => problem.caused_by(error),
                }
            }
            Error::Refused(refusal) => refusal.into(),
            Error::Return(ReturnRefusal::TooLate { .. }) => Self::new(RETURN_WINDOW_CLOSED, detail),
            Error::InvalidTransition(_)
            | Error::NothingCaptured
            | Error::BeingCancelled
            | Error::Return(_) => Self::new(INVALID_TRANSITION, detail),
            Error::RefundExceeds { .. } => Self::new(REFUND_EXCEEDS_PAYMENT, detail),
            Error::RefundRefused { code } => {
                let problem = Self::new(REFUND_REFUSED, detail);
                match code {
                    Some(code) => problem.with(FAILURE_CODE, code),
                    None => problem,
                }
            }
            Error::NotCaptured | Error::GivenBack => Self::new(PAYMENT_NOT_CAPTURED, detail),
            Error::ShipmentRefused => Self::new(SHIPMENT_REFUSED, detail),
            Error::Busy => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(1))
            }
            Error::TooManyStreams => {
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(5))
            }
            Error::TooManyStreamsOfOrder => {
                Self::new(codes::RATE_LIMITED, detail).retry_after(Duration::from_secs(5))
            }
            Error::Overtaken => {
                let detail = "it is not known yet what became of the order; \
                              ask again with the same idempotency-key";
                Self::new(codes::UNKNOWN_OUTCOME, detail).retry_after(Duration::from_secs(2))
            }
            Error::Neighbour(error) => error.into(),
            Error::Db(error) => error.into(),
            error @ (Error::Prices(_) | Error::Json(_) | Error::NoNumber) => Self::internal(error),
        }
    }
}

impl From<CartRefusal> for Problem {
    fn from(refusal: CartRefusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            CartRefusal::Locked => {
                Self::new(CART_LOCKED, detail).retry_after(Duration::from_secs(1))
            }
            CartRefusal::Completed(order) => {
                Self::new(CART_COMPLETED, detail).with("order_id", order.to_string())
            }
            CartRefusal::Claimed => Self::new(CART_CLAIMED, detail),
            CartRefusal::Full => Self::new(CART_FULL, detail),
            CartRefusal::TooMany => Self::invalid_field("/quantity", detail),
            CartRefusal::NoSuchItem => Self::new(codes::NOT_FOUND, detail),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OutOfStock { lines } => {
                let detail = match lines.first() {
                    Some(line) => format!("only {} of {} are left", line.available, line.sku),
                    None => "not enough is left".to_owned(),
                };
                let problem = Self::new(OUT_OF_STOCK, detail);
                match serde_json::to_value(lines) {
                    Ok(lines) => problem.with("lines", lines),
                    Err(error) => problem.caused_by(error),
                }
            }
            Refusal::PaymentDeclined { code } => {
                let detail =
                    "the payment was declined; nothing was charged, and nothing is reserved";
                let problem = Self::new(PAYMENT_DECLINED, detail);
                match code {
                    Some(code) => problem.with("decline_code", code),
                    None => problem,
                }
            }
            Refusal::PaymentRejected { detail } => Self::invalid_field("/payment/token", detail),
            Refusal::AmountNotSupported => {
                let detail = "the payment provider takes no such amount; nothing was charged";
                Self::new(AMOUNT_NOT_SUPPORTED, detail)
            }
            Refusal::Cancelled { note } => Self::new(INVALID_TRANSITION, note),
            Refusal::Unavailable | Refusal::PaymentUnsettled => {
                let detail = "the order could not be completed and nothing was charged; try again";
                Self::new(codes::UNAVAILABLE, detail).retry_after(Duration::from_secs(1))
            }
        }
    }
}
