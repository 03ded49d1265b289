//! The shop as it should be: what can happen to it, and what is true afterwards.

use std::collections::BTreeMap;

use proptest::prelude::*;
use techtrove_inventory::domain::Verb;
use techtrove_inventory_api::ReservationState;

pub const SKUS: [&str; 4] = ["A-1", "B-2", "C-3", "K-4"];

/// Something that happens.
#[derive(Clone, Debug)]
pub enum Step {
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

pub fn any_step() -> impl Strategy<Value = Step> {
    let who = 0..4_u8;
    let attempt = 1..3_u32;
    let lines = prop::collection::vec((0..SKUS.len(), 1..4_u32), 1..4);
    let verb = prop::sample::select(vec![Verb::Commit, Verb::Release, Verb::Expire]);
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
pub enum Answer {
    Stands(ReservationState, Option<i64>),
    Short(Vec<(String, u32, u32)>),
    Ended,
    Mismatch,
    Refused,
    Done,
}

/// What was promised to somebody, and what of it has left.
#[derive(Clone, Debug)]
pub struct Promise {
    pub state: ReservationState,
    pub until: Option<i64>,
    pub wanted: BTreeMap<usize, u32>,
    pub sent: BTreeMap<usize, u32>,
}

impl Promise {
    fn left(&self, sku: usize) -> u32 {
        let count = |lines: &BTreeMap<usize, u32>| lines.get(&sku).copied().unwrap_or(0);
        count(&self.wanted) - count(&self.sent)
    }
}

/// The stock of a SKU that is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shelf {
    pub on_hand: i64,
    pub low: i64,
    pub version: u64,
    pub keyed: bool,
    pub digital: bool,
}

/// A licence key: whose it is, and whether they have seen it.
#[derive(Clone, Debug)]
pub struct Key {
    pub sku: usize,
    pub text: String,
    pub owner: Option<(u8, u32)>,
    pub seen: bool,
}

/// What lines ask for, by SKU.
pub type Wanted = BTreeMap<usize, u32>;

/// The shop as it should be.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub now: i64,
    pub shelves: BTreeMap<usize, Shelf>,
    pub promises: BTreeMap<(u8, u32), Promise>,
    pub parcels: BTreeMap<u8, ((u8, u32), Wanted)>,
    /// In the order in which they came.
    pub keys: Vec<Key>,
}

fn by_sku(lines: &[(usize, u32)]) -> Wanted {
    let mut wanted = BTreeMap::new();
    for (sku, quantity) in lines {
        *wanted.entry(*sku).or_insert(0) += quantity;
    }
    wanted
}

impl Model {
    pub fn promised(&self, sku: usize, state: ReservationState) -> i64 {
        let of_state = self.promises.values().filter(|promise| promise.state == state);
        of_state.map(|promise| i64::from(promise.left(sku))).sum()
    }

    fn reserved(&self, sku: usize) -> i64 {
        self.promised(sku, ReservationState::Held) + self.promised(sku, ReservationState::Committed)
    }

    pub fn free(&self, sku: usize) -> i64 {
        self.shelves.get(&sku).map_or(0, |shelf| shelf.on_hand - self.reserved(sku))
    }

    /// What can be sold: nothing of what the catalogue does not sell any more.
    pub fn for_sale(&self, sku: usize) -> i64 {
        let as_sold = self.shelves.get(&sku).is_some_and(|shelf| shelf.keyed == shelf.digital);
        if as_sold { self.free(sku) } else { 0 }
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
        let texts = super::licences(first..first + count);
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
            .filter(|(sku, quantity)| i64::from(**quantity) > self.for_sale(**sku))
            .map(|(sku, quantity)| (SKUS[*sku].to_owned(), *quantity, self.for_sale(*sku) as u32))
            .collect();
        let sent = BTreeMap::new();
        if !short.is_empty() {
            let (state, wanted) = (ReservationState::Released, BTreeMap::new());
            self.promises.insert(key, Promise { state, until: None, wanted, sent });
            return Answer::Short(short);
        }
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
            (Verb::Commit, Released | Expired) => return Answer::Ended,
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

    pub fn apply(&mut self, step: &Step) -> Answer {
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
