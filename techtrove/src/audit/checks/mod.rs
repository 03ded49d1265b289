//! What must hold between the books: plain functions over what was read, by what they are about.

mod events;
mod mails;
mod money;
mod order;
mod payments;
mod purchases;
mod stock;

use std::time::Duration;

pub(super) use events::{outboxes, parked};
pub(super) use mails::{lone_mail, mails};
pub(super) use money::{lone_payment, money};
pub(super) use order::order;
pub(super) use payments::{charged, ledger, lone_charge, payment};
pub(super) use purchases::{lone_purchase, purchases};
pub(super) use stock::{
    lone_parcel, lone_reservation, lone_return, parcel, reserved, returned, stock,
};

/// After this long an order that still has a step to take is stuck, and an event is unsent.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);
const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// So far may the clock of who changed something last be ahead of ours.
const AHEAD: Duration = Duration::from_secs(15 * 60);
