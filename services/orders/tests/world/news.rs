//! What payments tells of, by events.

use std::sync::Arc;

use techtrove_bus::{Bus, EventContext, NewEvent, RelayOptions, drain, record};
use techtrove_core::{SeededIds, SharedClock};
use techtrove_db::DbError;
use techtrove_testing::sqlite_file;

use super::{Shop, World};

/// Brings these events of payments to orders, and waits until they are taken.
pub async fn tell_of_payments(world: &World, shop: &Shop, events: Vec<NewEvent>) {
    let db = sqlite_file(techtrove_db::DbOptions::default()).await;
    db.migrate(&techtrove_bus::MIGRATIONS).await.expect("migrated");
    let clock: SharedClock = Arc::clone(&world.clock) as SharedClock;
    let ids = Arc::new(SeededIds::new(Arc::clone(&clock), world.next_seed()));
    for event in events {
        let context = EventContext::new(&*clock, &*ids);
        let told = db.write("test.tell", move |tx| record(tx, &context, &event));
        told.await.map_err(|error: DbError| error).expect("recorded");
    }
    let mut bus = Bus::in_process();
    let service = techtrove_orders::service(&shop.app, world.authenticator());
    for subscription in service.subscriptions {
        bus.subscribe(subscription).expect("the only consumer");
    }
    let options = RelayOptions::new("/techtrove/payments", &db, clock, ids);
    drain(&[(&db, &options)], &bus).await.expect("drained");
    db.close().await;
}
