//! Any sequence of requests keeps the provider's promises.

use proptest::prelude::*;
use techtrove_core::{Currency, Money};

use super::*;

#[derive(Clone, Debug)]
enum Request {
    Charge(Token),
    Complete(ActionOutcome),
    Capture,
    Void,
    Lapse,
    Refund(u8, i64),
    EndRefund(u8, RefundOutcome),
}

fn requests() -> impl Strategy<Value = Vec<Request>> {
    let token = prop_oneof![
        Just(Token::Ok),
        Just(Token::Declined),
        Just(Token::Timeout),
        Just(Token::RequiresAction),
        Just(Token::RefundRefused),
        Just(Token::RefundFails),
        Just(Token::RefundWaits),
    ];
    let ended = prop_oneof![Just(RefundOutcome::Succeeded), Just(RefundOutcome::Failed)];
    let request = prop_oneof![
        2 => token.prop_map(Request::Charge),
        1 => Just(Request::Complete(ActionOutcome::Succeeded)),
        1 => Just(Request::Complete(ActionOutcome::Failed)),
        3 => Just(Request::Capture),
        1 => Just(Request::Void),
        1 => Just(Request::Lapse),
        5 => (0_u8..4, 1_i64..70).prop_map(|(key, amount)| Request::Refund(key, amount)),
        2 => (0_u8..4, ended).prop_map(|(key, outcome)| Request::EndRefund(key, outcome)),
    ];
    prop::collection::vec(request, 0..24)
}

fn key(text: &str) -> Key {
    text.parse().expect("a key")
}

#[derive(Default)]
struct Books {
    charge: Option<Charge>,
    entries: Vec<Entry>,
    refunds: Vec<Refund>,
}

impl Books {
    fn sum(&self, wanted: impl Fn(&EntryKind) -> bool) -> i64 {
        self.entries
            .iter()
            .filter(|entry| wanted(&entry.kind))
            .map(|entry| entry.money.amount)
            .sum()
    }

    /// Writes what becomes of a refund; whether anything does.
    fn moved(&mut self, moved: &RefundMove) -> bool {
        match self.refunds.iter_mut().find(|known| known.key == moved.refund.key) {
            Some(known) if *known == moved.refund => return false,
            Some(known) => *known = moved.refund.clone(),
            None => self.refunds.push(moved.refund.clone()),
        }
        true
    }

    fn take(&mut self, request: &Request) -> Result<bool, Refusal> {
        let mut is_moved = false;
        let change = match (request, &self.charge.clone()) {
            (Request::Charge(token), None) => {
                let money = Money::new(100, Currency::USD);
                let (charge, entry) = Charge::new(key("k"), Terms { money, token: *token });
                Change::To(charge, entry)
            }
            (Request::Charge(token), Some(charge)) => {
                charge.repeat(Terms { money: Money::new(100, Currency::USD), token: *token })?;
                Change::None
            }
            (Request::Void, None) => Change::To(Charge::never(key("k")), None),
            (_, None) => return Err(Refusal::NotCaptured),
            (Request::Void, Some(charge)) => charge.void()?,
            (Request::Lapse, Some(charge)) => charge.lapse(),
            (Request::Complete(outcome), Some(charge)) => charge.complete_action(*outcome)?,
            (Request::Capture, Some(charge)) => charge.capture()?,
            (Request::Refund(number, amount), Some(charge)) => {
                let label = key(&format!("r{number}"));
                let moved = charge.refund(&label, *amount, &self.refunds)?;
                is_moved = self.moved(&moved);
                moved.change
            }
            (Request::EndRefund(number, outcome), Some(charge)) => {
                let label = key(&format!("r{number}"));
                let known = self.refunds.iter().find(|known| known.key == label);
                let Some(known) = known.cloned() else { return Ok(false) };
                let moved = charge.end_refund(&known, *outcome)?;
                is_moved = self.moved(&moved);
                moved.change
            }
        };
        let Change::To(charge, entry) = change else { return Ok(is_moved) };
        self.charge = Some(charge);
        self.entries.extend(entry);
        Ok(true)
    }
}

proptest! {
    #[test]
    fn money_is_taken_once_and_never_given_back_twice(requests in requests()) {
        let mut books = Books::default();
        for request in &requests {
            let _ = books.take(request);

            let authorized = books.sum(|kind| *kind == EntryKind::Authorized);
            let captured = books.sum(|kind| *kind == EntryKind::Captured);
            let voided = books.sum(|kind| *kind == EntryKind::Voided);
            let failed = books.sum(|kind| matches!(kind, EntryKind::RefundFailed(_)));
            let refunded = books.sum(|kind| matches!(kind, EntryKind::Refunded(_))) - failed;
            let made = books.refunds.iter().filter(|it| it.status == RefundStatus::Succeeded);
            prop_assert_eq!(made.map(|refund| refund.amount).sum::<i64>(), refunded);
            prop_assert!(captured + voided <= authorized && authorized <= 100);
            prop_assert!(refunded <= captured);
            if let Some(charge) = &books.charge {
                prop_assert_eq!((charge.captured, charge.refunded), (captured, refunded));
            }
        }
    }

    #[test]
    fn what_was_done_is_not_done_again(requests in requests()) {
        let mut books = Books::default();
        for request in &requests {
            if books.take(request) == Ok(true) {
                let repeated = books.take(request);
                prop_assert_eq!(repeated, Ok(false), "{:?}", request);
            }
        }
    }

    #[test]
    fn a_voided_charge_never_comes_back(requests in requests()) {
        let mut books = Books::default();
        books.take(&Request::Void).expect("voided");
        for request in &requests {
            let _ = books.take(request);
        }

        prop_assert_eq!(books.entries, vec![]);
        prop_assert_eq!(books.charge.map(|charge| charge.status), Some(Status::Voided));
    }
}
