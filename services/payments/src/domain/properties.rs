//! Any order of requests, losses, repetitions and late arrivals keeps the promises: nothing is charged
//! twice, nothing is refunded beyond what was taken, at most one operation is open, and once the
//! provider has been asked about what is open, both sides' books are the same.

use std::collections::BTreeMap;

use proptest::prelude::*;
use techtrove_core::{Currency, Money, Timestamp, TypedId};
use techtrove_payments_api::{PaymentStatus, RefundId};
use uuid::Uuid;

use super::{
    stranger::{AMOUNT, Message, Provider, charge, payment_id},
    *,
};

/// One thing that happens.
#[derive(Clone, Debug)]
enum Event {
    Authorize(bool),
    Complete(ActionOutcome),
    /// The customer acts at the provider, and nobody tells us.
    AtTheBank(ActionOutcome),
    Capture,
    Void,
    Refund(u8, i64),
    /// The provider refuses the next refund that it has not seen.
    RefuseNext,
    /// A refund that was made fails at its bank; whether we hear of it.
    Lose(u8, bool),
    /// The bank ends the reservation by itself.
    Lapse,
    /// The provider tells that it has given the charge up, which may be a lie.
    HearOfLapse,
    Reconcile,
    /// A message reaches the provider, and stays on its way too: it may arrive again, late.
    Arrive(u8),
    /// A message is lost.
    Drop(u8),
    /// An answer reaches us.
    Answer(u8),
}

fn outcomes() -> impl Strategy<Value = ActionOutcome> {
    prop_oneof![3 => Just(ActionOutcome::Succeed), 1 => Just(ActionOutcome::Fail)]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        3 => prop::bool::weighted(0.8).prop_map(Event::Authorize),
        2 => outcomes().prop_map(Event::Complete),
        1 => outcomes().prop_map(Event::AtTheBank),
        3 => Just(Event::Capture),
        1 => Just(Event::Void),
        4 => (0_u8..4, 1_i64..70).prop_map(|(id, amount)| Event::Refund(id, amount)),
        1 => Just(Event::RefuseNext),
        2 => (0_u8..4, any::<bool>()).prop_map(|(id, heard)| Event::Lose(id, heard)),
        1 => Just(Event::Lapse),
        1 => Just(Event::HearOfLapse),
        2 => Just(Event::Reconcile),
        9 => any::<u8>().prop_map(Event::Arrive),
        2 => any::<u8>().prop_map(Event::Drop),
        7 => any::<u8>().prop_map(Event::Answer),
    ];
    prop::collection::vec(event, 0..60)
}

#[derive(Default)]
struct World {
    provider: Provider,
    payment: Option<Payment>,
    operations: BTreeMap<i64, OperationState>,
    refunds: BTreeMap<u8, (i64, i64)>,
    ledger: Vec<Booking>,
    on_the_way: Vec<Message>,
    answers: Vec<(i64, Told)>,
    senders: Vec<i64>,
}

fn refund_key(id: u8) -> String {
    RefundId::from_uuid(Uuid::from_u128(u128::from(id))).to_string()
}

fn terms() -> Terms {
    let amount = Money::new(AMOUNT, Currency::USD);
    Terms { reference: Uuid::from_u128(8), provider: "sandbox".to_owned(), owner: None, amount }
}

fn now() -> Timestamp {
    Timestamp::from_micros(1)
}

impl World {
    fn send(&mut self, number: i64, message: Message) {
        self.senders.push(number);
        self.on_the_way.push(message);
    }

    fn store(&mut self, begun: Begun, message: Message) {
        if let Some(superseded) = begun.supersedes {
            self.operations.insert(superseded, OperationState::Superseded);
        }
        let number = begun.operation.number;
        assert_eq!(
            self.operations.insert(number, OperationState::Open),
            None,
            "numbers are unique"
        );
        self.payment = Some(begun.payment);
        self.send(number, message);
    }

    fn authorize(&mut self, known: bool) {
        match self.payment.clone() {
            None => {
                self.store(Payment::authorize(payment_id(), terms(), now()), Message::Charge(known))
            }
            Some(payment) => {
                let decision = decide::authorize_again(&payment, &terms()).expect("same terms");
                self.resume_if(decision, &payment, |_| Message::Charge(known));
            }
        }
    }

    fn complete(&mut self, outcome: ActionOutcome) {
        let Some(payment) = self.payment.clone() else { return };
        let voided = self.operations.values().any(|state| *state == OperationState::Superseded);
        match decide::complete_action(&payment) {
            Ok(decision) => {
                // Given up, it may still have been declined before; that is told again.
                let over = decision == Decision::Answer;
                assert!(over || !voided, "what is given up cannot be completed");
                self.resume_if(decision, &payment, |_| Message::Complete(outcome));
            }
            Err(_) => assert_ne!(payment.shown_status(), PaymentStatus::RequiresAction),
        }
    }

    fn change(&mut self, kind: OperationKind) {
        let Some(payment) = self.payment.clone() else {
            if kind == OperationKind::Void {
                self.payment = Some(Payment::never(payment_id(), Currency::USD));
            }
            return;
        };
        let decision = if kind == OperationKind::Void {
            decide::void(&payment)
        } else {
            decide::capture(&payment)
        };
        match decision {
            Ok(Decision::Begin(kind)) => {
                let begun = payment.begin(kind, now());
                let message = ask_again(&begun.operation);
                self.store(begun, message);
            }
            Ok(decision) => self.resume_if(decision, &payment, ask_again),
            Err(_) => {}
        }
    }

    fn refund(&mut self, id: u8, amount: i64) {
        let Some(payment) = self.payment.clone() else { return };
        let known = self.refunds.get(&id).map(|(number, amount)| KnownRefund {
            same_payment: true,
            amount: *amount,
            state: self.operations[number],
            failure_code: None,
        });
        match decide::refund(&payment, Money::new(amount, Currency::USD), known) {
            Ok(Decision::Begin(_)) => {
                let key = refund_key(id);
                let begun = payment.begin_refund(key, amount, now());
                self.refunds.insert(id, (begun.operation.number, amount));
                let message = ask_again(&begun.operation);
                self.store(begun, message);
            }
            Ok(decision) => self.resume_if(decision, &payment, ask_again),
            Err(_) => {}
        }
    }

    /// We hear that a refund has failed, look at how it stands, and store that, once nothing is open.
    fn recheck(&mut self, id: u8) {
        let Some((number, amount)) = self.refunds.get(&id).copied() else { return };
        let is_lost = self.provider.lost.contains(&refund_key(id));
        let payment = self.payment.clone().expect("something was captured");
        if self.operations[&number] != OperationState::Done || !is_lost {
            return;
        }
        match refund_failed(&payment, amount, "card_is_gone") {
            Ok(settlement) => {
                self.ledger.extend(settlement.bookings);
                self.operations.insert(number, settlement.state);
                self.payment = Some(settlement.payment);
            }
            Err(Unsettled::NotYet) => assert!(payment.open.is_some()),
            Err(disagreement) => panic!("{disagreement}"),
        }
    }

    /// We hear that the charge was given up, look at how it stands, and void what we hold to be reserved.
    fn hear_of_lapse(&mut self) {
        let told = self.provider.hear(&Message::Lookup);
        let reserved = |payment: &&Payment| {
            payment.open.is_none() && payment.status == PaymentStatus::Authorized
        };
        if self.payment.as_ref().filter(reserved).is_some_and(|payment| is_given_up(payment, &told))
        {
            self.change(OperationKind::Void);
        }
    }

    fn resume_if(
        &mut self,
        decision: Decision,
        payment: &Payment,
        message: impl Fn(&Operation) -> Message,
    ) {
        if let (Decision::Resume, Some(open)) = (decision, &payment.open) {
            self.send(open.number, message(open));
        }
    }

    fn reconcile(&mut self) {
        match self.payment.as_ref().map(|payment| payment.open.clone()) {
            None => self.payment = Some(Payment::never(payment_id(), Currency::USD)),
            Some(Some(open)) => self.send(open.number, ask_again(&open)),
            Some(None) => {}
        }
    }

    fn arrive(&mut self, pick: u8) {
        if self.on_the_way.is_empty() {
            return;
        }
        let index = usize::from(pick) % self.on_the_way.len();
        let told = self.provider.hear(&self.on_the_way[index].clone());
        self.answers.push((self.senders[index], told));
    }

    fn lose(&mut self, pick: u8) {
        if !self.on_the_way.is_empty() {
            let index = usize::from(pick) % self.on_the_way.len();
            self.on_the_way.remove(index);
            self.senders.remove(index);
        }
    }

    fn answer(&mut self, pick: u8) {
        if self.answers.is_empty() {
            return;
        }
        let index = usize::from(pick) % self.answers.len();
        let (number, told) = self.answers.remove(index);
        let payment = self.payment.clone().expect("something was asked");
        let Some(open) = payment.open.as_ref().filter(|open| open.number == number) else { return };
        match settle(&payment, open, &told) {
            Ok(settlement) => {
                self.ledger.extend(settlement.bookings);
                self.operations.insert(number, settlement.state);
                self.payment = Some(settlement.payment);
            }
            Err(Unsettled::NotYet) => {}
            Err(Unsettled::ActionRequired(url)) => {
                self.payment = Some(payment.awaiting_customer(url));
            }
            Err(Unsettled::TurnedAway(reason)) => self.turn_away(&payment, reason),
            Err(disagreement) => panic!("{disagreement}"),
        }
    }

    fn turn_away(&mut self, payment: &Payment, reason: String) {
        match decide::turned_away(payment) {
            Decision::Begin(_) => {
                let begun = payment.begin_turning_away(Some(reason), now());
                let message = ask_again(&begun.operation);
                self.store(begun, message);
            }
            decision => self.resume_if(decision, payment, ask_again),
        }
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Authorize(known) => self.authorize(*known),
            Event::Complete(outcome) => self.complete(*outcome),
            Event::AtTheBank(outcome) => drop(self.provider.hear(&Message::Complete(*outcome))),
            Event::Capture => self.change(OperationKind::Capture),
            Event::Void => self.change(OperationKind::Void),
            Event::Refund(id, amount) => self.refund(*id, *amount),
            Event::Reconcile => self.reconcile(),
            Event::Arrive(pick) => self.arrive(*pick),
            Event::Drop(pick) => self.lose(*pick),
            Event::RefuseNext => self.provider.refuses_next = true,
            Event::Lose(id, heard) => {
                self.provider.lose(&refund_key(*id));
                if *heard {
                    self.recheck(*id);
                }
            }
            Event::Lapse => self.provider.lapse(),
            Event::HearOfLapse => self.hear_of_lapse(),
            Event::Answer(pick) => self.answer(*pick),
        }
    }

    fn balance(&self, wanted: Account) -> i64 {
        self.ledger.iter().map(|booking| booking.effect_on(wanted)).sum()
    }

    fn check(&self) {
        assert!(
            self.ledger.iter().all(|booking| booking.amount > 0 && booking.debit != booking.credit)
        );
        let open: Vec<_> =
            self.operations.iter().filter(|(_, state)| **state == OperationState::Open).collect();
        assert!(open.len() <= 1, "at most one operation is open: {open:?}");
        let Some(payment) = &self.payment else { return };
        assert_eq!(payment.open.as_ref().map(|open| open.number), open.first().map(|open| *open.0));
        assert_eq!(-self.balance(Account::Sales), payment.captured);
        assert_eq!(self.balance(Account::Refunds), payment.refunded);
        assert!(payment.refunded <= payment.captured && payment.captured <= AMOUNT);
        let asked = self.refunds.values().filter(|(number, _)| {
            matches!(self.operations[number], OperationState::Open | OperationState::Done)
        });
        let asked: i64 = asked.map(|(_, amount)| amount).sum();
        assert!(asked <= payment.captured, "not even asked for more than was captured");
        assert!(self.provider.charges <= 1 && self.provider.captures <= 1, "charged at most once");
        assert!(self.provider.refunds.values().sum::<i64>() <= AMOUNT);
        if payment.status == PaymentStatus::Voided && payment.open.is_none() {
            let over = [Some(ChargeStatus::Authorized), Some(ChargeStatus::RequiresAction)];
            assert!(!over.contains(&self.provider.status), "nothing stays reserved, or can be");
        }
    }

    /// Asks about what is open until nothing is, or the customer is waited for, then lets every late message arrive as well.
    fn come_to_rest(&mut self) {
        self.answers.clear();
        self.ask_until_told();
        for pick in 0..self.on_the_way.len() {
            self.provider.hear(&self.on_the_way[pick].clone());
        }
        // What the customer did may have been late, and is found by asking.
        self.ask_until_told();
        // What has lapsed or failed is told of until it was heard.
        self.hear_of_lapse();
        self.ask_until_told();
        (0..4).for_each(|id| self.recheck(id));
    }

    fn ask_until_told(&mut self) {
        for _ in 0..4 {
            let Some(payment) = self.payment.clone() else { return };
            let Some(open) = payment.open else { break };
            let told = self.provider.hear(&ask_again(&open));
            let never_arrived = told == Told::NoSuchCharge;
            self.answers.push((open.number, told));
            self.answer(0);
            if never_arrived {
                self.change(OperationKind::Void);
            }
        }
    }
}

fn ask_again(operation: &Operation) -> Message {
    match operation.kind {
        OperationKind::Authorize => Message::Lookup,
        OperationKind::Capture => Message::Capture,
        OperationKind::Void => Message::Void,
        OperationKind::Refund => Message::Refund(operation.provider_key.clone(), operation.amount),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_happens_both_books_agree_in_the_end(
        declines: bool,
        asks_customer: bool,
        events in events(),
    ) {
        let provider = Provider { declines, asks_customer, ..Provider::default() };
        let mut world = World { provider, ..World::default() };

        for event in &events {
            world.happen(event);
            world.check();
        }
        world.come_to_rest();
        world.check();

        let reserved = world.balance(Account::AuthorizedAtProvider);
        let at_provider = match world.provider.status {
            Some(ChargeStatus::Authorized) => AMOUNT,
            _ => 0,
        };
        prop_assert_eq!(reserved, at_provider, "what is reserved");
        let payment = world.payment.as_ref();
        let waits = world.provider.status == Some(ChargeStatus::RequiresAction);
        prop_assert!(
            payment.is_none_or(|payment| match &payment.open {
                None => !waits,
                Some(_) => waits && payment.shown_status() == PaymentStatus::RequiresAction,
            }),
            "nothing stays open but for the customer"
        );
        prop_assert_eq!(payment.map_or(0, |payment| payment.captured), i64::from(world.provider.captures) * AMOUNT);
        prop_assert_eq!(payment.map_or(0, |payment| payment.refunded), world.provider.refunds.values().sum::<i64>());
    }
}

#[test]
fn a_void_in_the_place_of_an_open_authorisation_makes_its_late_answer_worthless() {
    let mut world = World::default();
    world.authorize(true);
    world.arrive(0);

    world.change(OperationKind::Void);
    world.answer(0);

    let payment = world.payment.as_ref().expect("stored");
    assert_eq!(payment.open.as_ref().map(|open| open.kind), Some(OperationKind::Void));
    assert_eq!(payment.show().status, PaymentStatus::Unknown);
    assert_eq!(world.operations[&1], OperationState::Superseded);
}

#[test]
fn other_terms_under_the_same_id_are_refused() {
    let begun = Payment::authorize(payment_id(), terms(), now());
    let other = Terms { amount: Money::new(AMOUNT + 1, Currency::USD), ..terms() };

    assert_eq!(decide::authorize_again(&begun.payment, &other), Err(Refusal::Mismatch));
}

#[test]
fn another_charges_answer_is_never_taken_for_this_ones() {
    let begun = Payment::authorize(payment_id(), terms(), now());
    let right = charge(ChargeStatus::Authorized);
    let other_key = ProviderCharge { key: "pay_other".to_owned(), ..right.clone() };
    let other_amount =
        ProviderCharge { amount: Some(Money::new(1, Currency::USD)), ..right.clone() };
    let taken = ProviderCharge { status: ChargeStatus::Captured, captured: AMOUNT, ..right };

    for wrong in [other_key, other_amount, taken] {
        let settled = settle(&begun.payment, &begun.operation, &Told::Charge(wrong.clone()));
        assert!(matches!(settled, Err(Unsettled::Disagreement(_))), "{wrong:?}");
    }
}

#[test]
fn a_reservation_that_the_provider_ended_itself_is_booked_back_when_captured() {
    let begun = Payment::authorize(payment_id(), terms(), now());
    let payment = Payment { open: None, status: PaymentStatus::Authorized, ..begun.payment };
    let capture = payment.begin(OperationKind::Capture, now());
    let told = Told::Charge(charge(ChargeStatus::Voided));

    let settled = settle(&capture.payment, &capture.operation, &told).expect("it ends");

    assert_eq!(settled.payment.status, PaymentStatus::Voided);
    assert_eq!(settled.state, OperationState::Refused);
    let back: i64 = settled
        .bookings
        .iter()
        .map(|booking| booking.effect_on(Account::AuthorizedAtProvider))
        .sum();
    assert_eq!(back, -AMOUNT);
}
