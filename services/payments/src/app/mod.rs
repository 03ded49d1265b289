//! The use cases, one file each. All follow one pattern: decide and store the operation in one
//! transaction, ask the provider outside any, store what it told in another (`drive.rs`). A crash
//! between them leaves an open operation, which [`reconcile`] finishes by asking again.

mod audit;
mod authorize;
mod capture;
mod complete_action;
mod drive;
mod hear_webhook;
mod look_again;
mod recheck_charge;
mod recheck_refund;
mod reconcile;
mod recover;
mod refund;
mod show_payment;
mod void;

use std::time::Duration;

use techtrove_core::{Currency, SharedClock, SharedIds, Timestamp};
use techtrove_db::Db;

use techtrove_identity_api::GuestKey;
use techtrove_payments_api::{Payment as Shown, PaymentStatus};

use crate::{domain::Payment, provider::Providers};

pub use audit::{audit_ledger, audit_payments};
pub use authorize::{Authorization, authorize};
pub use capture::capture;
pub use complete_action::complete_action;
pub use hear_webhook::hear_webhook;
pub use look_again::look_again;
pub use reconcile::reconcile;
pub use recover::recover;
pub use refund::{RefundOrder, refund};
pub use show_payment::{
    View, Viewer, complete_own_action, get_payment, list_payments, view_payment, void_for_staff,
};
pub use void::{void, void_unknown};

/// What the use cases stand on.
#[derive(Clone, Debug)]
pub struct App {
    /// The payments' database.
    pub db: Db,
    /// The clock.
    pub clock: SharedClock,
    /// New ids of events.
    pub ids: SharedIds,
    /// Tells the tokens of guests.
    pub guest_key: GuestKey,
    /// Who holds the money.
    pub providers: Providers,
    /// Times and limits.
    pub rules: Rules,
}

/// Times and limits of the use cases.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The currency in which a payment is shown that was given up before it was asked for.
    pub currency: Currency,
    /// How long an authorisation that the provider has never heard of may still be on its way; later
    /// it is voided.
    pub give_up_after: Duration,
    /// When an operation is asked about again by itself, for the first time.
    pub first_retry: Duration,
    /// The longest wait between two such questions.
    pub longest_retry: Duration,
    /// How long an operation may be open before somebody is alerted.
    pub alert_after: Duration,
    /// When a refund that was made is looked at for the first time by itself; each later pause is twice as
    /// long.
    pub first_look: Duration,
}

impl App {
    /// The payment as the other services see it. Where its provider is not set up any more, nobody knows
    /// what its customer could do.
    fn show(&self, payment: &Payment) -> Shown {
        let mut shown = payment.show();
        if shown.status == PaymentStatus::RequiresAction {
            let provider = drive::provider_of(self, payment).ok();
            shown.next_action = provider.and_then(|provider| provider.next_action(payment));
        }
        shown
    }

    /// The current instant.
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// When an operation that begins now is asked about by itself, should it stay open.
    fn first_retry_at(&self) -> Timestamp {
        self.now().plus(self.rules.first_retry)
    }
}
