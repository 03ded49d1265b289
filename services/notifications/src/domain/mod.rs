//! The rules of mail: what one says and in which language, which are needed and which may be refused,
//! when a failed one is tried again, how it is recognised. Plain functions; a rendered mail is the only
//! place in the shop where an order's details leave it.

mod amount;
mod delivery_error;
mod draft;
mod kind;
mod language;
mod letter;
#[cfg(test)]
mod letter_tests;
mod mail;
mod phrases;
mod public_url;
mod retry;
mod unsubscribe;

pub use delivery_error::{DeliveryError, InvalidDeliveryError};
pub use draft::Content;
pub use kind::{InvalidKind, Kind};
pub use language::{InvalidLanguage, Language};
pub use letter::{AccountMail, Letter, LinkSecret, Matter, OrderMail, Stationery};
pub use mail::{Attempt, Fresh, InvalidState, MailState, NewMail, Recipient, Record, message_id};
pub use phrases::{PagePhrases, Pages};
pub use public_url::{InvalidPublicUrl, PublicUrl};
pub use retry::next_attempt;
pub use unsubscribe::{InvalidToken, UnsubscribeKey};
