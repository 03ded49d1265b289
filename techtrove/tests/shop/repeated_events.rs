//! Everything that was ever told is told twice more, in any order, to every consumer of every service: nothing
//! that the services store changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::{SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha20Rng;
use serde_json::{json, value::RawValue};
use techtrove_bus::{Event, Subscription, Taken};
use techtrove_db::{Db, DbError, DbOptions, Row, p};
use techtrove_identity_api::Role;
use techtrove_testing::eventually;

use crate::{
    harness::{SOON, TestShop, items, order},
    stored::{Stored, values_of},
};

/// What changes in a shop that rests: whose turn it is to relay.
const RESTLESS: [&str; 2] = ["relay_leases", "relay_members"];

/// What is empty in a shop that rests: webhooks on their way, and sales that nobody has added up.
const QUEUES: [&str; 2] = ["webhooks", "sales"];

/// A shop's databases, beside the shop.
struct Books(Vec<Db>);

impl Books {
    async fn open(shop: &TestShop) -> Self {
        let mut all = Vec::new();
        for url in shop.databases() {
            all.push(Db::open(url, DbOptions::default()).await.expect("opened"));
        }
        Self(all)
    }

    /// What the services store, by its place.
    async fn stored(&self) -> Vec<Stored> {
        let mut all = Vec::new();
        for db in &self.0 {
            all.extend(db.read("test.values", values_of).await.expect("read"));
        }
        all.retain(|value| !RESTLESS.contains(&value.table.as_str()));
        all.sort();
        all
    }

    /// What they store once every event was taken, and nothing is left to do.
    async fn settled(&self) -> Vec<Stored> {
        eventually(SOON, async || {
            let stored = self.stored().await;
            let mut waiting = stored.iter().filter(|value| {
                let unpublished = value.column == "published_at" && value.value.is_empty();
                unpublished || QUEUES.contains(&value.table.as_str())
            });
            waiting.next().is_none().then_some(stored)
        })
        .await
    }

    /// Everything that was ever told.
    async fn events(&self) -> Vec<Arc<Event>> {
        let mut all = Vec::new();
        for db in &self.0 {
            let stored = db.read("test.values", values_of).await.expect("read");
            if stored.iter().any(|value| value.column == "published_at") {
                all.extend(db.read("test.events", told).await.expect("read"));
            }
        }
        all
    }

    async fn close(self) {
        for db in self.0 {
            db.close().await;
        }
    }
}

fn told(tx: &mut techtrove_db::Tx<'_>) -> Result<Vec<Arc<Event>>, DbError> {
    let event = |row: &Row<'_>| {
        Ok(Arc::new(Event {
            id: row.get(0)?,
            source: "/techtrove/test".into(),
            kind: row.get(1)?,
            aggregate_kind: row.get(2)?,
            aggregate_id: row.get(3)?,
            sequence: row.get::<i64>(4)?.unsigned_abs(),
            time: row.get(5)?,
            traceparent: None,
            data: RawValue::from_string(row.get(6)?).map_err(DbError::decode)?,
            predecessors_published: true,
        }))
    };
    tx.query(
        "SELECT event_id, kind, aggregate_kind, aggregate_id, sequence, occurred_at, data \
         FROM outbox ORDER BY position",
        p![],
        event,
    )
}

/// Something of everything that is told of.
async fn live(shop: &TestShop) {
    let product = shop.sell("TWICE-1", 1_000, 10).await;
    let category = json!({"name": "Twice"});
    shop.manager.post("/api/v1/categories", &category).await.expect(201);
    let account =
        json!({"email": "eve@example.com", "password": "correct horse battery", "name": "Eve"});
    let eve = shop.public.post("/api/v1/auth/register", &account).await.expect(201).value();
    let eve = shop.public.bearer(eve["access_token"].as_str().expect("a token"));
    let mut as_guest = order("TWICE-1", 1, "tok_ok");
    as_guest["email"] = json!("eve@example.com");
    shop.public.post("/api/v1/orders", &as_guest).await.expect(201);
    let token = shop.mailed_token("eve@example.com", "verify-email").await;
    shop.public.post("/api/v1/auth/verify-email", &json!({ "token": token })).await.expect(204);
    eventually(SOON, async || {
        let adopted = eve.get("/api/v1/orders").await.expect(200).value();
        (!items(&adopted).is_empty()).then_some(())
    })
    .await;
    let reviews = format!("/api/v1/products/{}/reviews", product["id"].as_str().expect("an id"));
    let review = json!({"rating": 4, "title": "So", "body": "It is."});
    shop.user(Role::Customer).post(&reviews, &review).await.expect(201);
    eve.post("/api/v1/orders", &order("TWICE-1", 1, "tok_ok")).await.expect(201);
    let order = shop.buy("TWICE-1", 2, "tok_requires_action").await.expect(201).value();
    let payment = order["payment"]["id"].as_str().expect("an id");
    let guest =
        shop.public.with_header("x-guest-token", order["guest_token"].as_str().expect("it"));
    let complete = format!("/api/v1/payments/{payment}/actions/complete");
    guest.post(&complete, &json!({})).await.expect(200);
    shop.order_becomes(&order, ("confirmed", "captured"), SOON).await;
    shop.assert_books_agree().await;
}

/// Tells a consumer all that it listens to, twice, in an order of chance; whether it had a use for any of it.
async fn tell_again(
    consumer: &Subscription,
    events: &[Arc<Event>],
    chance: &mut ChaCha20Rng,
) -> bool {
    let heard = |event: &&Arc<Event>| consumer.aggregate_kinds.contains(&&*event.aggregate_kind);
    let mut again: Vec<_> = events.iter().chain(events).filter(heard).collect();
    again.shuffle(chance);
    let mut used = false;
    for event in again {
        let taken = consumer.handler.handle(Arc::clone(event)).await;
        let taken = taken.unwrap_or_else(|error| panic!("{}: {error:?}", consumer.consumer));
        used |= taken == Taken::Handled;
    }
    used
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_told_again_in_any_order_changes_nothing() {
    for (engine, shop) in TestShop::everywhere().await {
        live(&shop).await;
        let books = Books::open(&shop).await;
        let before = books.settled().await;
        let events = books.events().await;
        let mut chance = ChaCha20Rng::seed_from_u64(7);

        let mut unused = BTreeSet::new();
        for consumer in shop.subscriptions() {
            if !tell_again(consumer, &events, &mut chance).await {
                unused.insert(consumer.consumer);
            }
        }

        assert_eq!(unused, BTreeSet::new(), "{engine}: `live` does nothing that they hear of");
        let after = books.settled().await;
        let changed = after.iter().filter(|value| before.binary_search(value).is_err());
        assert_eq!(changed.collect::<Vec<_>>(), Vec::<&Stored>::new(), "{engine}");
        assert!(after == before, "{engine}: something is gone, or there twice");
        books.close().await;
        shop.close().await;
    }
}
