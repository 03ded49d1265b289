//! How many events a second go from commit to effect, and how long one takes when nothing else
//! happens. `cargo bench -p techtrove-bus --bench relay -- --help`.

use std::{
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use clap::Parser;
use techtrove_bus::{
    AggregateRef, Bus, Event, EventContext, HandlerError, MIGRATIONS, NewEvent, RelayOptions,
    Subscription, Taken, first_time, record, record_all, relay,
};
use techtrove_core::{SharedIds, SystemClock, SystemIds};
use techtrove_db::{Db, DbOptions};
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Measures the relay with one consumer that claims each event in its inbox.
#[derive(Parser)]
struct Arguments {
    /// How many events are relayed.
    #[arg(long, default_value_t = 100_000)]
    events: u64,
    /// Over how many aggregates they are spread.
    #[arg(long, default_value_t = 20_000)]
    aggregates: u64,
    /// How many deliveries run at the same time.
    #[arg(long, default_value_t = 64)]
    concurrency: usize,
    /// How many single events are timed from commit to handler.
    #[arg(long, default_value_t = 500)]
    singles: u32,
    /// URL of the publisher's database; two files in a new folder if not given.
    #[arg(long, requires = "consumer_url")]
    url: Option<String>,
    /// URL of the consumer's database.
    #[arg(long)]
    consumer_url: Option<String>,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

struct Bench {
    source: Db,
    consumer: Db,
    ids: SharedIds,
    taken: Arc<AtomicU64>,
    all: Arc<Notify>,
    started: Arc<Notify>,
}

impl Bench {
    async fn open(source: &str, consumer: &str) -> Self {
        let source = Db::open(source, DbOptions::default()).await.expect("publisher's database");
        let consumer = Db::open(consumer, DbOptions::default()).await.expect("consumer's database");
        for db in [&source, &consumer] {
            db.migrate(&MIGRATIONS).await.expect("tables");
        }
        let ids = Arc::new(SystemIds::new(Arc::new(SystemClock)).expect("entropy"));
        let (taken, all, started) = (Arc::default(), Arc::default(), Arc::default());
        Self { source, consumer, ids, taken, all, started }
    }

    fn event(&self, aggregate: u64) -> (EventContext, NewEvent) {
        let event = NewEvent {
            kind: "bench.thing.moved.v1",
            aggregate: AggregateRef { kind: "bench.thing", id: Uuid::from_u128(aggregate.into()) },
            data: serde_json::json!({ "thing_id": aggregate, "version": 1 }),
        };
        (EventContext::new(&SystemClock, &*self.ids), event)
    }

    fn bus(&self, expected: u64) -> Bus {
        let (db, taken) = (self.consumer.clone(), Arc::clone(&self.taken));
        let (all, started) = (Arc::clone(&self.all), Arc::clone(&self.started));
        let handler = move |event: Arc<Event>| {
            let (db, taken) = (db.clone(), Arc::clone(&taken));
            let all = Arc::clone(&all);
            started.notify_one();
            async move {
                db.write("take", move |tx| -> Result<(), HandlerError> {
                    first_time(tx, "bench.follower", &event).map(drop)
                })
                .await?;
                if taken.fetch_add(1, Ordering::SeqCst) + 1 == expected {
                    all.notify_one();
                }
                Ok(Taken::Handled)
            }
        };
        let mut bus = Bus::in_process();
        bus.subscribe(Subscription {
            consumer: "bench.follower",
            aggregate_kinds: &["bench.thing"],
            db: self.consumer.clone(),
            handler: Arc::new(handler),
        })
        .expect("the only one");
        bus
    }

    async fn fill(&self, arguments: &Arguments) {
        let mut next = 0;
        while next < arguments.events {
            let end = (next + 500).min(arguments.events);
            let events: Vec<_> =
                (next..end).map(|number| self.event(number % arguments.aggregates)).collect();
            self.source
                .write("fill outbox", move |tx| record_all(tx, &events))
                .await
                .expect("recorded events");
            next = end;
        }
    }

    async fn singles(&self, count: u32) -> Vec<Duration> {
        let mut times = Vec::new();
        for number in 0..count {
            let (context, event) = self.event(1_000_000 + u64::from(number));
            self.source
                .write("record", move |tx| record(tx, &context, &event))
                .await
                .expect("recorded event");
            let committed = Instant::now();
            self.started.notified().await;
            times.push(committed.elapsed());
            // Lets the mark of this event end, so that the next one meets an idle relay.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        times.sort();
        times
    }
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::parse();
    let (folder, source, consumer) = urls(&arguments);
    let bench = Bench::open(&source, &consumer).await;
    bench.fill(&arguments).await;

    let clock = Arc::new(SystemClock);
    let mut options = RelayOptions::new("/bench", &bench.source, clock, Arc::clone(&bench.ids));
    options.concurrency = arguments.concurrency;
    let (bus, cancel) = (bench.bus(arguments.events), CancellationToken::new());
    let begin = Instant::now();
    let running = tokio::spawn(relay(bench.source.clone(), bus, options, cancel.clone()));
    bench.all.notified().await;
    let took = begin.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(arguments.events).expect("fewer than 4 billion")) / took;
    println!("{} events in {took:.2} s: {rate:.0} events/s", arguments.events);

    // The backlog's last notice is not a single event's.
    tokio::time::sleep(Duration::from_millis(200)).await;
    bench.started.notify_one();
    bench.started.notified().await;
    let times = bench.singles(arguments.singles).await;
    if let (Some(median), Some(worst)) =
        (times.get(times.len() / 2), times.get(times.len() * 99 / 100))
    {
        println!("commit to handler, idle: p50 {median:?}, p99 {worst:?}");
    }
    cancel.cancel();
    running.await.expect("relay ends");
    bench.source.close().await;
    bench.consumer.close().await;
    if let Some(folder) = folder {
        std::fs::remove_dir_all(folder).expect("removed folder");
    }
}

fn urls(arguments: &Arguments) -> (Option<PathBuf>, String, String) {
    if let (Some(source), Some(consumer)) = (&arguments.url, &arguments.consumer_url) {
        return (None, source.clone(), consumer.clone());
    }
    let folder = tempfile::Builder::new().prefix("relay-bench").tempdir().expect("folder").keep();
    let file = |name: &str| format!("sqlite:{}", folder.join(name).display());
    let (source, consumer) = (file("source.db"), file("consumer.db"));
    (Some(folder), source, consumer)
}
