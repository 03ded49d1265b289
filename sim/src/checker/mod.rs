//! What must hold, checked by eyes of its own: SQL on the services' databases, and what customers were
//! answered. It must share no code with the services, so that it cannot share their mistakes.

mod agreed;
mod books;
mod mails;
mod moves;
mod refunds;
mod returns;
mod reviews;
mod rows;
mod settling;
mod sold;
mod watch;

pub use books::check;
pub use rows::{changes, orders, values};
pub use settling::{settle, unsettled};
pub use watch::Watch;
