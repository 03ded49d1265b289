//! The rules of mail: what one says, when a failed one is tried again, how it is recognised. Plain
//! functions; a rendered mail is the only place in the shop where an order's details leave it.

mod content;
mod mail;
mod retry;

pub use content::{Content, OrderMail};
pub use mail::{Mail, MailState, NewMail, message_id};
pub use retry::next_attempt;
