//! What inventory's tests stand on: the use cases over a fresh database, with a clock that the test
//! moves.

pub mod desk;
pub mod model;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
    time::Duration,
};

use techtrove_bus::{Bus, Event, HandlerError, RelayOptions, Subscription, Taken};
use techtrove_catalog_api::Reach;
use techtrove_core::{
    Clock, ManualClock, PageRequest, Quantity, SeededIds, SharedClock, SharedIds, Sku, Timestamp,
    TypedId,
};
use techtrove_db::{Db, DbOptions};
use techtrove_http::{IfMatch, idempotency::Once};
use techtrove_identity_api::UserId;
use techtrove_inventory::{
    Error,
    app::{self, Adjustment, App, KeyDelivery, NewHold, StockEdit},
    domain::{Lines, NewKeys, Parcel, Returned, StockItem},
    store,
};
use techtrove_inventory_api::{
    Availability, AvailabilityChanged, KeyCount, Line, Reservation, ReservationEntry,
    ReservationId, ReservationState, ReturnEntry, STOCK_AGGREGATE, SetStock, StockEntry,
};
use uuid::Uuid;

/// Inventory without its routes.
pub struct Shop {
    pub app: App,
    pub clock: Arc<ManualClock>,
    start: Timestamp,
    heard: Arc<Mutex<Vec<Heard>>>,
}

/// Which stock, its event's number, and what it said.
type Heard = (Uuid, u64, AvailabilityChanged);

pub fn sku(text: &str) -> Sku {
    text.parse().expect("a SKU")
}

/// A reservation of a number, the same in every call.
pub fn attempt_of(who: u8, attempt: u32) -> (ReservationId, u32) {
    (
        ReservationId::from_uuid(Uuid::from_u128(
            0x0198_0000_0000_7000_8000_0000_0000_0000 + u128::from(who),
        )),
        attempt,
    )
}

/// One reservation of many.
pub fn attempts(number: u32) -> (ReservationId, u32) {
    let id = Uuid::from_u128(0x0199_0000_0000_7000_8000 << 64 | u128::from(number));
    (ReservationId::from_uuid(id), 1)
}

/// Runs a test on every engine there is; the books must agree afterwards.
pub async fn on_every_engine<F, T>(test: F)
where
    F: Fn(Arc<Shop>) -> T,
    T: Future<Output = ()>,
{
    for engine in techtrove_testing::engines().await {
        let shop = Arc::new(Shop::new(Db::clone(&engine)).await);
        test(Arc::clone(&shop)).await;
        shop.assert_books_agree().await;
        shop.assert_public_was_told().await;
        drop(shop);
        engine.close().await;
    }
}

fn editor() -> UserId {
    UserId::from_uuid(Uuid::from_u128(1))
}

pub fn lines_of(lines: &[(&str, u32)]) -> Vec<Line> {
    let line = |&(text, count): &(&str, u32)| Line {
        sku: sku(text),
        quantity: Quantity::new(count).expect("a quantity"),
    };
    lines.iter().map(line).collect()
}

fn merged(lines: &[(&str, u32)]) -> Lines {
    Lines::merged(&lines_of(lines)).expect("valid lines")
}

/// Licence keys of these numbers.
pub fn licences(numbers: std::ops::Range<u32>) -> Vec<String> {
    numbers.map(|number| format!("KEY-{number:05}")).collect()
}

pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(future)
}

impl Shop {
    pub async fn new(db: Db) -> Self {
        db.migrate(&store::MIGRATIONS).await.expect("inventory's tables");
        db.migrate(&techtrove_bus::MIGRATIONS).await.expect("the bus's tables");
        db.migrate(&techtrove_http::idempotency::MIGRATIONS).await.expect("the keys' table");
        let clock = Arc::new(ManualClock::default());
        let shared: SharedClock = Arc::<ManualClock>::clone(&clock);
        let ids: SharedIds = Arc::new(SeededIds::new(Arc::clone(&shared), 7));
        let start = clock.now();
        Self { app: App { db, clock: shared, ids }, clock, start, heard: Arc::default() }
    }

    /// Over a database without threads: every call is done when it is first polled.
    pub async fn in_memory() -> Self {
        let options = DbOptions { inline: true, ..DbOptions::default() };
        Self::new(Db::open("sqlite::memory:", options).await.expect("opens")).await
    }

    pub fn in_seconds(&self, seconds: i64) -> Timestamp {
        let step = Duration::from_secs(seconds.unsigned_abs());
        if seconds < 0 { self.clock.now().minus(step) } else { self.clock.now().plus(step) }
    }

    /// Seconds since the test began; may be negative.
    pub fn seconds_of(&self, instant: Timestamp) -> i64 {
        (instant.as_micros() - self.start.as_micros()) / 1_000_000
    }

    pub fn wait(&self, seconds: i64) {
        self.clock.advance(Duration::from_secs(seconds.unsigned_abs()));
    }

    pub async fn stock(&self, text: &str, on_hand: u32) {
        assert_eq!(self.set(text, false, Some(on_hand)).await, None);
    }

    /// What an import says of a SKU; gives the code of the refusal.
    pub async fn set(&self, text: &str, keyed: bool, on_hand: Option<u32>) -> Option<String> {
        let item = SetStock { sku: sku(text), keyed, on_hand, low_stock_threshold: None };
        let part = self.app.ids.uuid().to_string();
        let outcome = app::set_stock(&self.app, &part, vec![item]).await;
        let outcome = outcome.expect("the database answers");
        outcome[0].refused.clone().map(|(code, _)| code)
    }

    /// A digital SKU with these keys.
    pub async fn stock_keys(&self, text: &str, keys: &[String]) {
        assert_eq!(self.set(text, true, None).await, None);
        self.add_keys(text, keys).await.expect("added");
    }

    pub async fn add_keys(&self, text: &str, keys: &[String]) -> Result<StockItem, Error> {
        let keys = NewKeys::parse(keys).expect("keys");
        let delivery =
            KeyDelivery { sku: sku(text), keys, editor: editor(), reach: Reach::default() };
        match app::add_keys(&self.app, delivery, None).await? {
            Once::Made(made) => Ok(made.item),
            other => panic!("{other:?}"),
        }
    }

    pub async fn adjust(&self, text: &str, delta: i64) -> Result<StockItem, Error> {
        let reason = "found".parse().expect("a reason");
        let adjustment =
            Adjustment { sku: sku(text), delta, reason, editor: editor(), reach: Reach::default() };
        match app::adjust_stock(&self.app, adjustment, None).await? {
            Once::Made(made) => Ok(made.item),
            other => panic!("{other:?}"),
        }
    }

    /// Sends a parcel of a number, the same in every call.
    pub async fn ship(
        &self,
        (reservation, attempt): (ReservationId, u32),
        parcel: u8,
        lines: &[(&str, u32)],
    ) -> Result<Reservation, Error> {
        let shipment = Uuid::from_u128(0x0197 << 112 | u128::from(parcel));
        let parcel = Parcel { reservation, attempt, lines: merged(lines) };
        app::ship(&self.app, shipment, parcel).await
    }

    /// Takes back a return of a number, the same in every call.
    pub async fn take_back(
        &self,
        (reservation, attempt): (ReservationId, u32),
        number: u8,
        lines: &[(&str, u32)],
        restock: bool,
    ) -> Result<Reservation, Error> {
        let id = Uuid::from_u128(0x0198 << 112 | u128::from(number));
        let returned = Returned { reservation, attempt, lines: merged(lines), restock };
        app::take_back(&self.app, id, returned).await
    }

    /// The keys that the reservation's buyer sees.
    pub async fn sold_keys(&self, id: ReservationId) -> Vec<(String, String)> {
        let keys = app::list_sold_keys(&self.app, id).await.expect("the database answers");
        keys.into_iter().map(|sold| (sold.sku.to_string(), sold.key)).collect()
    }

    pub async fn item(&self, text: &str) -> StockItem {
        app::get_stock(&self.app, sku(text)).await.expect("known")
    }

    /// On hand, held and committed pieces.
    pub async fn numbers(&self, text: &str) -> (i64, i64, i64) {
        let stock = self.item(text).await.stock;
        (stock.on_hand(), stock.held(), stock.committed())
    }

    pub async fn edit(
        &self,
        text: &str,
        on_hand: i64,
        low_stock_threshold: Option<i64>,
        stale: bool,
    ) -> Result<StockItem, Error> {
        let version = app::get_stock(&self.app, sku(text)).await.map_or(0, |item| item.version);
        let if_match = IfMatch::Versions(vec![version + u64::from(stale)]);
        let editor = editor();
        let edit = StockEdit {
            sku: sku(text),
            if_match,
            on_hand,
            low_stock_threshold,
            editor,
            reach: Reach::default(),
        };
        app::edit_stock(&self.app, edit).await
    }

    pub async fn hold(
        &self,
        (id, attempt): (ReservationId, u32),
        lines: &[(&str, u32)],
        expires_at: Option<Timestamp>,
    ) -> Result<Reservation, Error> {
        let mut digital = BTreeSet::new();
        for (text, _) in lines {
            let item = app::get_stock(&self.app, sku(text)).await.ok();
            digital.extend(item.filter(|item| item.keyed).map(|item| item.sku));
        }
        let lines = merged(lines);
        app::hold(&self.app, NewHold { id, attempt, lines, digital, expires_at }).await
    }

    /// The whole stock book, read in small pages.
    pub async fn stock_book(&self) -> Vec<StockEntry> {
        let mut page = PageRequest { limit: Some(2), cursor: None };
        let mut book = Vec::new();
        loop {
            let read = app::audit_stock(&self.app, &page).await.expect("a page");
            book.extend(read.items);
            page.cursor = match read.next_cursor {
                None => return book,
                next => next,
            };
        }
    }

    /// All open reservations, read in small pages.
    pub async fn open_reservations(&self) -> Vec<ReservationEntry> {
        let mut page = PageRequest { limit: Some(2), cursor: None };
        let mut book = Vec::new();
        loop {
            let read = app::audit_reservations(&self.app, &page).await.expect("a page");
            let open = |entry: &ReservationEntry| entry.state != ReservationState::Shipped;
            book.extend(read.items.into_iter().filter(open));
            page.cursor = match read.next_cursor {
                None => return book,
                next => next,
            };
        }
    }

    /// All that came back, read in small pages.
    pub async fn returns_book(&self) -> Vec<ReturnEntry> {
        let mut page = PageRequest { limit: Some(2), cursor: None };
        let mut book = Vec::new();
        loop {
            let read = app::audit_returns(&self.app, &page).await.expect("a page");
            book.extend(read.items);
            page.cursor = match read.next_cursor {
                None => return book,
                next => next,
            };
        }
    }

    /// Movements sum to on hand; what reservations set aside is what stock says; and of a keyed SKU there
    /// are as many keys that no buyer has seen as pieces, and as many of them assigned as committed.
    pub async fn assert_books_agree(&self) {
        let mut open: BTreeMap<(Sku, bool), i64> = BTreeMap::new();
        for entry in self.open_reservations().await {
            for line in entry.lines {
                let held = entry.state == ReservationState::Held;
                *open.entry((line.sku, held)).or_default() += line.quantity - line.shipped;
            }
        }
        for entry in self.stock_book().await {
            let open = |held| open.get(&(entry.sku.clone(), held)).copied().unwrap_or(0);
            assert_eq!(entry.movements, entry.on_hand, "movements of {}", entry.sku);
            assert_eq!(entry.held_by_reservations, entry.held, "held of {}", entry.sku);
            assert_eq!(
                entry.committed_by_reservations, entry.committed,
                "committed of {}",
                entry.sku
            );
            assert_eq!((open(true), open(false)), (entry.held, entry.committed), "{}", entry.sku);
            assert_eq!(entry.moved, entry.gone, "what left of {} and came back", entry.sku);
            let keyed = self.item(entry.sku.as_str()).await.keyed;
            let kept = KeyCount { unseen: entry.on_hand, assigned: entry.committed };
            assert_eq!(entry.keys, keyed.then_some(kept), "keys of {}", entry.sku);
        }
    }

    /// All events that were recorded, in order for each SKU.
    pub async fn events(&self) -> Vec<AvailabilityChanged> {
        let heard = Arc::clone(&self.heard);
        let record = move |event: Arc<Event>| {
            let data = event.decode_data().expect("our data");
            heard.lock().expect("not poisoned").push((event.aggregate_id, event.sequence, data));
            std::future::ready(Ok::<_, HandlerError>(Taken::Ignored))
        };
        let mut bus = Bus::in_process();
        let subscription = Subscription {
            consumer: "test.recorder",
            aggregate_kinds: &[STOCK_AGGREGATE],
            db: self.app.db.clone(),
            handler: Arc::new(record),
        };
        bus.subscribe(subscription).expect("the only one of this name");
        let options = RelayOptions::new(
            "/techtrove/inventory",
            &self.app.db,
            Arc::clone(&self.app.clock),
            Arc::clone(&self.app.ids),
        );
        techtrove_bus::drain(&[(&self.app.db, &options)], &bus).await.expect("drained");
        let mut heard = self.heard.lock().expect("not poisoned").clone();
        heard.sort_by_key(|(aggregate, sequence, _)| (*aggregate, *sequence));
        heard.dedup_by_key(|(aggregate, sequence, _)| (*aggregate, *sequence));
        heard.into_iter().map(|(_, _, data)| data).collect()
    }

    /// The last event of each SKU says what is true now, and no event repeats the one before.
    pub async fn assert_public_was_told(&self) {
        let mut last: BTreeMap<Sku, Availability> = BTreeMap::new();
        for news in self.events().await {
            let before = last.insert(news.sku.clone(), news.availability);
            assert_ne!(before, Some(news.availability), "{} was told twice", news.sku);
        }
        for entry in self.stock_book().await {
            let told = last.get(&entry.sku).copied().unwrap_or(Availability::OutOfStock);
            let item = app::get_stock(&self.app, entry.sku.clone()).await.expect("known");
            assert_eq!(told, item.availability(), "{}", entry.sku);
        }
    }
}
