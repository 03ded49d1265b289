//! Random interleavings of everything that can happen to stock, each checked against a model that
//! shares no code with the service: it keeps no counters, but a list of promises from which every
//! number is added up anew.

mod support;

use std::collections::BTreeMap;

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use support::{Shop, attempt_of, sku};
use techtrove_db::Db;
use techtrove_inventory::{
    Error, app,
    domain::{StockItem, Verb},
};
use techtrove_inventory_api::{Availability, ReservationState};

const SKUS: [&str; 4] = ["A-1", "B-2", "C-3", "K-4"];

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    Set {
        sku: usize,
        digital: bool,
        on_hand: Option<u32>,
    },
    Edit {
        sku: usize,
        on_hand: i64,
        threshold: Option<i64>,
        stale: bool,
    },
    Adjust {
        sku: usize,
        delta: i64,
    },
    Keys {
        sku: usize,
        first: u32,
        count: u32,
    },
    Ship {
        who: u8,
        attempt: u32,
        parcel: u8,
        lines: Vec<(usize, u32)>,
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
    let lines = prop::collection::vec((0..SKUS.len(), 1..4_u32), 1..4);
    let verb =
        prop::sample::select(vec![Verb::MakeLasting, Verb::Commit, Verb::Release, Verb::Expire]);
    let sku = 0..SKUS.len();
    // The last SKU is mostly digital, the others are seldom.
    let set =
        (sku.clone(), 0..8_u8, prop::option::of(0..15_u32)).prop_map(|(sku, odd, on_hand)| {
            let digital = (odd == 0) != (sku + 1 == SKUS.len());
            Step::Set { sku, digital, on_hand: on_hand.filter(|_| odd < 6) }
        });
    prop_oneof![
        3 => set,
        1 => (sku.clone(), 0..15_i64, prop::option::of(0..8_i64), any::<bool>())
            .prop_map(|(sku, on_hand, threshold, stale)| Step::Edit { sku, on_hand, threshold, stale }),
        1 => (sku.clone(), -9..9_i64).prop_filter("moves something", |(_, delta)| *delta != 0)
            .prop_map(|(sku, delta)| Step::Adjust { sku, delta }),
        3 => (prop_oneof![Just(SKUS.len() - 1), sku], 0..60_u32, 1..9_u32)
            .prop_map(|(sku, first, count)| Step::Keys { sku, first, count }),
        5 => (who.clone(), attempt.clone(), 0..5_u8, lines.clone())
            .prop_map(|(who, attempt, parcel, lines)| Step::Ship { who, attempt, parcel, lines }),
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

/// What was promised to somebody, and what of it has left.
#[derive(Clone, Debug)]
struct Promise {
    state: ReservationState,
    until: Option<i64>,
    wanted: BTreeMap<usize, u32>,
    sent: BTreeMap<usize, u32>,
}

impl Promise {
    fn left(&self, sku: usize) -> u32 {
        let count = |lines: &BTreeMap<usize, u32>| lines.get(&sku).copied().unwrap_or(0);
        count(&self.wanted) - count(&self.sent)
    }
}

/// The stock of a SKU that is known.
#[derive(Clone, Copy, Debug, Default)]
struct Shelf {
    on_hand: i64,
    low: i64,
    version: u64,
    keyed: bool,
    digital: bool,
}

/// A licence key: whose it is, and whether they have seen it.
#[derive(Clone, Debug)]
struct Key {
    sku: usize,
    text: String,
    owner: Option<(u8, u32)>,
    seen: bool,
}

/// What lines ask for, by SKU.
type Wanted = BTreeMap<usize, u32>;

/// The shop as it should be.
#[derive(Clone, Debug, Default)]
struct Model {
    now: i64,
    shelves: BTreeMap<usize, Shelf>,
    promises: BTreeMap<(u8, u32), Promise>,
    parcels: BTreeMap<u8, ((u8, u32), Wanted)>,
    /// In the order in which they came.
    keys: Vec<Key>,
}

fn by_sku(lines: &[(usize, u32)]) -> Wanted {
    let mut wanted = BTreeMap::new();
    for (sku, quantity) in lines {
        *wanted.entry(*sku).or_insert(0) += quantity;
    }
    wanted
}

impl Model {
    fn promised(&self, sku: usize, state: ReservationState) -> i64 {
        let of_state = self.promises.values().filter(|promise| promise.state == state);
        of_state.map(|promise| i64::from(promise.left(sku))).sum()
    }

    fn reserved(&self, sku: usize) -> i64 {
        self.promised(sku, ReservationState::Held) + self.promised(sku, ReservationState::Committed)
    }

    fn free(&self, sku: usize) -> i64 {
        self.shelves.get(&sku).map_or(0, |shelf| shelf.on_hand - self.reserved(sku))
    }

    /// Whatever is sold now may be put on an empty shelf.
    fn settle(&mut self) {
        for shelf in self.shelves.values_mut().filter(|shelf| shelf.on_hand == 0) {
            shelf.keyed = shelf.digital;
        }
    }

    fn import(&mut self, sku: usize, digital: bool, on_hand: Option<i64>) -> bool {
        let new = Shelf { low: 5, digital, keyed: digital, ..Shelf::default() };
        self.shelves.entry(sku).or_insert(new).digital = digital;
        self.settle();
        let shelf = self.shelves[&sku];
        on_hand.is_none_or(|on_hand| {
            !shelf.digital && !shelf.keyed && self.count(sku, on_hand, shelf.low)
        })
    }

    fn count(&mut self, sku: usize, on_hand: i64, low: i64) -> bool {
        let reserved = self.reserved(sku);
        let Some(shelf) = self.shelves.get_mut(&sku) else { return false };
        let by_hand = !shelf.keyed && (on_hand < shelf.on_hand || !shelf.digital);
        if on_hand < reserved || (on_hand != shelf.on_hand && !by_hand) {
            return false;
        }
        shelf.version += u64::from((on_hand, low) != (shelf.on_hand, shelf.low));
        (shelf.on_hand, shelf.low) = (on_hand, low);
        self.settle();
        true
    }

    fn add_keys(&mut self, sku: usize, first: u32, count: u32) -> bool {
        let texts = support::licences(first..first + count);
        let known = |text: &String| self.keys.iter().any(|key| key.sku == sku && key.text == *text);
        let Some(shelf) = self.shelves.get_mut(&sku) else { return false };
        if !shelf.keyed || texts.iter().any(known) {
            return false;
        }
        shelf.on_hand += i64::from(count);
        shelf.version += 1;
        let new = texts.into_iter().map(|text| Key { sku, text, owner: None, seen: false });
        self.keys.extend(new);
        true
    }

    fn ship(&mut self, key: (u8, u32), name: u8, lines: &[(usize, u32)]) -> Answer {
        let wanted = by_sku(lines);
        let Some(promise) = self.promises.get_mut(&key) else { return Answer::Mismatch };
        if let Some(sent) = self.parcels.get(&name) {
            let same = *sent == (key, wanted);
            let stands = Answer::Stands(promise.state, promise.until);
            return if same { stands } else { Answer::Mismatch };
        }
        match promise.state {
            ReservationState::Committed => {}
            ReservationState::Released | ReservationState::Expired => return Answer::Ended,
            _ => return Answer::Mismatch,
        }
        if wanted.iter().any(|(sku, quantity)| *quantity > promise.left(*sku)) {
            return Answer::Mismatch;
        }
        for (&sku, &quantity) in &wanted {
            *promise.sent.entry(sku).or_insert(0) += quantity;
            self.shelves.get_mut(&sku).expect("known").on_hand -= i64::from(quantity);
            let own = self.keys.iter_mut().filter(|it| it.sku == sku && it.owner == Some(key));
            own.filter(|it| !it.seen).take(quantity as usize).for_each(|it| it.seen = true);
        }
        if promise.wanted == promise.sent {
            promise.state = ReservationState::Shipped;
        }
        let state = promise.state;
        self.parcels.insert(name, (key, wanted));
        self.settle();
        Answer::Stands(state, None)
    }

    fn assign(&mut self, key: (u8, u32), wanted: &Wanted) {
        for (&sku, &quantity) in wanted.iter().filter(|(sku, _)| self.shelves[sku].keyed) {
            let free = self.keys.iter_mut().filter(|it| it.sku == sku && it.owner.is_none());
            free.take(quantity as usize).for_each(|it| it.owner = Some(key));
        }
    }

    fn hold(&mut self, key: (u8, u32), lines: &[(usize, u32)], until: Option<i64>) -> Answer {
        let wanted = by_sku(lines);
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
        let sent = BTreeMap::new();
        self.promises.insert(key, Promise { state: ReservationState::Held, until, wanted, sent });
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
                let (wanted, sent) = (BTreeMap::new(), BTreeMap::new());
                let state = ReservationState::Released;
                self.promises.insert(key, Promise { state, until: None, wanted, sent });
            }
            let released = Answer::Stands(ReservationState::Released, None);
            return if verb == Verb::Release { released } else { Answer::Ended };
        };
        use ReservationState::{Committed, Expired, Held, Released};
        let (state, mut sold) = (promise.state, None);
        match (verb, state) {
            (Verb::MakeLasting | Verb::Commit, Released | Expired) => return Answer::Ended,
            (Verb::MakeLasting, _) => promise.until = None,
            (Verb::Commit, Held) => {
                (promise.state, promise.until) = (Committed, None);
                sold = Some(promise.wanted.clone());
            }
            (Verb::Release, Held | Committed) => {
                (promise.state, promise.until) = (Released, None);
            }
            _ => {}
        }
        let answer = Answer::Stands(promise.state, promise.until);
        if let Some(sold) = sold {
            self.assign(key, &sold);
        }
        if verb == Verb::Release {
            let own = self.keys.iter_mut().filter(|it| it.owner == Some(key) && !it.seen);
            own.for_each(|it| it.owner = None);
        }
        answer
    }

    fn expire_all(&mut self) {
        let keys: Vec<_> = self.promises.keys().copied().collect();
        keys.into_iter().for_each(|key| self.notice_end(key));
    }

    fn apply(&mut self, step: &Step) -> Answer {
        let refused = |set: bool| if set { Answer::Done } else { Answer::Refused };
        match step {
            Step::Set { sku, digital, on_hand } => {
                refused(self.import(*sku, *digital, on_hand.map(i64::from)))
            }
            Step::Edit { sku, on_hand, threshold, stale } => {
                let low = self.shelves.get(sku).map_or(0, |shelf| shelf.low);
                refused(!stale && self.count(*sku, *on_hand, threshold.unwrap_or(low)))
            }
            Step::Adjust { sku, delta } => {
                let shelf = self.shelves.get(sku).copied().unwrap_or_default();
                refused(self.count(*sku, shelf.on_hand + delta, shelf.low))
            }
            Step::Keys { sku, first, count } => refused(self.add_keys(*sku, *first, *count)),
            Step::Ship { who, attempt, parcel, lines } => {
                self.ship((*who, *attempt), *parcel, lines)
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
        Err(Error::Mismatch | Error::NotCommitted) => Answer::Mismatch,
        Err(other) => panic!("{other}: {other:?}"),
    }
}

/// The same of a change of stock.
fn done(result: Result<StockItem, Error>) -> Answer {
    match result {
        Ok(_) => Answer::Done,
        Err(Error::UnknownSku(_) | Error::Stale { .. } | Error::Count(_) | Error::KnownKeys(_)) => {
            Answer::Refused
        }
        Err(other) => panic!("{other}: {other:?}"),
    }
}

async fn take(shop: &Shop, step: &Step) -> Answer {
    match step {
        Step::Set { sku: index, digital, on_hand } => {
            match shop.set(SKUS[*index], *digital, *on_hand).await {
                None => Answer::Done,
                Some(_) => Answer::Refused,
            }
        }
        Step::Edit { sku: index, on_hand, threshold, stale } => {
            done(shop.edit(SKUS[*index], *on_hand, *threshold, *stale).await)
        }
        Step::Adjust { sku: index, delta } => done(shop.adjust(SKUS[*index], *delta).await),
        Step::Keys { sku: index, first, count } => {
            done(shop.add_keys(SKUS[*index], &support::licences(*first..first + count)).await)
        }
        Step::Ship { who, attempt, parcel, lines } => {
            let lines: Vec<_> =
                lines.iter().map(|(index, quantity)| (SKUS[*index], *quantity)).collect();
            answer(shop, shop.ship(attempt_of(*who, *attempt), *parcel, &lines).await)
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
        let Some(shelf) = model.shelves.get(&index) else {
            assert!(matches!(
                app::get_stock(&shop.app, sku(text)).await,
                Err(Error::UnknownSku(_))
            ));
            continue;
        };
        let item = app::get_stock(&shop.app, sku(text)).await.expect("known");
        let stock = item.stock;
        assert_eq!((item.keyed, item.digital), (shelf.keyed, shelf.digital), "{text}");
        assert_eq!(
            (
                stock.on_hand(),
                stock.held(),
                stock.committed(),
                stock.low_stock_threshold(),
                item.version
            ),
            (
                shelf.on_hand,
                model.promised(index, ReservationState::Held),
                model.promised(index, ReservationState::Committed),
                shelf.low,
                shelf.version,
            ),
            "{text}"
        );
        let free = model.free(index);
        let class = match free {
            0 => Availability::OutOfStock,
            free if free <= shelf.low => Availability::LowStock,
            _ => Availability::InStock,
        };
        assert!(free >= 0);
        assert_eq!(item.published, class, "the public was told something else of {text}");
    }
    for who in 0..4 {
        let seen = model
            .keys
            .iter()
            .filter(|key| key.seen && key.owner.is_some_and(|(owner, _)| owner == who));
        let mut seen: Vec<_> =
            seen.map(|key| (SKUS[key.sku].to_owned(), key.text.clone())).collect();
        let mut shown = shop.sold_keys(attempt_of(who, 1).0).await;
        seen.sort();
        shown.sort();
        assert_eq!(shown, seen, "the keys of buyer {who}");
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
