//! The ledger as the audit reads it, on every engine.

use techtrove_db::{Db, Tx, testing::engines};
use techtrove_payments::store;

use crate::support::World;

/// However the ledger is cut in pages, a payment is never cut, and each entry is summed once.
#[tokio::test]
async fn pages_of_the_ledger_hold_whole_payments() {
    for engine in engines().await {
        let world = World::beside(Db::clone(&engine)).await;
        for number in 1..=5 {
            world.authorized(number).await;
        }

        for entries in 0..=11 {
            let (mut pages, mut summed, mut after) = (0, 0, None);
            loop {
                let job = move |tx: &mut Tx<'_>| store::balances(tx, after, entries);
                let (balances, last) = world.app.db.read("test.ledger", job).await.expect("read");
                assert!(balances.iter().all(|sum| sum.balance == 0), "{balances:?}");
                summed += balances.iter().map(|sum| sum.entries).sum::<u64>();
                pages += 1;
                after = last;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(summed, 10, "of pages of {entries}");
            assert_eq!(pages > 1, entries < 10, "of pages of {entries}");
        }
        engine.close().await;
    }
}
