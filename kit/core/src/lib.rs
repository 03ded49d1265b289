//! The vocabulary that every room shares: ids, money, time, refusals and pages. Plain types and
//! functions only; it must never know a runtime, a web framework, a database or what a shop is.
//! Start with [`Money`], [`Problem`] and [`typed_id!`].

mod book;
mod card;
mod clock;
mod email;
mod error;
mod field;
mod id;
mod idgen;
mod language;
mod money;
mod page;
mod plant;
mod quantity;
mod sku;
mod stored;
mod time;
mod words;

pub use book::{BookPage, Unreadable};
pub use card::has_card_number;
pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use email::{EmailAddress, InvalidEmail};
pub use error::{ErrorCode, FieldError, Problem, codes};
pub use field::Field;
pub use id::{InvalidId, TypedId, decode_suffix, encode_suffix, id_schema};
pub use idgen::{IdGen, SeededIds, SharedIds, SystemIds};
pub use language::language_tag;
pub use money::{Currency, InvalidCurrency, Money, MoneyError};
pub use page::{Cursor, InvalidCursor, Page, PageRequest};
#[cfg(feature = "plant")]
pub use plant::plant;
pub use plant::planted;
pub use quantity::{InvalidQuantity, Quantity};
pub use sku::{InvalidSku, Sku};
#[doc(hidden)]
pub use stored::id_from_stored;
pub use stored::{FromStored, IntoStored, Stored, WrongKind};
pub use time::{InvalidTimestamp, Timestamp};
pub use words::readable;

/// What [`typed_id!`] expands to; not for direct use.
#[doc(hidden)]
pub mod macro_support {
    pub use serde;
    pub use utoipa;
    pub use uuid;
}
