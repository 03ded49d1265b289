//! The provider's promises on every engine, with many callers at the same moment.

use std::{future::Future, sync::Arc};

use futures::future::join_all;
use serde_json::Value;
use techtrove_db::{Db, DbError, MigrationSet, Tx, p};
use techtrove_sandbox::store::MIGRATIONS;

use crate::support::Sandbox;

async fn on_every_engine<F, T>(test: F)
where
    F: Fn(Arc<Sandbox>) -> T,
    T: Future<Output = ()>,
{
    for engine in techtrove_db::testing::engines().await {
        test(Arc::new(Sandbox::new(Db::clone(&engine)).await)).await;
        engine.close().await;
    }
}

/// Makes `count` calls at the same moment and counts those that succeed.
async fn at_once<C, F>(count: usize, sandbox: &Arc<Sandbox>, call: C) -> usize
where
    C: Fn(Arc<Sandbox>, usize) -> F,
    F: Future<Output = bool> + Send + 'static,
{
    let calls = (0..count).map(|number| tokio::spawn(call(Arc::clone(sandbox), number)));
    let outcomes = join_all(calls).await;
    outcomes.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_charge_at_once_is_made_once() {
    on_every_engine(|sandbox| async move {
        let made = at_once(32, &sandbox, |sandbox, _| async move {
            sandbox.charge("k", "tok_ok").await.is_ok()
        })
        .await;

        assert_eq!(made, 32, "all get the charge");
        assert_eq!(sandbox.ledger("k").await, [100, 0, 0, 0]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn charges_captures_and_voids_at_once_end_one_way() {
    on_every_engine(|sandbox| async move {
        for round in 0..10 {
            let key = format!("k{round}");
            at_once(24, &sandbox, move |sandbox, number| {
                let key = key.clone();
                async move {
                    match number % 3 {
                        0 => sandbox.charge(&key, "tok_ok").await.is_ok(),
                        1 => sandbox.change(&key, "capture").await.is_ok(),
                        _ => sandbox.change(&key, "void").await.is_ok(),
                    }
                }
            })
            .await;

            let key = format!("k{round}");
            let [authorized, captured, voided, _] = sandbox.ledger(&key).await;
            let status = sandbox.get(&key).await.expect("known")["status"].clone();
            match status.as_str() {
                Some("captured") => assert_eq!((authorized, captured, voided), (100, 100, 0)),
                Some("voided") => assert_eq!((captured, authorized), (0, voided)),
                other => panic!("{other:?}"),
            }
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_at_once_never_exceed_the_charge() {
    on_every_engine(|sandbox| async move {
        sandbox.charge("k", "tok_ok").await.expect("charged");
        sandbox.change("k", "capture").await.expect("captured");

        let made = at_once(32, &sandbox, |sandbox, number| async move {
            sandbox.refund("k", &format!("r{number}"), 10).await.is_ok()
        })
        .await;

        assert_eq!(made, 10);
        assert_eq!(sandbox.ledger("k").await, [100, 100, 0, 100]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_fails_at_once_with_others_sets_its_amount_free() {
    on_every_engine(|sandbox| async move {
        sandbox.captured("k", "tok_ok").await;
        sandbox.refund("k", "r", 100).await.expect("made");

        at_once(16, &sandbox, |sandbox, number| async move {
            if number % 2 == 0 {
                sandbox.end_refund("k", "r", "fail").await;
                return true;
            }
            sandbox.refund("k", &format!("r{number}"), 100).await.is_ok()
        })
        .await;

        let refunded = sandbox.ledger("k").await[3];
        assert!([0, 100].contains(&refunded), "{refunded}");
        assert_eq!(sandbox.get("k").await.expect("known")["refunded"], refunded);
    })
    .await;
}

#[tokio::test]
async fn the_books_of_an_earlier_version_stay_as_they_are() {
    for engine in techtrove_db::testing::engines().await {
        let earlier = MigrationSet { migrations: &MIGRATIONS.migrations[..2], ..MIGRATIONS };
        engine.migrate(&earlier).await.expect("migrated");
        let written: Result<(), DbError> = engine
            .write("test.earlier", |tx: &mut Tx<'_>| {
                let charge = "INSERT INTO charges VALUES \
                     ('k', 100, 'USD', 'tok_ok', 'authorized', 0, 0, NULL, 1, 1)";
                tx.execute(charge, p![])?;
                tx.execute("INSERT INTO ledger VALUES ('k', 'authorized', 100, 'USD', 1)", p![])?;
                let given_back = "INSERT INTO charges VALUES \
                     ('g', 100, 'USD', 'tok_ok', 'captured', 100, 60, NULL, 1, 1)";
                tx.execute(given_back, p![])?;
                tx.execute("INSERT INTO ledger VALUES ('g', 'refunded:r1', 60, 'USD', 1)", p![])?;
                Ok(())
            })
            .await;
        written.expect("written");

        let sandbox = Sandbox::new(Db::clone(&engine)).await;

        assert_eq!(sandbox.change("k", "capture").await.expect("captured")["status"], "captured");
        assert_eq!(sandbox.ledger("k").await, [100, 100, 0, 0]);
        assert_eq!(sandbox.refund("g", "r1", 60).await.expect("known")["status"], "succeeded");
        assert_eq!(sandbox.ledger("g").await[3], 60, "known from before, and not given back again");
        let orphan: Result<u64, DbError> = engine
            .write("test.orphan", |tx: &mut Tx<'_>| {
                tx.execute("INSERT INTO ledger VALUES ('x', 'authorized', 1, 'USD', 1)", p![])
            })
            .await;
        assert_eq!(orphan, Err(DbError::ForeignKey), "the ledger still names its charges");
        engine.close().await;
    }
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named_and_hides_no_other_charge() {
    on_every_engine(|sandbox| async move {
        for key in ["a", "b", "c", "d", "e"] {
            sandbox.captured(key, "tok_ok").await;
        }
        sandbox.refund("d", "r", 60).await.expect("made");
        let sow = |tx: &mut Tx<'_>| -> Result<(), DbError> {
            tx.execute("UPDATE charges SET decline_code = 'odd' WHERE charge_key = 'b'", p![])?;
            tx.execute("UPDATE ledger SET currency = 'XXQ' WHERE charge_key = 'c'", p![])?;
            tx.execute("UPDATE refunds SET refund_key = 'no key' WHERE charge_key = 'd'", p![])?;
            Ok(())
        };
        sandbox.app.db.write("test.sow", sow).await.expect("sown");

        let mut pages = Vec::new();
        let mut path = "/v1/charges?limit=2".to_owned();
        loop {
            let page: Value = sandbox.client.get(&path).call().await.expect("a page");
            let next = page["next_cursor"].as_str().map(ToOwned::to_owned);
            pages.push(page);
            let Some(cursor) = next else { break };
            path = format!("/v1/charges?limit=2&cursor={cursor}");
        }

        let all = |field: &str, name: fn(&Value) -> String| -> Vec<String> {
            let rows = pages.iter().flat_map(|page| page[field].as_array().expect("a list"));
            rows.map(name).collect()
        };
        assert_eq!(all("items", |charge| text_of(&charge["key"])), ["a", "e"]);
        assert_eq!(
            all("unreadable", |row| format!("{} {}", text_of(&row["table"]), text_of(&row["id"]))),
            ["charges b", "ledger c", "refunds d"]
        );
    })
    .await;
}

fn text_of(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
