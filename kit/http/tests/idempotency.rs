//! Idempotency keys on every engine.

use std::{sync::Arc, time::Duration};

use http::Method;
use techtrove_core::{Problem, Timestamp, codes};
use techtrove_db::{Db, DbError, testing};
use techtrove_http::idempotency::{
    self, Answer, Claim, Fingerprint, KEPT, Key, MIGRATIONS, Once, Refusal, Repeatable, Scope,
};
use uuid::Uuid;

const NOW: i64 = 1_767_225_600_000_000;

fn key(name: &str, body: &str) -> Key {
    let request = Fingerprint::of(&Method::POST, "/orders", body.as_bytes());
    let scope = Scope::User(Uuid::from_u128(1));
    Key::new(name, scope, request, Timestamp::from_micros(NOW)).for_resource(Uuid::from_u128(77))
}

fn answer() -> Answer {
    let made = serde_json::json!({"id": "ord_1", "note": "żółć"});
    let answer = Answer::created("/api/v1/orders/ord_1", &made).expect("serializable");
    Answer { resource: Some(Uuid::from_u128(77)), ..answer }.in_version(7)
}

async fn claim(db: &Db, key: &Key) -> Claim {
    let key = key.clone();
    let claimed: Result<_, DbError> =
        db.write("claim", move |tx| idempotency::claim(tx, &key)).await;
    claimed.expect("claimed")
}

async fn finish(db: &Db, key: &Key, answer: &Answer) {
    let (hash, answer) = (key.hash, answer.clone());
    let finished: Result<_, DbError> =
        db.write("finish", move |tx| idempotency::finish(tx, &hash, &answer)).await;
    finished.expect("finished");
}

async fn forget(db: &Db, key: &Key) {
    let hash = key.hash;
    let forgotten: Result<_, DbError> =
        db.write("forget", move |tx| idempotency::forget(tx, &hash)).await;
    forgotten.expect("forgotten");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_lives_as_the_api_says() {
    for db in testing::engines().await {
        db.migrate(&MIGRATIONS).await.expect("migrated");
        first_request_then_replays(&db).await;
        what_is_not_pinned_is_new_again(&db).await;
        one_of_many_at_once_is_first(&db).await;
        only_old_answers_are_pruned(&db).await;
        a_write_is_carried_out_once(&db).await;
        a_refusal_leaves_nothing_but_itself(&db).await;
        db.close().await;
    }
}

async fn first_request_then_replays(db: &Db) {
    let key_1 = key("k-1", "{\"a\":1}");
    assert_eq!(claim(db, &key_1).await, Claim::New);

    let meanwhile = claim(db, &key_1).await;
    let other_body = claim(db, &key("k-1", "{\"a\":2}")).await;
    finish(db, &key_1, &answer()).await;
    let afterwards = claim(db, &key_1).await;
    forget(db, &key_1).await;
    finish(db, &key_1, &Answer::refused(&Problem::new(codes::CONFLICT, "too late"))).await;
    let pinned = claim(db, &key_1).await;

    assert_eq!(meanwhile, Claim::InUse { resource: Some(Uuid::from_u128(77)) });
    assert_eq!(other_body, Claim::Reused);
    assert_eq!(afterwards, Claim::Replay(answer()));
    assert_eq!(pinned, Claim::Replay(answer()), "a final answer is never changed");
}

async fn what_is_not_pinned_is_new_again(db: &Db) {
    let key_2 = key("k-2", "{}");
    assert_eq!(claim(db, &key_2).await, Claim::New);

    forget(db, &key_2).await;

    assert_eq!(claim(db, &key_2).await, Claim::New);
}

async fn one_of_many_at_once_is_first(db: &Db) {
    let at_once = (0..32).map(|_| {
        let (db, key) = (Db::clone(db), key("k-3", "{}"));
        tokio::spawn(async move { claim(&db, &key).await })
    });
    let tasks: Vec<_> = at_once.collect();
    let mut first = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Claim::New => first += 1,
            Claim::InUse { .. } => {}
            other => panic!("{other:?}"),
        }
    }

    assert_eq!(first, 1);
}

async fn only_old_answers_are_pruned(db: &Db) {
    let before = Timestamp::from_micros(NOW).plus(Duration::from_secs(1));
    let prune = |before| async move {
        let pruned: Result<u64, DbError> =
            db.write("prune", move |tx| idempotency::prune(tx, before, 10)).await;
        pruned.expect("pruned")
    };

    let too_young = prune(before.minus(KEPT)).await;
    let old = prune(before).await;

    assert_eq!((too_young, old), (0, 1), "k-1 has its answer; k-2 and k-3 are still open");
    assert_eq!(claim(db, &key("k-1", "{\"a\":1}")).await, Claim::New);
}

/// A claim stands or falls with the effect it protects.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_is_part_of_its_transaction() {
    for db in testing::engines().await {
        db.migrate(&MIGRATIONS).await.expect("migrated");
        let key = Arc::new(key("k-1", "{}"));
        let failing = Arc::clone(&key);

        let failed: Result<(), DbError> = db
            .write("fail", move |tx| {
                idempotency::claim(tx, &failing)?;
                Err(DbError::NotFound)
            })
            .await;

        assert_eq!(failed, Err(DbError::NotFound));
        assert_eq!(claim(&db, &key).await, Claim::New, "{}", db.label());
        db.close().await;
    }
}

/// What the job makes: a number. Its effect is another key, claimed.
#[derive(Debug)]
struct Made(i64);

impl Repeatable for Made {
    fn answer(&self) -> Result<Answer, Problem> {
        Answer::created("/things/1", &self.0)
    }
}

#[derive(Debug)]
enum Refused {
    ForGood,
    Failed,
}

impl From<DbError> for Refused {
    fn from(_: DbError) -> Self {
        Self::Failed
    }
}

impl From<Problem> for Refused {
    fn from(_: Problem) -> Self {
        Self::Failed
    }
}

impl Refusal for Refused {
    fn for_good(&self) -> Option<Problem> {
        matches!(self, Self::ForGood).then(|| Problem::new(codes::CONFLICT, "no"))
    }
}

/// Runs the job once under the key `name`; it claims the key `effect` and ends as `ends` says.
async fn once(
    db: &Db,
    name: &str,
    effect: &str,
    ends: fn() -> Result<Made, Refused>,
) -> Result<Once<Made>, Refused> {
    let (request, effect) = (key(name, "{}"), key(effect, "{}"));
    db.write("once", move |tx| {
        idempotency::once(tx, Some(&request), |tx| {
            idempotency::claim(tx, &effect)?;
            ends()
        })
    })
    .await
}

async fn a_write_is_carried_out_once(db: &Db) {
    let first = once(db, "once-1", "effect-1", || Ok(Made(1))).await.expect("made");
    let again = once(db, "once-1", "effect-2", || Ok(Made(2))).await.expect("replayed");

    assert!(matches!(first, Once::Made(Made(1))));
    let Once::Replayed(answer) = again else { panic!("must be replayed: {again:?}") };
    assert_eq!((answer.status, answer.body.as_slice()), (201, b"1".as_slice()));
    assert_eq!(claim(db, &key("effect-2", "{}")).await, Claim::New);
}

async fn a_refusal_leaves_nothing_but_itself(db: &Db) {
    let first = once(db, "once-2", "effect-3", || Err(Refused::ForGood)).await.expect("pinned");
    let again = once(db, "once-2", "effect-4", || Ok(Made(2))).await.expect("replayed");
    once(db, "once-3", "effect-5", || Err(Refused::Failed)).await.expect_err("not pinned");
    let retried = once(db, "once-3", "effect-5", || Ok(Made(3))).await.expect("made");

    assert!(matches!(first, Once::Refused(_)));
    assert!(matches!(again, Once::Replayed(Answer { status: 409, .. })));
    assert_eq!(claim(db, &key("effect-3", "{}")).await, Claim::New);
    assert!(matches!(retried, Once::Made(Made(3))));
}
