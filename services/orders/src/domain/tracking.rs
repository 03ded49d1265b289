//! What a buyer is told while they track an order: its history, where each change that they may see is
//! an entry of one of three kinds, numbered from 1 without a gap. The stations of the order are entries
//! themselves, so that nothing is written twice; only what became of the money and the parcels is
//! written for tracking alone. An entry, once told, never changes.

use serde::Serialize;
use techtrove_core::Timestamp;
use techtrove_payments_api::{PaymentId, PaymentStatus};
use utoipa::ToSchema;

use super::{Order, PaymentState, saga::Change};

/// What an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EntryKind {
    /// Where the order stands: a [`super::HistoryEntry`].
    Status,
    /// Where its payment stands: a [`PaymentNews`].
    Payment,
    /// A parcel.
    Shipment,
}

/// An entry as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its place, from 1.
    pub number: u64,
    /// What it tells of.
    pub kind: EntryKind,
    /// What it tells, as JSON.
    pub data: String,
}

/// Where a payment stands from then on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PaymentNews {
    /// Which payment.
    pub id: PaymentId,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Since when.
    pub at: Timestamp,
}

impl Order {
    /// What is told of its payment as it stands.
    #[must_use]
    pub fn payment_news(&self) -> PaymentNews {
        PaymentNews { id: self.payment.id, status: self.payment.status, at: self.updated_at }
    }
}

impl PaymentState {
    /// `change` without a payment that stands as it stood: however often it is asked about, that is no
    /// news.
    #[must_use]
    pub fn news_in(&self, mut change: Change) -> Change {
        change.payment.take_if(|report| {
            (report.status, report.captured, report.refunded, &report.next_action)
                == (self.status, self.captured, self.refunded, &self.next_action)
        });
        change
    }
}

#[cfg(test)]
mod tests {
    use techtrove_core::TypedId as _;
    use techtrove_orders_api::OrderStatus;
    use uuid::Uuid;

    use super::*;
    use crate::domain::saga::PaymentReport;

    fn payment(status: PaymentStatus, captured: i64) -> PaymentState {
        let id = PaymentId::from_uuid(Uuid::from_u128(2));
        let provider = "sandbox".into();
        PaymentState { id, provider, status, captured, refunded: 0, next_action: None }
    }

    fn report(status: PaymentStatus, captured: i64) -> Change {
        let payment = Some(PaymentReport { captured, ..PaymentReport::none(status) });
        Change { payment, status: Some(OrderStatus::Confirmed), ..Change::default() }
    }

    #[test]
    fn a_payment_that_stands_as_it_stood_is_no_news() {
        use PaymentStatus::{Captured, Unknown};
        for (before, now, news) in [
            ((Unknown, 0), (Unknown, 0), false),
            ((Unknown, 0), (Captured, 5), true),
            ((Captured, 5), (Captured, 5), false),
            ((Captured, 5), (Captured, 7), true),
        ] {
            let change = payment(before.0, before.1).news_in(report(now.0, now.1));

            assert_eq!(change.payment.is_some(), news, "{before:?} {now:?}");
            assert_eq!(change.status, Some(OrderStatus::Confirmed), "the rest stays");
        }
    }
}
