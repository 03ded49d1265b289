//! Old idempotency keys go, a few at a time, so that no deletion holds up those who write.

use std::time::Duration;

use techtrove_core::SharedClock;
use techtrove_db::{Db, DbError};
use techtrove_http::idempotency::{self, KEPT};

use crate::{Shutdown, Worker};

/// How often old keys are looked for.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// How many keys go in one transaction.
const BATCH: i64 = 500;

/// Deletes the finished idempotency keys of `db` that are older than a day. For services which run
/// [`idempotency::MIGRATIONS`].
#[must_use]
pub fn prune_idempotency_keys(db: Db, clock: SharedClock) -> Worker {
    Worker::new("idempotency_keys", move |shutdown: Shutdown| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            while shutdown.pause(EVERY).await {
                prune(&db, &clock, &shutdown).await?;
            }
            Ok::<(), DbError>(())
        }
    })
}

async fn prune(db: &Db, clock: &SharedClock, shutdown: &Shutdown) -> Result<(), DbError> {
    let before = clock.now().minus(KEPT);
    let full = u64::try_from(BATCH).unwrap_or(u64::MAX);
    loop {
        let job = move |tx: &mut techtrove_db::Tx<'_>| idempotency::prune(tx, before, BATCH);
        let pruned: u64 = db.write("prune idempotency keys", job).await?;
        if pruned < full || shutdown.has_begun() {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use techtrove_core::{Clock as _, ManualClock, Timestamp};
    use techtrove_db::testing;
    use techtrove_http::idempotency::{Answer, Claim, Fingerprint, Key, MIGRATIONS, Scope};

    use super::*;

    fn key(name: &str, at: Timestamp) -> Key {
        let request = Fingerprint([0; 32]);
        Key::new(name, Scope::Token("cart"), request, at)
    }

    async fn finished(db: &Db, key: &Key) {
        let key = key.clone();
        let stored: Result<(), DbError> = db
            .write("finish", move |tx| {
                idempotency::claim(tx, &key)?;
                let answer = Answer {
                    status: 201,
                    body: Vec::new(),
                    location: None,
                    resource: None,
                    version: None,
                };
                idempotency::finish(tx, &key.hash, &answer)
            })
            .await;
        stored.expect("finished");
    }

    #[tokio::test]
    async fn a_day_later_many_keys_are_gone_and_young_ones_stay() {
        let db = testing::sqlite_inline().await;
        db.migrate(&MIGRATIONS).await.expect("migrated");
        let clock = Arc::new(ManualClock::default());
        for number in 0..1_200 {
            finished(&db, &key(&number.to_string(), clock.now())).await;
        }
        clock.advance(KEPT + Duration::from_secs(1));
        let young = key("young", clock.now());
        finished(&db, &young).await;

        let shared: SharedClock = clock;
        prune(&db, &shared, &Shutdown::new()).await.expect("pruned");

        let left: Result<i64, DbError> = db
            .read("count", |tx| {
                tx.query_one("SELECT COUNT(*) FROM idempotency_keys", [], |row| row.get(0))
            })
            .await;
        let again: Result<Claim, DbError> =
            db.write("claim", move |tx| idempotency::claim(tx, &young)).await;
        assert_eq!(left, Ok(1));
        assert!(matches!(again, Ok(Claim::Replay(_))));
    }
}
