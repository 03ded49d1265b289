//! The use cases, one file each: they read the books, let the rules decide, and write charge and ledger
//! in one transaction.

mod announce;
mod capture_charge;
mod complete_action;
mod confirm_intent;
mod create_charge;
mod deliver_webhooks;
mod end_refund;
mod lapse_charge;
mod read_charges;
mod refund_charge;
mod void_charge;

use std::{sync::Arc, time::Duration};

use techtrove_core::SharedClock;
use techtrove_db::Db;
use tokio::sync::Notify;

use crate::{faults::Faults, webhooks::Webhooks};

pub use capture_charge::capture_charge;
pub use complete_action::complete_action;
pub use confirm_intent::confirm_intent;
pub use create_charge::{Created, create_charge};
pub use deliver_webhooks::deliver_webhooks;
pub use end_refund::end_refund;
pub use lapse_charge::lapse_charge;
pub use read_charges::{get_charge, get_refund, list_charges, list_refunds};
pub use refund_charge::{Refunded, refund_again, refund_charge};
pub use void_charge::{cancel_charge, void_charge};

/// What the use cases stand on.
#[derive(Clone, Debug)]
pub struct App {
    /// The provider's own books.
    pub db: Db,
    /// Its clock.
    pub clock: SharedClock,
    /// What is planned to go wrong.
    pub faults: Faults,
    /// How long an answer is held back that is never to come.
    pub silence: Duration,
    /// How long a bank takes to give back what waits for it.
    pub bank: Duration,
    /// Where it announces what nobody was answered.
    pub webhooks: Webhooks,
    /// Wakes whoever delivers the webhooks.
    pub announced: Arc<Notify>,
}

impl App {
    /// What is planned to go wrong, and for how long a call hangs.
    pub(crate) fn misbehaviour(&self) -> (Faults, Duration) {
        (self.faults.clone(), self.silence)
    }
}
