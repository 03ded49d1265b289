//! Whatever happens between recording and replaying, in whatever order and however often: the
//! consumer ends as if everything had come once and in order.

use std::sync::Arc;

use proptest::prelude::*;
use techtrove_bus::{Bus, Event, EventContext, HandlerError, NewEvent, dead_letters, drain};
use techtrove_db::{Db, DbOptions};

use crate::common::{CONSUMER, Follower, World, bus, in_order};

const AGGREGATES: u128 = 3;

#[derive(Clone, Debug)]
enum Step {
    Record {
        aggregate: u128,
    },
    /// Relays everything; of each 8 deliveries those whose bit is set fail.
    Relay {
        failures: u8,
        rejects: bool,
    },
    /// The process dies before it marks.
    ForgetMarks,
    /// A broker delivers some event, known or not yet, out of turn.
    Stray {
        which: usize,
    },
    Replay {
        failures: u8,
    },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..AGGREGATES).prop_map(|aggregate| Step::Record { aggregate }),
        2 => (any::<u8>(), any::<bool>())
            .prop_map(|(failures, rejects)| Step::Relay { failures, rejects }),
        1 => Just(Step::ForgetMarks),
        2 => any::<usize>().prop_map(|which| Step::Stray { which }),
        1 => any::<u8>().prop_map(|failures| Step::Replay { failures }),
    ];
    proptest::collection::vec(step, 0..40)
}

struct Run {
    world: World,
    follower: Follower,
    bus: Bus,
    recorded: Vec<(EventContext, NewEvent, u64)>,
    counts: [u64; 3],
}

impl Run {
    async fn new() -> Self {
        let db = Db::open("sqlite::memory:", DbOptions { inline: true, ..DbOptions::default() })
            .await
            .expect("database in memory");
        let world = World::new(&db).await;
        let follower = Follower::new(CONSUMER, &db);
        let bus = bus(&[&follower]);
        Self { world, follower, bus, recorded: Vec::new(), counts: [0; 3] }
    }

    fn fail(&self, failures: u8, rejects: bool) {
        let calls = Arc::clone(&self.follower.calls);
        self.follower.set_fault(move |_| {
            let call = calls.lock().expect("no panic").len();
            (failures & (1 << (call % 8)) != 0).then(|| {
                if rejects { HandlerError::rejected("no") } else { HandlerError::failed("boom") }
            })
        });
    }

    async fn record(&mut self, aggregate: u128) {
        let (context, event) = self.world.new_event(aggregate);
        let count = &mut self.counts[usize::try_from(aggregate).expect("few")];
        *count += 1;
        self.recorded.push((context.clone(), event.clone(), *count));
        self.world
            .db
            .write("record", move |tx| techtrove_bus::record(tx, &context, &event))
            .await
            .expect("recorded");
    }

    async fn relay(&self) {
        let mut options = self.world.options();
        options.retry.attempts = 3;
        drain(&[(&self.world.db, &options)], &self.bus).await.expect("drained");
    }

    async fn replay(&self) -> usize {
        let subscription = self.bus.subscription(CONSUMER).expect("subscribed");
        dead_letters::replay(subscription, None, usize::MAX).await.expect("replayed").taken
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Record { aggregate } => self.record(aggregate).await,
            Step::Relay { failures, rejects } => {
                self.fail(failures, rejects);
                self.relay().await;
            }
            Step::ForgetMarks => self.world.forget_marks().await,
            Step::Stray { which } if !self.recorded.is_empty() => {
                let (context, event, sequence) = &self.recorded[which % self.recorded.len()];
                let event = Event::new("/tests", context, event, *sequence);
                // A gap is an answer like others here.
                drop(self.follower.clone().handle(Arc::new(event)).await);
            }
            Step::Stray { .. } => {}
            Step::Replay { failures } => {
                self.fail(failures, false);
                self.replay().await;
            }
        }
    }

    async fn settle(&self) {
        self.fail(0, false);
        self.relay().await;
        self.replay().await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_interleaving_ends_as_once_and_in_order(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("runtime").block_on(async {
            let mut run = Run::new().await;

            for step in steps {
                run.step(step).await;
            }
            run.settle().await;

            let mut expected = in_order(AGGREGATES, 0);
            for (aggregate, sequences) in &mut expected {
                let count = run.counts[usize::try_from(*aggregate).expect("few")];
                *sequences = (1..=i64::try_from(count).expect("few")).collect();
            }
            expected.retain(|_, sequences| !sequences.is_empty());
            prop_assert_eq!(run.world.effects(CONSUMER).await, expected);
            prop_assert_eq!(run.world.dead_letters(CONSUMER).await, []);
            prop_assert_eq!(run.world.unpublished().await, 0);
            Ok(())
        })?;
    }
}
