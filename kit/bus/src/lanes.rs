//! Who waits for whom while events are on their way: one lane per consumer and aggregate, in which
//! only the first event moves, and for each event the number of consumers that have yet to take it.
//! A plain data structure without tasks or time; it must never let an event overtake another of its
//! lane. [`crate::relay`] moves it.

use std::{
    collections::{BTreeMap, HashMap, VecDeque, hash_map::Entry},
    sync::Arc,
};

use crate::{Event, aggregate::AggregateKey};

/// One consumer's events of one aggregate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LaneKey {
    /// The consumer's place among the bus's subscriptions.
    pub(crate) consumer: usize,
    pub(crate) aggregate: Arc<AggregateKey>,
}

/// An event with its position in the outbox.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) position: i64,
    pub(crate) event: Arc<Event>,
}

/// How often the first event of a lane was tried.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    /// Attempts so far, for the length of the next pause.
    pub(crate) made: u32,
    /// Attempts that count against the event.
    pub(crate) failed: u32,
}

/// What is to be delivered now.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) lane: LaneKey,
    pub(crate) letter: Letter,
    pub(crate) tries: Tries,
}

#[derive(Debug, Default)]
struct Lane {
    queue: VecDeque<Letter>,
    tries: Tries,
    asleep: bool,
}

#[derive(Debug)]
struct Pending {
    group: u8,
    /// Consumers that have yet to take it; none: it waits to be marked as published.
    left: usize,
}

/// All lanes of one relay.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    lanes: HashMap<LaneKey, Lane>,
    pending: BTreeMap<i64, Pending>,
    stalled: usize,
}

impl Lanes {
    /// How many events are held.
    pub(crate) fn len(&self) -> usize {
        self.pending.len()
    }

    /// How many deliveries wait behind a failed one (an event counts once for each such lane).
    pub(crate) fn stalled(&self) -> usize {
        self.stalled
    }

    /// The positions held, in order.
    pub(crate) fn positions(&self) -> Vec<i64> {
        self.pending.keys().copied().collect()
    }

    /// The partition groups of the events held.
    pub(crate) fn groups(&self) -> impl Iterator<Item = u8> {
        self.pending.values().map(|pending| pending.group)
    }

    /// Puts a letter behind those of its aggregate, for each of `consumers`, and answers what can
    /// be delivered at once. Letters must enter in the order of their positions.
    pub(crate) fn enter(&mut self, letter: &Letter, group: u8, consumers: &[usize]) -> Vec<Start> {
        self.pending.insert(letter.position, Pending { group, left: consumers.len() });
        let aggregate = Arc::new(letter.event.aggregate());
        consumers
            .iter()
            .filter_map(|&consumer| {
                self.join(LaneKey { consumer, aggregate: Arc::clone(&aggregate) }, letter)
            })
            .collect()
    }

    fn join(&mut self, key: LaneKey, letter: &Letter) -> Option<Start> {
        match self.lanes.entry(key) {
            Entry::Occupied(mut lane) => {
                lane.get_mut().queue.push_back(letter.clone());
                self.stalled += usize::from(lane.get().asleep);
                None
            }
            Entry::Vacant(place) => {
                let lane = place.key().clone();
                place.insert(Lane::default()).queue.push_back(letter.clone());
                Some(Start { lane, letter: letter.clone(), tries: Tries::default() })
            }
        }
    }

    /// The first letter of `key` was taken: answers what comes next there, and the position if this
    /// consumer was its last.
    pub(crate) fn taken(&mut self, key: &LaneKey) -> (Option<Start>, Option<i64>) {
        let Some(lane) = self.lanes.get_mut(key) else { return (None, None) };
        let settled = lane.queue.pop_front().and_then(|letter| self.settle(letter.position));
        let lane = self.lanes.get_mut(key).expect("found above");
        lane.tries = Tries::default();
        let next = lane.queue.front().map(|letter| Start {
            lane: key.clone(),
            letter: letter.clone(),
            tries: Tries::default(),
        });
        if next.is_none() {
            self.lanes.remove(key);
        }
        (next, settled)
    }

    fn settle(&mut self, position: i64) -> Option<i64> {
        let pending = self.pending.get_mut(&position)?;
        pending.left = pending.left.saturating_sub(1);
        (pending.left == 0).then_some(position)
    }

    /// The first letter of `key` failed and pauses; the lane waits with it.
    pub(crate) fn sleep(&mut self, key: &LaneKey, tries: Tries) {
        if let Some(lane) = self.lanes.get_mut(key) {
            lane.tries = tries;
            lane.asleep = true;
            self.stalled += lane.queue.len();
        }
    }

    /// The pause of `key` is over: answers what to deliver again.
    pub(crate) fn wake(&mut self, key: &LaneKey) -> Option<Start> {
        let lane = self.lanes.get_mut(key)?;
        lane.asleep = false;
        self.stalled = self.stalled.saturating_sub(lane.queue.len());
        let letter = lane.queue.front()?.clone();
        Some(Start { lane: key.clone(), letter, tries: lane.tries })
    }

    /// Lets go of positions that are marked as published.
    pub(crate) fn forget(&mut self, positions: &[i64]) {
        for position in positions {
            self.pending.remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;
    use techtrove_core::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::{AggregateRef, EventContext, NewEvent};

    const CONSUMERS: usize = 3;

    fn letter(position: i64, aggregate: u128, sequence: u64) -> Letter {
        let context = EventContext {
            id: Uuid::from_u128(u128::try_from(position).expect("positive")),
            time: Timestamp::from_micros(0),
            traceparent: None,
        };
        let event = NewEvent {
            kind: "tests.thing.moved.v1",
            aggregate: AggregateRef { kind: "tests.thing", id: Uuid::from_u128(aggregate) },
            data: serde_json::Value::Null,
        };
        Letter { position, event: Arc::new(Event::new("/tests", &context, &event, sequence)) }
    }

    #[derive(Clone, Debug)]
    enum Move {
        Enter { aggregate: u128, consumers: BTreeSet<usize> },
        Finish { which: usize, taken: bool },
    }

    fn moves() -> impl Strategy<Value = Vec<Move>> {
        let enter = (0..4_u128, proptest::collection::btree_set(0..CONSUMERS, 0..=CONSUMERS))
            .prop_map(|(aggregate, consumers)| Move::Enter { aggregate, consumers });
        let finish = (any::<usize>(), any::<bool>())
            .prop_map(|(which, taken)| Move::Finish { which, taken });
        proptest::collection::vec(prop_oneof![enter, finish], 0..200)
    }

    /// Runs lanes beside a record of what every consumer got.
    #[derive(Default)]
    struct World {
        lanes: Lanes,
        running: Vec<Start>,
        sequences: BTreeMap<u128, u64>,
        got: BTreeMap<(usize, u128), Vec<u64>>,
        due: BTreeMap<(usize, u128), Vec<u64>>,
        settled: BTreeSet<i64>,
        entered: i64,
    }

    impl World {
        fn enter(&mut self, aggregate: u128, consumers: &BTreeSet<usize>) {
            self.entered += 1;
            let sequence = self.sequences.entry(aggregate).or_default();
            *sequence += 1;
            for &consumer in consumers {
                self.due.entry((consumer, aggregate)).or_default().push(*sequence);
            }
            let letter = letter(self.entered, aggregate, *sequence);
            let consumers: Vec<usize> = consumers.iter().copied().collect();
            let starts = self.lanes.enter(&letter, 0, &consumers);
            if consumers.is_empty() {
                self.settled.insert(letter.position);
            }
            self.running.extend(starts);
        }

        fn finish(&mut self, which: usize, taken: bool) {
            if self.running.is_empty() {
                return;
            }
            let start = self.running.remove(which % self.running.len());
            if !taken {
                let tries = Tries { made: start.tries.made + 1, failed: 0 };
                self.lanes.sleep(&start.lane, tries);
                let again = self.lanes.wake(&start.lane).expect("it sleeps");
                assert_eq!(again.tries, tries);
                assert_eq!(again.letter.position, start.letter.position);
                self.running.push(again);
                return;
            }
            let key = (start.lane.consumer, start.lane.aggregate.id.as_u128());
            self.got.entry(key).or_default().push(start.letter.event.sequence);
            let (next, settled) = self.lanes.taken(&start.lane);
            self.running.extend(next);
            self.settled.extend(settled);
        }
    }

    proptest! {
        #[test]
        fn every_consumer_gets_every_event_once_and_in_order(moves in moves()) {
            let mut world = World::default();

            for step in moves {
                match step {
                    Move::Enter { aggregate, consumers } => world.enter(aggregate, &consumers),
                    Move::Finish { which, taken } => world.finish(which, taken),
                }
                let lanes: BTreeSet<_> = world.running.iter().map(|start| (
                    start.lane.consumer, start.lane.aggregate.id,
                )).collect();
                prop_assert_eq!(lanes.len(), world.running.len(), "one delivery per lane");
            }
            while !world.running.is_empty() {
                world.finish(0, true);
            }

            prop_assert_eq!(&world.got, &world.due);
            prop_assert_eq!(i64::try_from(world.settled.len()), Ok(world.entered));
            world.lanes.forget(&world.settled.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(world.lanes.len(), 0);
            prop_assert_eq!(world.lanes.stalled(), 0);
            prop_assert!(world.lanes.lanes.is_empty());
        }
    }
}
