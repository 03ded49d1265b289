//! The provider of the property tests: a few lines, which share nothing with the sandbox.

use std::collections::{BTreeMap, BTreeSet};

use techtrove_core::{Currency, Money, TypedId as _};
use techtrove_payments_api::PaymentId;
use uuid::Uuid;

use super::{ActionOutcome, ChargeStatus, ProviderCharge, Told};

/// What the payment is worth.
pub const AMOUNT: i64 = 100;

/// What is on its way to the provider.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// With a token that the provider knows, or does not.
    Charge(bool),
    /// What the customer did.
    Complete(ActionOutcome),
    Lookup,
    Capture,
    Void,
    Refund(String, i64),
}

/// A provider in a few lines, which shares nothing with the sandbox.
#[derive(Default)]
pub struct Provider {
    pub declines: bool,
    /// Whether it waits for the customer first.
    pub asks_customer: bool,
    pub status: Option<ChargeStatus>,
    pub asked: bool,
    pub charges: u32,
    pub captures: u32,
    pub refunds: BTreeMap<String, i64>,
    /// What was refused or has failed, and stays so.
    pub lost: BTreeSet<String>,
    /// Whether the next new refund is refused.
    pub refuses_next: bool,
}

impl Provider {
    /// The bank takes back that it gave `key` back.
    pub fn lose(&mut self, key: &str) {
        if self.refunds.remove(key).is_some() {
            self.lost.insert(key.to_owned());
        }
    }

    /// The bank ends the reservation by itself.
    pub fn lapse(&mut self) {
        if self.status == Some(ChargeStatus::Authorized) {
            self.status = Some(ChargeStatus::Voided);
        }
    }

    fn decide(&mut self, approved: bool) {
        self.charges += u32::from(approved);
        self.status =
            Some(if approved { ChargeStatus::Authorized } else { ChargeStatus::Declined });
    }

    pub fn hear(&mut self, message: &Message) -> Told {
        use ChargeStatus::{Authorized, Captured, Declined, RequiresAction, Voided};
        self.asked |= *message == Message::Charge(true) && self.status.is_none();
        match (message, self.status) {
            (Message::Charge(false), _) => {
                return Told::Refused { code: "invalid_token".to_owned() };
            }
            (Message::Lookup, None) => return Told::NoSuchCharge,
            (Message::Charge(true), None) if self.asks_customer => {
                self.status = Some(RequiresAction);
            }
            (Message::Charge(true), None) => self.decide(!self.declines),
            (Message::Complete(outcome), Some(RequiresAction)) => {
                self.decide(*outcome == ActionOutcome::Succeed);
            }
            (Message::Capture, Some(Authorized)) => {
                self.captures += 1;
                self.status = Some(Captured);
            }
            (Message::Void, None | Some(Authorized | RequiresAction)) => self.status = Some(Voided),
            (Message::Refund(key, amount), Some(Captured)) => {
                let before: i64 = self.refunds.values().sum();
                let is_new = !self.refunds.contains_key(key) && !self.lost.contains(key);
                if is_new && std::mem::take(&mut self.refuses_next) {
                    self.lost.insert(key.clone());
                }
                if self.lost.contains(key) {
                    return Told::Refused { code: "card_is_gone".to_owned() };
                }
                let known = self.refunds.contains_key(key);
                if !known && before + amount > AMOUNT {
                    return Told::Refused { code: "too_much".to_owned() };
                }
                self.refunds.insert(key.clone(), *amount);
                return Told::Refunded { key: key.clone(), amount: *amount };
            }
            (Message::Refund(..), _) => return Told::Refused { code: "not_captured".to_owned() },
            _ => {}
        }
        let Some(status) = self.status else { return Told::NoSuchCharge };
        Told::Charge(ProviderCharge {
            amount: self.asked.then(|| Money::new(AMOUNT, Currency::USD)),
            captured: if status == Captured { AMOUNT } else { 0 },
            decline_code: (status == Declined).then(|| "card_declined".to_owned()),
            ..charge(status)
        })
    }
}

pub fn charge(status: ChargeStatus) -> ProviderCharge {
    ProviderCharge {
        key: payment_id().to_string(),
        amount: Some(Money::new(AMOUNT, Currency::USD)),
        status,
        captured: 0,
        decline_code: None,
        action_url: None,
    }
}

pub fn payment_id() -> PaymentId {
    PaymentId::from_uuid(Uuid::from_u128(7))
}
