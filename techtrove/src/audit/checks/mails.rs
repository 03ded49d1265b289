//! Orders against the mails about them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use techtrove_core::Timestamp;
use techtrove_notifications_api::MailEntry;
use techtrove_orders_api::{OrderEntry, OrderId, OrderStatus, RefundClaimState};

use super::{
    super::{report::Report, rule::Rule},
    UNSENT_AFTER,
};

const CONFIRMED: &str = "order_confirmed";

/// Each station, parcel and refund of an order has its mail, once, as soon as its event had time to be handled.
/// A mail that its reader may have said no to may be missing.
pub(in super::super) fn mails(
    order: &OrderEntry,
    found: &[MailEntry],
    now: Timestamp,
    report: &mut Report,
) {
    let mut written: BTreeMap<&str, u32> = BTreeMap::new();
    for mail in found {
        *written.entry(&mail.template).or_default() += 1;
    }
    let due = now.since(order.updated_at) > UNSENT_AFTER;
    for (template, wanted) in wanted(order) {
        let count = written.remove(template).unwrap_or(0);
        // Where nobody can be written to there is none: an account with its address may be gone.
        let has_reader = order.contact || template == CONFIRMED;
        let enough = count >= *wanted.start() || !due || !has_reader;
        let agrees = enough && count <= *wanted.end();
        report.expect(agrees, Rule::OrderMail, order.id, || {
            format!("{count} mails are {template}, and are to be {wanted:?}")
        });
    }
    for (template, count) in written {
        report.expect(false, Rule::OrderMail, order.id, || format!("{count} mails are {template}"));
    }
}

/// A mail about no order.
pub(in super::super) fn lone_mail(orphan: &MailEntry, report: &mut Report) {
    let order: OrderId = techtrove_core::TypedId::from_uuid(orphan.subject_id);
    report.expect(false, Rule::OrderMail, order, || {
        format!("a mail is {} of an order that is not there", orphan.template)
    });
}

/// How many mails of each kind there are to be.
fn wanted(order: &OrderEntry) -> [(&'static str, RangeInclusive<u32>); 7] {
    let is = |status| u32::from(!order.refused && order.status == status);
    let was = |status| u32::from(order.history.stations.contains(&status));
    let count = |state| {
        let refunds = order.refunds.iter().filter(|refund| refund.state == state);
        u32::try_from(refunds.count()).unwrap_or(u32::MAX)
    };
    let exactly = |count: u32| count..=count;
    let travels = u32::from(order.lines.iter().any(|line| !line.digital));
    let revealed = u32::from(order.lines.iter().any(|line| line.digital && line.shipped > 0));
    let made = count(RefundClaimState::Made);
    [
        (CONFIRMED, exactly(was(OrderStatus::Confirmed))),
        ("payment_failed", exactly(is(OrderStatus::PaymentFailed))),
        ("order_cancelled", exactly(is(OrderStatus::Cancelled))),
        ("order_shipped", 0..=order.parcels.travelled),
        ("order_delivered", 0..=is(OrderStatus::Delivered).min(travels)),
        // Some licences come without keys.
        ("licence_keys", 0..=revealed),
        // One that was made before it failed has its mail.
        ("order_refunded", made..=made.saturating_add(count(RefundClaimState::Failed))),
    ]
}
