//! The saga against a small world in which every message may be lost, every step repeated, every driver
//! crash, and cancellations, refunds and parcels be asked for at any moment, at random; then the faults
//! end. What the world holds must then agree with the order.

use proptest::prelude::*;
use techtrove_core::Timestamp;
use techtrove_orders_api::OrderStatus;
use techtrove_payments_api::PaymentStatus;
use uuid::Uuid;

use super::{
    CapturePolicy, RefundStatus, Withdrawal,
    saga::{Facts, Hand, Outcome, Pin, Reply, Saga, Step, Task},
    saga_run::{Fate, PATIENCE, Run, Wish, begun},
    saga_world::{CALLS, Stock, TOTAL, World, friendly},
};

fn any_fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        3 => Just(Fate::Arrives),
        1 => Just(Fate::RequestLost),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::CrashAfter),
        2 => (1..CALLS, any::<bool>()).prop_map(|(calls, crashes)| Fate::Cut(calls, crashes)),
        1 => Just(Fate::Twice),
        1 => any::<bool>().prop_map(Fate::Unbegun),
        2 => any_wish().prop_map(Fate::Asked),
        1 => any_wish().prop_map(Fate::AskedUnheard),
    ]
}

fn any_wish() -> impl Strategy<Value = Wish> {
    prop_oneof![
        1 => Just(Wish::Cancel),
        2 => (1..=TOTAL).prop_map(Wish::Refund),
        2 => (1..=3_u32).prop_map(Wish::Ship),
        2 => (1..=3_u32).prop_map(Wish::SendBack),
        1 => Just(Wish::Complete),
        1 => Just(Wish::LoseRefund),
        1 => any::<bool>().prop_map(Wish::Decide),
        1 => Just(Wish::Lapse),
        1 => Just(Wish::HearOfLapse),
    ]
}

prop_compose! {
    fn any_world()(
        scarce: bool, declines: bool, asks: bool, refuses in prop_oneof![2 => Just(0), 1 => 1..8_u32],
        waits in prop_oneof![2 => Just(0), 1 => 1..4_u32],
        silent_for in 0..4_u32, first_hold_ends: bool,
    ) -> World {
        World { scarce, declines, asks, refuses, waits, silent_for, first_hold_ends, ..friendly() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn every_order_ends_and_the_books_agree(
        world in any_world(), late: bool, fates in prop::collection::vec(any_fate(), 0..40),
    ) {
        let mut run = Run::new(world);
        run.capture = if late { CapturePolicy::Shipment } else { CapturePolicy::Confirmation };

        fates.into_iter().for_each(|fate| run.step(fate));
        run.finish();

        run.check();
    }

    #[test]
    fn what_waits_for_its_bank_holds_up_nothing(
        waits in 1..3_u32, wishes in prop::collection::vec(any_wish(), 0..12),
    ) {
        let mut run = Run::new(World { waits, ..friendly() });
        run.finish_but_for_banks();
        run.step(Fate::Asked(Wish::Refund(TOTAL / 10)));
        for wish in wishes.into_iter().filter(|wish| !matches!(wish, Wish::LoseRefund)) {
            run.step(Fate::Arrives);
            run.step(Fate::Asked(wish));
        }

        run.finish_but_for_banks();
        run.check_but_for_banks();

        run.finish();
        run.check();
    }

    /// What nobody should answer changes nothing for the worse: no step is left out by it.
    #[test]
    fn an_answer_out_of_place_never_confirms_nor_gives_back(step in 0..6_usize, answered: bool, odd in 0..3_usize) {
        let steps = [Step::Hold, Step::Authorize, Step::Commit, Step::Capture, Step::Void, Step::Release];
        let saga = Saga { step: steps[step], answered, ..begun() };
        let outcome = [Outcome::Unknown, Outcome::NotAsked, Outcome::NotTakenOn][odd].clone();
        let run = Run::new(friendly());
        let facts = Facts {
            hand: Hand::Recovery,
            now: Timestamp::from_micros(2),
            patience: PATIENCE,
            action: PATIENCE,
            capture: CapturePolicy::Confirmation,
            fresh: Uuid::nil(),
        };

        let (change, _) = saga.follow(&run.order, &outcome, &facts);

        prop_assert_eq!(change.status, None);
        prop_assert!(change.waits);
    }
}

#[test]
fn a_friendly_world_confirms_and_captures_in_two_steps() {
    let mut run = Run::new(friendly());

    (0..2).for_each(|_| run.step(Fate::Arrives));

    run.check();
    assert_eq!((run.status(), run.replies), (OrderStatus::Confirmed, vec![Reply::Order]));
}

#[test]
fn a_crash_before_money_was_asked_for_ends_in_nothing() {
    let mut run = Run::new(friendly());

    run.step(Fate::Cut(1, true));
    run.finish();

    run.check();
    assert_eq!((run.status(), run.pins), (OrderStatus::Cancelled, vec![Pin::Forget]));
}

#[test]
fn a_crash_after_the_money_was_reserved_is_finished_by_whoever_finds_it() {
    for fate in [Fate::Cut(2, true), Fate::CrashAfter] {
        let mut run = Run::new(friendly());

        run.step(fate);
        run.finish();

        run.check();
        assert_eq!((run.status(), run.pins), (OrderStatus::Confirmed, vec![Pin::Order]));
    }
}

#[test]
fn a_charge_whose_answer_was_lost_is_asked_for_and_confirmed() {
    let mut run = Run::new(friendly());

    run.step(Fate::AnswerLost);
    assert_eq!(run.replies, [Reply::Order]);
    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Confirmed);
}

#[test]
fn a_payment_unknown_for_too_long_is_given_up_before_stock_is_freed() {
    let mut run = Run::new(World { silent_for: 100, ..friendly() });

    (0..30).for_each(|_| run.step(Fate::Arrives));
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Void));
    assert_eq!(run.world.holds_stock(), [Stock::Held]);
    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Cancelled);
}

#[test]
fn what_payments_did_not_take_on_frees_the_stock_and_is_then_given_up() {
    for comes_again in [false, true] {
        let mut run = Run::new(friendly());

        run.step(Fate::Unbegun(comes_again));
        assert_eq!(run.replies, [Reply::Refusal]);
        run.step(Fate::Arrives);
        assert_eq!((run.status(), &*run.pins), (OrderStatus::Cancelled, &[Pin::Forget][..]));
        assert_eq!(run.world.holds_stock(), []);
        run.finish();

        run.check();
        assert_eq!(run.world.money, Some(PaymentStatus::Voided));
    }
}

#[test]
fn a_hold_that_ended_is_made_again_once() {
    let mut run = Run::new(World { first_hold_ends: true, ..friendly() });

    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Confirmed);
    assert_eq!(run.world.stock.get(&2), Some(&Stock::Committed));
}

#[test]
fn waiting_grows_to_a_minute() {
    let waits: Vec<u64> =
        (1..=8).map(|tries| Saga { tries, ..begun() }.backoff().as_secs()).collect();

    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
}

#[test]
fn only_the_buyers_hand_asks_for_money() {
    assert_eq!(begun().task(Hand::Buyer), Task::Authorize { attempt: 1 });
    assert_eq!(begun().task(Hand::Recovery), Task::Reconcile);
}

#[test]
fn a_buyer_who_never_does_what_is_asked_gets_nothing_and_pays_nothing() {
    let mut run = Run::new(World { asks: true, ..friendly() });

    (0..30).for_each(|_| run.step(Fate::Arrives));

    run.check();
    assert_eq!(run.status(), OrderStatus::Cancelled);
    assert!(run.seconds >= PATIENCE.as_secs(), "given up after {} s", run.seconds);
}

#[test]
fn a_buyer_who_does_what_is_asked_is_confirmed() {
    let mut run = Run::new(World { asks: true, ..friendly() });

    (0..4).for_each(|_| run.step(Fate::Arrives));
    run.step(Fate::Asked(Wish::Complete));
    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Confirmed);
}

#[test]
fn a_cancellation_at_any_step_leaves_neither_goods_nor_money() {
    for number in 0..6 {
        let mut run = Run::new(friendly());

        (0..number).for_each(|_| run.step(Fate::Arrives));
        run.step(Fate::Asked(Wish::Cancel));
        run.finish();

        run.check();
        assert_eq!(run.status(), OrderStatus::Cancelled, "asked at step {number}");
    }
}

#[test]
fn what_was_shipped_in_part_is_not_cancelled() {
    let mut run = Run::new(friendly());
    run.finish();

    run.step(Fate::Asked(Wish::Ship(2)));
    run.step(Fate::Asked(Wish::Cancel));
    run.finish();

    assert_eq!((run.status(), run.order.history.len()), (OrderStatus::Processing, 3));
    assert_eq!(run.world.parcels.values().sum::<u32>(), 2);
}

#[test]
fn the_last_parcel_makes_it_shipped_by_way_of_the_packing() {
    let mut run = Run::new(friendly());
    run.finish();

    run.step(Fate::Asked(Wish::Ship(9)));
    run.finish();

    run.check();
    let stations: Vec<_> = run.order.history.iter().map(|entry| entry.status).collect();
    assert_eq!(stations[2..], [OrderStatus::Processing, OrderStatus::Shipped]);
}

#[test]
fn money_is_taken_before_the_first_parcel_where_that_is_the_policy() {
    let mut run = Run::new(friendly());
    run.capture = CapturePolicy::Shipment;
    run.finish();
    assert_eq!(run.world.money, Some(PaymentStatus::Authorized));

    run.step(Fate::Asked(Wish::Ship(1)));
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Capture));
    run.finish();

    run.check();
    assert_eq!(run.world.money, Some(PaymentStatus::Captured));
}

#[test]
fn what_comes_back_is_taken_back_and_its_money_given_back() {
    let mut run = Run::new(friendly());
    run.finish();
    run.step(Fate::Asked(Wish::Ship(3)));
    run.finish();

    run.step(Fate::Asked(Wish::SendBack(2)));
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Refund));
    (0..2).for_each(|_| run.step(Fate::Twice));

    run.check();
    assert_eq!((run.order.payment.refunded, run.order.lines[0].returned), (40, 2));
}

/// A paid order whose first refund waits for its bank.
fn waiting_for_the_bank() -> Run {
    let mut run = Run::new(World { waits: 1, ..friendly() });
    run.finish_but_for_banks();
    run.step(Fate::Asked(Wish::Refund(30)));
    (0..10).for_each(|_| run.step(Fate::Arrives));
    run
}

#[test]
fn goods_leave_at_once_while_a_refund_waits_for_its_bank() {
    let mut run = waiting_for_the_bank();
    // Half a minute before it is asked about again.
    run.seconds -= 30;

    run.ask(Wish::Ship(9));
    run.step(Fate::Arrives);

    assert_eq!(run.status(), OrderStatus::Shipped);
    run.check_but_for_banks();
}

#[test]
fn an_order_is_cancelled_and_its_rest_given_back_while_a_refund_waits_for_its_bank() {
    let mut run = waiting_for_the_bank();

    run.step(Fate::Asked(Wish::Cancel));
    (0..3).for_each(|_| run.step(Fate::Arrives));
    run.check_but_for_banks();
    let rest = (run.status(), run.order.payment.refunded);
    run.world.decide(false);
    (0..20).for_each(|_| run.step(Fate::Arrives));

    assert_eq!(rest, (OrderStatus::Cancelled, TOTAL - 30));
    run.check();
    assert_eq!(run.order.payment.refunded, TOTAL, "what its bank did not take is asked back again");
}

#[test]
fn a_parcel_that_may_have_left_is_known_before_its_order_is_cancelled() {
    for waits in [0, 1] {
        let mut run = Run::new(World { waits, ..friendly() });
        run.finish_but_for_banks();
        run.step(Fate::Asked(Wish::Ship(9)));

        run.step(Fate::AskedUnheard(Wish::Refund(30)));
        run.step(Fate::Asked(Wish::Cancel));
        run.finish();

        run.check();
        assert_eq!((run.status(), run.order.payment.refunded), (OrderStatus::Shipped, 30));
    }
}

#[test]
fn parcels_that_cannot_leave_yet_hold_up_no_refund() {
    let mut run = Run::new(friendly());
    run.finish();
    run.step(Fate::Asked(Wish::Ship(9)));
    (0..5).for_each(|_| run.step(Fate::RequestLost));

    run.ask(Wish::Refund(30));
    run.step(Fate::RequestLost);
    run.step(Fate::Arrives);

    assert_eq!(run.order.payment.refunded, 30);
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Ship));
}

#[test]
fn a_bank_that_takes_its_time_is_asked_about_every_minute() {
    let mut run = waiting_for_the_bank();

    (0..10).for_each(|_| run.step(Fate::Arrives));

    let before = run.seconds;
    run.step(Fate::Arrives);
    assert_eq!(run.seconds - before, 60);
}

/// A cancelled order whose money is refused so often; what was asked back, in the end.
fn cancelled_and_refused(refuses: u32) -> Run {
    let mut run = Run::new(World { refuses, ..friendly() });
    (0..2).for_each(|_| run.step(Fate::Arrives));
    run.step(Fate::Asked(Wish::Cancel));
    (0..40).for_each(|_| run.step(Fate::Arrives));
    run
}

#[test]
fn the_money_of_a_cancelled_order_is_asked_back_under_a_fresh_id_after_a_refusal() {
    let run = cancelled_and_refused(1);

    run.check();
    let refunds: Vec<_> = run.order.refunds.iter().map(|it| (it.status, it.amount)).collect();
    assert_eq!(refunds, [(RefundStatus::Failed, TOTAL), (RefundStatus::Succeeded, TOTAL)]);
    assert_eq!(run.order.refunds[0].failure_code.as_deref(), Some("card_is_gone"));
}

#[test]
fn after_a_few_refusals_the_money_of_a_cancelled_order_waits_for_staff() {
    let mut run = cancelled_and_refused(6);
    let waits = (run.order.refunds.len(), run.saga.as_ref().map(|saga| saga.step));

    run.step(Fate::Asked(Wish::Refund(TOTAL)));
    (0..3).for_each(|_| run.step(Fate::Arrives));
    let refused = run.order.refundable();
    run.step(Fate::Asked(Wish::Refund(TOTAL)));
    run.finish();

    assert_eq!((waits, refused), ((5, Some(Step::Refund)), TOTAL));
    run.check();
    assert_eq!((run.order.refunds.len(), run.order.payment.refunded), (7, TOTAL));
}

/// An order on its way under this policy whose reservation lapses before `lapses_at` of its steps.
fn lapsing(capture: CapturePolicy, lapses_at: usize) -> Run {
    let mut run = Run::new(friendly());
    run.capture = capture;
    (0..lapses_at).for_each(|_| run.step(Fate::Arrives));
    run.world.lapse();
    run
}

#[test]
fn a_reservation_that_lapsed_before_it_was_taken_ends_the_order() {
    let mut run = lapsing(CapturePolicy::Confirmation, 1);
    assert_eq!(run.saga.as_ref().map(|saga| saga.step), Some(Step::Capture));

    run.finish();

    run.check();
    assert_eq!(run.status(), OrderStatus::Cancelled);
    assert_eq!(run.order.payment.status, PaymentStatus::Voided);
}

#[test]
fn a_parcel_of_an_order_whose_reservation_lapsed_never_leaves_and_the_order_ends() {
    let mut run = lapsing(CapturePolicy::Shipment, 3);
    assert_eq!((run.status(), &run.saga), (OrderStatus::Confirmed, &None));

    run.step(Fate::Asked(Wish::Ship(1)));
    run.finish();

    run.check();
    let why: Vec<_> = run.order.shipments.iter().map(|parcel| parcel.withdrawn_for).collect();
    assert_eq!((run.status(), why), (OrderStatus::Cancelled, vec![Some(Withdrawal::NotCaptured)]));
}

#[test]
fn a_lapse_that_is_told_of_ends_the_order_and_so_does_a_cancellation_that_comes_first() {
    for wish in [Wish::HearOfLapse, Wish::Cancel] {
        let mut run = lapsing(CapturePolicy::Shipment, 3);

        run.step(Fate::Asked(wish));
        (0..4).for_each(|_| run.step(Fate::Arrives));

        run.check();
        assert_eq!(run.status(), OrderStatus::Cancelled, "{wish:?}");
        assert_eq!(run.order.payment.status, PaymentStatus::Voided, "{wish:?}");
    }
}
