//! States in one word each, as they are stored. A word never changes its meaning.

use techtrove_catalog_api::Fulfilment;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;

use super::{EntryKind, RefundStatus, ShipmentStatus, Withdrawal, saga::Step};

/// A stored word that this program does not know, which is not quoted: in its place may stand anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what}")]
pub struct UnknownWord {
    what: &'static str,
}

impl UnknownWord {
    /// No `what` has this word.
    pub(super) fn new(what: &'static str) -> Self {
        Self { what }
    }
}

const STATUSES: [(OrderStatus, &str); 7] = [
    (OrderStatus::Pending, "pending"),
    (OrderStatus::Confirmed, "confirmed"),
    (OrderStatus::Processing, "processing"),
    (OrderStatus::Shipped, "shipped"),
    (OrderStatus::Delivered, "delivered"),
    (OrderStatus::PaymentFailed, "payment_failed"),
    (OrderStatus::Cancelled, "cancelled"),
];

const PAYMENT_STATUSES: [(PaymentStatus, &str); 8] = [
    (PaymentStatus::Unknown, "unknown"),
    (PaymentStatus::RequiresAction, "requires_action"),
    (PaymentStatus::Authorized, "authorized"),
    (PaymentStatus::Captured, "captured"),
    (PaymentStatus::Failed, "failed"),
    (PaymentStatus::Voided, "voided"),
    (PaymentStatus::PartiallyRefunded, "partially_refunded"),
    (PaymentStatus::Refunded, "refunded"),
];

const STEPS: [(Step, &str); 9] = [
    (Step::Hold, "hold"),
    (Step::Authorize, "authorize"),
    (Step::Commit, "commit"),
    (Step::Capture, "capture"),
    (Step::Void, "void"),
    (Step::Release, "release"),
    (Step::Refund, "refund"),
    (Step::Ship, "ship"),
    (Step::TakeBack, "take_back"),
];

const REFUND_STATUSES: [(RefundStatus, &str); 3] = [
    (RefundStatus::Pending, "pending"),
    (RefundStatus::Succeeded, "succeeded"),
    (RefundStatus::Failed, "failed"),
];

const SHIPMENT_STATUSES: [(ShipmentStatus, &str); 3] = [
    (ShipmentStatus::Preparing, "preparing"),
    (ShipmentStatus::Shipped, "shipped"),
    (ShipmentStatus::Withdrawn, "withdrawn"),
];

const WITHDRAWALS: [(Withdrawal, &str); 3] = [
    (Withdrawal::Cancelled, "cancelled"),
    (Withdrawal::NotCaptured, "not_captured"),
    (Withdrawal::Stock, "stock"),
];

const FULFILMENTS: [(Fulfilment, &str); 2] =
    [(Fulfilment::Physical, "physical"), (Fulfilment::Digital, "digital")];

const ENTRY_KINDS: [(EntryKind, &str); 3] = [
    (EntryKind::Status, "status"),
    (EntryKind::Payment, "payment"),
    (EntryKind::Shipment, "shipment"),
];

macro_rules! words {
    ($what:literal, $table:ident, $kind:ty, $word:ident, $from_word:ident) => {
        #[doc = concat!("A ", $what, " in one word.")]
        #[must_use]
        pub fn $word(state: $kind) -> &'static str {
            let found = $table.iter().find(|(known, _)| *known == state);
            found.map(|(_, word)| *word).expect("the table has every state")
        }

        #[doc = concat!("The ", $what, " behind its word.")]
        ///
        /// # Errors
        /// When there is none.
        pub fn $from_word(word: &str) -> Result<$kind, $crate::domain::UnknownWord> {
            let found = $table.iter().find(|(_, known)| *known == word);
            let unknown = || $crate::domain::UnknownWord::new($what);
            found.map(|(state, _)| *state).ok_or_else(unknown)
        }
    };
}

pub(super) use words;

words!("order status", STATUSES, OrderStatus, status_word, status_from_word);
words!(
    "payment status",
    PAYMENT_STATUSES,
    PaymentStatus,
    payment_status_word,
    payment_status_from_word
);
words!("saga step", STEPS, Step, step_word, step_from_word);
words!("refund status", REFUND_STATUSES, RefundStatus, refund_status_word, refund_status_from_word);
words!(
    "shipment status",
    SHIPMENT_STATUSES,
    ShipmentStatus,
    shipment_status_word,
    shipment_status_from_word
);
words!("withdrawal", WITHDRAWALS, Withdrawal, withdrawal_word, withdrawal_from_word);
words!("fulfilment", FULFILMENTS, Fulfilment, fulfilment_word, fulfilment_from_word);
words!("entry kind", ENTRY_KINDS, EntryKind, entry_kind_word, entry_kind_from_word);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back_and_others_are_refused() {
        for (status, word) in STATUSES {
            assert_eq!((status_word(status), status_from_word(word)), (word, Ok(status)));
        }
        for (status, word) in PAYMENT_STATUSES {
            assert_eq!(payment_status_word(status), word);
            assert_eq!(payment_status_from_word(word), Ok(status));
        }
        for (step, word) in STEPS {
            assert_eq!((step_word(step), step_from_word(word)), (word, Ok(step)));
        }
        for (status, word) in REFUND_STATUSES {
            assert_eq!(refund_status_from_word(word), Ok(status));
        }
        for (status, word) in SHIPMENT_STATUSES {
            assert_eq!(shipment_status_from_word(word), Ok(status));
        }
        for (why, word) in WITHDRAWALS {
            assert_eq!((withdrawal_word(why), withdrawal_from_word(word)), (word, Ok(why)));
        }
        for (kind, word) in ENTRY_KINDS {
            assert_eq!((entry_kind_word(kind), entry_kind_from_word(word)), (word, Ok(kind)));
        }
        assert!(fulfilment_from_word("teleport").is_err());
    }

    #[test]
    fn words_are_those_of_the_wire() {
        for (status, word) in STATUSES {
            assert_eq!(serde_json::to_value(status).expect("JSON"), word);
        }
        for (status, word) in PAYMENT_STATUSES {
            assert_eq!(serde_json::to_value(status).expect("JSON"), word);
        }
        for (status, word) in REFUND_STATUSES {
            assert_eq!(serde_json::to_value(status).expect("JSON"), word);
        }
        for (status, word) in SHIPMENT_STATUSES {
            assert_eq!(serde_json::to_value(status).expect("JSON"), word);
        }
    }
}
