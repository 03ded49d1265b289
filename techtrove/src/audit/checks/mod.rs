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

/// The sum of amounts; one that is too large is as large as can be, which agrees with nothing.
fn sum(amounts: impl IntoIterator<Item = i64>) -> i64 {
    amounts.into_iter().fold(0, i64::saturating_add)
}

/// After this long an order that still has a step to take is stuck, and an event is unsent.
const STUCK_AFTER: Duration = Duration::from_secs(15 * 60);
const UNSENT_AFTER: Duration = Duration::from_secs(60);

/// So far may the clock of who changed something last be ahead of ours.
const AHEAD: Duration = Duration::from_secs(15 * 60);

#[cfg(test)]
mod tests {
    use super::sum;

    #[test]
    fn a_sum_that_is_too_large_is_as_large_as_can_be() {
        assert_eq!(sum([i64::MAX, 1]), i64::MAX);
        assert_eq!(sum([1, 2, -3]), 0);
    }
}
