//! The double-entry ledger: what is booked when an operation ends. A booking has two sides of the same
//! amount, so the ledger sums to zero by construction; one is never changed or removed, a correction
//! is another booking.

use techtrove_core::planted;

/// An account of the ledger. Debits are positive, credits negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What providers hold reserved for the shop.
    AuthorizedAtProvider,
    /// What customers have agreed to pay; the other side of the reservation.
    AuthorizedByCustomer,
    /// What providers owe the shop.
    ProviderReceivable,
    /// What the shop has sold.
    Sales,
    /// What the shop has given back.
    Refunds,
}

/// An amount that goes from one account to another; stored as two entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The account that gets `amount`.
    pub debit: Account,
    /// The account that gets `-amount`.
    pub credit: Account,
    /// Minor units; always positive.
    pub amount: i64,
}

impl Account {
    /// The account's name, as stored.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::AuthorizedAtProvider => "authorized_at_provider",
            Self::AuthorizedByCustomer => "authorized_by_customer",
            Self::ProviderReceivable => "provider_receivable",
            Self::Sales => "sales",
            Self::Refunds => "refunds",
        }
    }
}

impl Booking {
    fn new(debit: Account, credit: Account, amount: i64) -> Self {
        Self { debit, credit, amount }
    }

    /// What the booking adds to `account`.
    #[must_use]
    pub fn effect_on(&self, account: Account) -> i64 {
        let side = |own: Account, amount: i64| if own == account { amount } else { 0 };
        side(self.debit, self.amount) - side(self.credit, self.amount)
    }
}

/// `amount` was reserved.
pub(super) fn authorized(amount: i64) -> Vec<Booking> {
    vec![Booking::new(Account::AuthorizedAtProvider, Account::AuthorizedByCustomer, amount)]
}

/// The reservation of `amount` ended without the money being taken.
pub(super) fn voided(amount: i64) -> Vec<Booking> {
    vec![Booking::new(Account::AuthorizedByCustomer, Account::AuthorizedAtProvider, amount)]
}

/// The reserved `amount` was taken.
pub(super) fn captured(amount: i64) -> Vec<Booking> {
    vec![
        Booking::new(Account::AuthorizedByCustomer, Account::AuthorizedAtProvider, amount),
        Booking::new(Account::ProviderReceivable, Account::Sales, amount),
    ]
}

/// `amount` was given back.
pub(super) fn refunded(amount: i64) -> Vec<Booking> {
    if planted("refund-booked-the-other-way") {
        return refund_failed(amount);
    }
    vec![Booking::new(Account::Refunds, Account::ProviderReceivable, amount)]
}

/// `amount` was given back, and has come back.
pub(super) fn refund_failed(amount: i64) -> Vec<Booking> {
    vec![Booking::new(Account::ProviderReceivable, Account::Refunds, amount)]
}
