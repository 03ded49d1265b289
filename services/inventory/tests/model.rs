//! Random interleavings of everything that can happen to stock, each checked against a model that
//! shares no code with the service: it keeps no counters, but a list of promises from which every
//! number is added up anew.

mod support;

use std::collections::BTreeMap;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use support::{Shop, attempt_of, sku};
use techtrove_db::Db;
use techtrove_inventory::{Error, app, domain::Verb};
use techtrove_inventory_api::{Availability, ReservationState, SetStock};

const SKUS: [&str; 3] = ["A-1", "B-2", "C-3"];

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    Set {
        sku: usize,
        on_hand: Option<u32>,
    },
    Edit {
        sku: usize,
        on_hand: i64,
        threshold: Option<i64>,
        stale: bool,
    },
    Hold {
        who: u8,
        attempt: u32,
        lines: Vec<(usize, u32)>,
        seconds: Option<i64>,
    },
    Do {
        who: u8,
        attempt: u32,
        verb: Verb,
    },
    Wait {
        seconds: i64,
    },
    ExpireAll,
    /// What happened so many steps ago happens again.
    Again {
        ago: usize,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let who = 0..4_u8;
    let attempt = 1..3_u32;
    let lines = prop::collection::vec((0..SKUS.len(), 1..6_u32), 1..4);
    let verb =
        prop::sample::select(vec![Verb::MakeLasting, Verb::Commit, Verb::Release, Verb::Expire]);
    prop_oneof![
        2 => (0..SKUS.len(), prop::option::of(0..15_u32)).prop_map(|(sku, on_hand)| Step::Set { sku, on_hand }),
        1 => (0..SKUS.len(), 0..15_i64, prop::option::of(0..8_i64), any::<bool>())
            .prop_map(|(sku, on_hand, threshold, stale)| Step::Edit { sku, on_hand, threshold, stale }),
        6 => (who.clone(), attempt.clone(), lines, prop::option::of(-3..20_i64))
            .prop_map(|(who, attempt, lines, seconds)| Step::Hold { who, attempt, lines, seconds }),
        8 => (who, attempt, verb).prop_map(|(who, attempt, verb)| Step::Do { who, attempt, verb }),
        2 => (0..12_i64).prop_map(|seconds| Step::Wait { seconds }),
        1 => Just(Step::ExpireAll),
        3 => (1..12_usize).prop_map(|ago| Step::Again { ago }),
    ]
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq)]
enum Answer {
    Stands(ReservationState, Option<i64>),
    Short(Vec<(String, u32, u32)>),
    Ended,
    Mismatch,
    Refused,
    Done,
}

/// What was promised to somebody.
#[derive(Clone, Debug)]
struct Promise {
    state: ReservationState,
    until: Option<i64>,
    wanted: BTreeMap<usize, u32>,
}

/// The shop as it should be.
#[derive(Clone, Debug, Default)]
struct Model {
    now: i64,
    /// On hand, threshold and version of the SKUs that are known.
    shelves: BTreeMap<usize, (i64, i64, u64)>,
    promises: BTreeMap<(u8, u32), Promise>,
}

impl Model {
    fn promised(&self, sku: usize, state: ReservationState) -> i64 {
        let of_state = self.promises.values().filter(|promise| promise.state == state);
        of_state.map(|promise| i64::from(promise.wanted.get(&sku).copied().unwrap_or(0))).sum()
    }

    fn reserved(&self, sku: usize) -> i64 {
        self.promised(sku, ReservationState::Held) + self.promised(sku, ReservationState::Committed)
    }

    fn free(&self, sku: usize) -> i64 {
        self.shelves.get(&sku).map_or(0, |(on_hand, ..)| on_hand - self.reserved(sku))
    }

    fn set(&mut self, sku: usize, on_hand: Option<i64>, threshold: Option<i64>) -> bool {
        let reserved = self.reserved(sku);
        let (count, low, version) = self.shelves.entry(sku).or_insert((0, 5, 0));
        let (new_count, new_low) = (on_hand.unwrap_or(*count), threshold.unwrap_or(*low));
        if new_count < reserved {
            return false;
        }
        if (new_count, new_low) != (*count, *low) {
            (*count, *low, *version) = (new_count, new_low, *version + 1);
        }
        true
    }

    fn hold(&mut self, key: (u8, u32), lines: &[(usize, u32)], until: Option<i64>) -> Answer {
        let mut wanted = BTreeMap::new();
        for (sku, quantity) in lines {
            *wanted.entry(*sku).or_insert(0) += quantity;
        }
        self.notice_end(key);
        if let Some(promise) = self.promises.get(&key) {
            return match promise.state {
                ReservationState::Released | ReservationState::Expired => Answer::Ended,
                _ if promise.wanted != wanted => Answer::Mismatch,
                state => Answer::Stands(state, promise.until),
            };
        }
        if until.is_some_and(|until| until <= self.now) {
            return Answer::Ended;
        }
        let short: Vec<_> = wanted
            .iter()
            .filter(|(sku, quantity)| i64::from(**quantity) > self.free(**sku))
            .map(|(sku, quantity)| (SKUS[*sku].to_owned(), *quantity, self.free(*sku) as u32))
            .collect();
        if !short.is_empty() {
            return Answer::Short(short);
        }
        self.promises.insert(key, Promise { state: ReservationState::Held, until, wanted });
        Answer::Stands(ReservationState::Held, until)
    }

    /// A hold whose time is over ends when anybody looks at it.
    fn notice_end(&mut self, key: (u8, u32)) {
        let now = self.now;
        if let Some(promise) = self.promises.get_mut(&key)
            && promise.until.is_some_and(|until| until <= now)
        {
            (promise.state, promise.until) = (ReservationState::Expired, None);
        }
    }

    fn act(&mut self, key: (u8, u32), verb: Verb) -> Answer {
        if verb != Verb::Release {
            self.notice_end(key);
        }
        let Some(promise) = self.promises.get_mut(&key) else {
            if verb != Verb::Expire {
                let wanted = BTreeMap::new();
                self.promises.insert(
                    key,
                    Promise { state: ReservationState::Released, until: None, wanted },
                );
            }
            let released = Answer::Stands(ReservationState::Released, None);
            return if verb == Verb::Release { released } else { Answer::Ended };
        };
        let gone = matches!(promise.state, ReservationState::Released | ReservationState::Expired);
        match verb {
            Verb::MakeLasting | Verb::Commit if gone => return Answer::Ended,
            Verb::MakeLasting => promise.until = None,
            Verb::Commit => (promise.state, promise.until) = (ReservationState::Committed, None),
            Verb::Release if !gone => {
                (promise.state, promise.until) = (ReservationState::Released, None)
            }
            Verb::Release | Verb::Expire => {}
        }
        Answer::Stands(promise.state, promise.until)
    }

    fn expire_all(&mut self) {
        let keys: Vec<_> = self.promises.keys().copied().collect();
        keys.into_iter().for_each(|key| self.notice_end(key));
    }

    fn apply(&mut self, step: &Step) -> Answer {
        let refused = |set: bool| if set { Answer::Done } else { Answer::Refused };
        match step {
            Step::Set { sku, on_hand } => refused(self.set(*sku, on_hand.map(i64::from), None)),
            Step::Edit { sku, on_hand, threshold, stale } => {
                let known = self.shelves.contains_key(sku);
                refused(known && !stale && self.set(*sku, Some(*on_hand), *threshold))
            }
            Step::Hold { who, attempt, lines, seconds } => {
                self.hold((*who, *attempt), lines, seconds.map(|seconds| self.now + seconds))
            }
            Step::Do { who, attempt, verb } => self.act((*who, *attempt), *verb),
            Step::Wait { seconds } => {
                self.now += seconds;
                Answer::Done
            }
            Step::ExpireAll => {
                self.expire_all();
                Answer::Done
            }
            Step::Again { .. } => Answer::Done,
        }
    }
}

/// The service's answer in the model's words.
fn answer(shop: &Shop, result: Result<techtrove_inventory_api::Reservation, Error>) -> Answer {
    match result {
        Ok(it) => Answer::Stands(it.state, it.expires_at.map(|end| shop.seconds_of(end))),
        Err(Error::OutOfStock(lines)) => {
            let line = |l: techtrove_inventory_api::OutOfStockLine| {
                (l.sku.to_string(), l.requested, l.available)
            };
            Answer::Short(lines.into_iter().map(line).collect())
        }
        Err(Error::Ended) => Answer::Ended,
        Err(Error::Mismatch) => Answer::Mismatch,
        Err(other) => panic!("{other}: {other:?}"),
    }
}

async fn take(shop: &Shop, step: &Step) -> Answer {
    match step {
        Step::Set { sku: index, on_hand } => {
            let item = SetStock { sku: sku(SKUS[*index]), keyed: false, on_hand: *on_hand };
            let outcome =
                app::set_stock(&shop.app, vec![item]).await.expect("the database answers");
            if outcome[0].refused.is_none() { Answer::Done } else { Answer::Refused }
        }
        Step::Edit { sku: index, on_hand, threshold, stale } => {
            match shop.edit(SKUS[*index], *on_hand, *threshold, *stale).await {
                Ok(_) => Answer::Done,
                Err(Error::UnknownSku(_) | Error::Stale { .. } | Error::Reserved(_)) => {
                    Answer::Refused
                }
                Err(other) => panic!("{other}: {other:?}"),
            }
        }
        Step::Hold { who, attempt, lines, seconds } => {
            let lines: Vec<_> =
                lines.iter().map(|(index, quantity)| (SKUS[*index], *quantity)).collect();
            let expires_at = seconds.map(|seconds| shop.in_seconds(seconds));
            answer(shop, shop.hold(attempt_of(*who, *attempt), &lines, expires_at).await)
        }
        Step::Do { who, attempt, verb } => {
            let (id, attempt) = attempt_of(*who, *attempt);
            answer(shop, app::change_reservation(&shop.app, id, attempt, *verb).await)
        }
        Step::Wait { seconds } => {
            shop.wait(*seconds);
            Answer::Done
        }
        Step::ExpireAll => {
            app::expire_holds(&shop.app, 100).await.expect("the database answers");
            Answer::Done
        }
        Step::Again { .. } => Answer::Done,
    }
}

/// Every number of the service is the one that the model adds up, and its books agree.
async fn compare(shop: &Shop, model: &Model) {
    for (index, text) in SKUS.iter().enumerate() {
        let Some((on_hand, threshold, version)) = model.shelves.get(&index) else {
            assert!(matches!(
                app::get_stock(&shop.app, sku(text)).await,
                Err(Error::UnknownSku(_))
            ));
            continue;
        };
        let item = app::get_stock(&shop.app, sku(text)).await.expect("known");
        let stock = item.stock;
        assert_eq!(
            (
                stock.on_hand(),
                stock.held(),
                stock.committed(),
                stock.low_stock_threshold(),
                item.version
            ),
            (
                *on_hand,
                model.promised(index, ReservationState::Held),
                model.promised(index, ReservationState::Committed),
                *threshold,
                *version,
            ),
            "{text}"
        );
        let free = model.free(index);
        let class = match free {
            0 => Availability::OutOfStock,
            free if free <= *threshold => Availability::LowStock,
            _ => Availability::InStock,
        };
        assert!(free >= 0);
        assert_eq!(item.published, class, "the public was told something else of {text}");
    }
    shop.assert_books_agree().await;
}

async fn run(shop: &Shop, steps: &[Step]) {
    let mut model = Model::default();
    let mut happened: Vec<Step> = Vec::new();
    for step in steps {
        let step = match step {
            Step::Again { ago } => match happened.len().checked_sub(*ago) {
                Some(index) => happened[index].clone(),
                None => continue,
            },
            step => step.clone(),
        };
        let expected = model.apply(&step);
        let found = take(shop, &step).await;
        assert_eq!(found, expected, "{step:?} after {happened:?}");
        happened.push(step);
        compare(shop, &model).await;
    }
    shop.assert_public_was_told().await;
}

/// The same few interleavings on every engine: what differs between them is SQL, not chance.
#[tokio::test]
async fn stock_does_what_the_model_does_on_every_engine() {
    let mut runner = TestRunner::deterministic();
    let plays: Vec<Vec<Step>> = (0..4)
        .map(|_| {
            let steps = prop::collection::vec(any_step(), 40..60).new_tree(&mut runner);
            steps.expect("steps can be made").current()
        })
        .collect();
    for steps in &plays {
        for engine in techtrove_testing::engines().await {
            let shop = Shop::new(Db::clone(&engine)).await;
            run(&shop, steps).await;
            drop(shop);
            engine.close().await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn stock_does_what_the_model_does(steps in prop::collection::vec(any_step(), 1..60)) {
        support::block_on(async {
            let shop = Shop::in_memory().await;
            run(&shop, &steps).await;
        });
    }
}
