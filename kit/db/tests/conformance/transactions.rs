//! A job is a transaction: all of it or nothing, and its own failures count.

use std::sync::Mutex;

use futures::FutureExt as _;
use techtrove_db::{DbError, Engine, Sql, Tx, p};

use crate::{add, hold, on_each_engine, on_one_thread, stock};

/// A failure of the tests' own.
#[derive(Debug, PartialEq)]
enum Refused {
    Rule,
    Db(DbError),
}

impl From<DbError> for Refused {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

const INSERT: &str = "INSERT INTO stock (sku, quantity) VALUES (?, ?)";

fn is_unique(error: &DbError) -> bool {
    matches!(error, DbError::UniqueViolation { .. })
}

#[tokio::test]
async fn a_refusal_undoes_everything() {
    on_each_engine(async |db| {
        let refused: Result<(), Refused> = db
            .write("refuse", |tx| {
                tx.execute(INSERT, p!["a", 1])?;
                Err(Refused::Rule)
            })
            .await;

        assert_eq!(refused, Err(Refused::Rule));
        assert_eq!(stock(db).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_swallowed_error_fails_the_job_on_every_engine() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");

        let swallowed: Result<(), DbError> = db
            .write("swallow", |tx| {
                tx.execute(INSERT, p!["b", 1])?;
                let _ = tx.execute(INSERT, p!["a", 1]);
                let _ = tx.execute(INSERT, p!["c", 1]);
                Ok(())
            })
            .await;

        assert!(is_unique(&swallowed.expect_err("the job fails")));
        assert_eq!(stock(db).await, [("a".to_owned(), 1)]);
    })
    .await;
}

#[tokio::test]
async fn a_savepoint_undoes_itself_and_the_job_goes_on() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");

        let inner: Result<Result<(), Refused>, Refused> = db
            .write("savepoint", |tx| {
                tx.execute(INSERT, p!["b", 1])?;
                let inner = tx.savepoint(|tx| {
                    tx.execute(INSERT, p!["c", 1])?;
                    tx.execute(INSERT, p!["a", 1])?;
                    Ok(())
                });
                tx.execute(INSERT, p!["d", 1])?;
                tx.savepoint(|tx| tx.execute(INSERT, p!["e", 1]).map(drop).map_err(Refused::Db))?;
                Ok(inner)
            })
            .await;

        let inner = inner.expect("the job succeeds").expect_err("its part does not");
        assert!(matches!(&inner, Refused::Db(error) if is_unique(error)), "{inner:?}");
        let skus: Vec<_> = stock(db).await.into_iter().map(|(sku, _)| sku).collect();
        assert_eq!(skus, ["a", "b", "d", "e"]);
    })
    .await;
}

#[tokio::test]
async fn savepoints_nest_and_a_first_statement_may_fail_in_one() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");

        let done: Result<(), Refused> = db
            .write("nest", |tx| {
                // Nothing has been sent before it; nothing is done in it.
                tx.savepoint(|_| Ok::<_, Refused>(()))?;
                let _ = tx.savepoint(|_| Err::<(), _>(Refused::Rule));
                let _ = tx.savepoint(|tx| tx.execute(INSERT, p!["a", 1]).map_err(Refused::Db));
                tx.savepoint(|tx| {
                    tx.execute(INSERT, p!["outer", 1])?;
                    let inner = tx.savepoint(|tx| {
                        tx.execute(INSERT, p!["inner", 1])?;
                        Err::<(), _>(Refused::Rule)
                    });
                    assert_eq!(inner, Err(Refused::Rule));
                    tx.execute(INSERT, p!["after", 1])?;
                    Ok::<_, Refused>(())
                })
            })
            .await;

        assert_eq!(done, Ok(()));
        let skus: Vec<_> = stock(db).await.into_iter().map(|(sku, _)| sku).collect();
        assert_eq!(skus, ["a", "after", "outer"]);
    })
    .await;
}

#[tokio::test]
async fn an_error_swallowed_inside_a_savepoint_is_the_savepoints_own() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");

        let part: Result<bool, DbError> = db
            .write("swallow in savepoint", |tx| {
                let part = tx.savepoint(|tx| {
                    tx.execute(INSERT, p!["b", 1])?;
                    let _ = tx.execute(INSERT, p!["a", 1]);
                    Ok::<_, DbError>(())
                });
                tx.execute(INSERT, p!["c", 1])?;
                Ok(part.is_err_and(|error| is_unique(&error)))
            })
            .await;

        assert_eq!(part, Ok(true));
        assert_eq!(stock(db).await, [("a".to_owned(), 1), ("c".to_owned(), 1)]);
    })
    .await;
}

#[tokio::test]
async fn the_schemas_own_rules_are_told_apart() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");
        let write = async |sql: &'static str| -> DbError {
            db.write("break a rule", move |tx| tx.execute(sql, p![])).await.expect_err("it fails")
        };

        let unique = write("INSERT INTO stock (sku, quantity) VALUES ('a', 1)").await;
        let foreign = write("INSERT INTO order_lines (id, sku) VALUES (1, 'none')").await;
        let check = write("UPDATE stock SET quantity = quantity - 2 WHERE sku = 'a'").await;
        let null = write("INSERT INTO stock (sku, quantity) VALUES ('b', NULL)").await;
        let syntax = write("INSERT INTO nowhere VALUES (1)").await;

        assert!(matches!(&unique, DbError::UniqueViolation { constraint: Some(_) }), "{unique:?}");
        assert_eq!(foreign, DbError::ForeignKey);
        assert_eq!(check, DbError::CheckViolation);
        assert_eq!(null, DbError::NotNull);
        assert!(matches!(syntax, DbError::Other(_)), "{syntax:?}");
    })
    .await;
}

#[tokio::test]
async fn rows_that_match_are_counted_even_if_nothing_changes() {
    on_each_engine(async |db| {
        add(db, "a", 1).await.expect("added");
        add(db, "b", 1).await.expect("added");

        let counts: Vec<u64> = db
            .write("count", |tx| {
                Ok::<_, DbError>(vec![
                    tx.execute("UPDATE stock SET quantity = ?", p![1])?,
                    tx.execute(
                        "UPDATE stock SET quantity = 2 WHERE sku = ? AND quantity >= ?",
                        p!["a", 2],
                    )?,
                    tx.execute("DELETE FROM stock WHERE sku = ?", p!["a"])?,
                ])
            })
            .await
            .expect("it runs");

        assert_eq!(counts, [2, 0, 1]);
    })
    .await;
}

#[tokio::test]
async fn many_statements_run_in_their_order_and_fail_together() {
    on_each_engine(async |db| {
        let total: Result<u64, DbError> = db
            .write("many", |tx| {
                let names: Vec<String> = (0..500).map(|number| format!("s{number:03}")).collect();
                let inserts: Vec<_> = names.iter().map(|name| (INSERT, p![name, 1])).collect();
                tx.execute_many(&inserts)?;
                tx.execute_many(&[
                    ("UPDATE stock SET quantity = quantity + ?", p![1]),
                    ("DELETE FROM stock WHERE quantity = ? AND sku < ?", p![2, "s100"]),
                ])
            })
            .await;
        let failed: Result<u64, DbError> = db
            .write("many fail", |tx| {
                tx.execute_many(&[
                    (INSERT, p!["x", 1]),
                    (INSERT, p!["s499", 1]),
                    (INSERT, p!["y", 1]),
                ])
            })
            .await;

        assert_eq!(total, Ok(600));
        assert!(is_unique(&failed.expect_err("one of them fails")));
        assert_eq!(stock(db).await.len(), 400);
    })
    .await;
}

#[tokio::test]
async fn upserts_and_row_locks_have_words_for_each_engine() {
    const UPSERT: Sql = Sql::new(
        "INSERT INTO stock (sku, quantity) VALUES (?, ?) \
         ON CONFLICT (sku) DO UPDATE SET quantity = stock.quantity + excluded.quantity",
    )
    .mysql(
        "INSERT INTO stock (sku, quantity) VALUES (?, ?) \
         ON DUPLICATE KEY UPDATE quantity = quantity + VALUES(quantity)",
    );
    on_each_engine(async |db| {
        let locked: Result<Vec<i64>, DbError> = db
            .write("upsert", |tx| {
                tx.execute(UPSERT, p!["a", 1])?;
                tx.execute(UPSERT, p!["a", 2])?;
                tx.query("SELECT quantity FROM stock WHERE sku = ? FOR UPDATE", p!["a"], |row| {
                    row.get::<i64>(0)
                })?;
                let select =
                    "SELECT quantity FROM stock ORDER BY sku LIMIT ? FOR UPDATE SKIP LOCKED";
                tx.query(select, p![10], |row| row.get(0))
            })
            .await;

        assert_eq!(locked, Ok(vec![3]));
    })
    .await;
}

#[tokio::test]
async fn a_missing_row_fails_nothing_by_itself() {
    on_each_engine(async |db| {
        let found: Result<(), DbError> = db
            .write("look", |tx| {
                let select = "SELECT quantity FROM stock WHERE sku = ?";
                let one = tx.query_one(select, p!["a"], |row| row.get::<i64>(0));
                assert_eq!(one, Err(DbError::NotFound));
                assert_eq!(tx.query_opt(select, p!["a"], |row| row.get::<i64>(0))?, None);
                tx.execute(INSERT, p!["a", 1])?;
                Ok(())
            })
            .await;

        assert_eq!(found, Ok(()));
        assert_eq!(stock(db).await.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_job_that_reads_cannot_write_or_lock() {
    on_each_engine(async |db| {
        let write: Result<u64, DbError> =
            db.read("write", |tx| tx.execute(INSERT, p!["a", 1])).await;
        let lock: Result<Vec<()>, DbError> = db
            .read("lock", |tx| tx.query("SELECT 1 FROM stock FOR UPDATE", p![], |_| Ok(())))
            .await;

        assert_eq!(write, Err(DbError::ReadOnly));
        assert_eq!(lock, Err(DbError::ReadOnly));
        assert_eq!(stock(db).await, []);
    })
    .await;
}

#[tokio::test]
async fn a_long_read_sees_one_state_and_holds_up_no_writer() {
    on_one_thread(Default::default(), async |db| {
        add(db, "a", 1).await.expect("added");
        let (started, mut has_started) = tokio::sync::mpsc::channel(1);
        let (go, may_go) = std::sync::mpsc::sync_channel(1);
        let (reader, may_go) = ((**db).clone(), Mutex::new(may_go));

        let read = tokio::spawn(async move {
            reader
                .read("long read", move |tx| {
                    let count = |tx: &mut Tx<'_>| {
                        tx.query_one("SELECT SUM(quantity) FROM stock", p![], |row| {
                            row.get::<i64>(0)
                        })
                    };
                    let before = count(tx)?;
                    started.try_send(()).expect("somebody waits");
                    may_go.lock().expect("no panic").recv().expect("let go");
                    Ok::<_, DbError>((before, count(tx)?))
                })
                .await
        });
        has_started.recv().await.expect("it starts");
        add(db, "b", 10).await.expect("a writer is not held up");
        go.send(()).expect("it waits");

        assert_eq!(read.await.expect("no panic"), Ok((1, 1)));
        assert_eq!(stock(db).await.len(), 2);
    })
    .await;
}

#[tokio::test]
async fn commits_are_told_and_rollbacks_are_not() {
    on_each_engine(async |db| {
        let committed = db.committed();
        let refused: Result<(), Refused> = db
            .write("refuse", |tx| {
                tx.notify_committed();
                Err(Refused::Rule)
            })
            .await;
        assert_eq!(refused, Err(Refused::Rule));
        add(db, "quiet", 1).await.expect("added");
        assert!(committed.notified().now_or_never().is_none(), "nothing to be told");

        let told: Result<(), DbError> = db
            .write("tell", |tx| {
                tx.execute(INSERT, p!["a", 1])?;
                tx.notify_committed();
                Ok(())
            })
            .await;

        told.expect("committed");
        committed.notified().now_or_never().expect("told before the answer");
    })
    .await;
}

#[tokio::test]
async fn many_who_wait_share_a_commit_on_sqlite() {
    on_one_thread(Default::default(), async |db| {
        let before = db.stats().write;
        let held = hold(db).await;
        let mut waiting = Vec::new();
        for number in 0..50_i64 {
            let db = (**db).clone();
            waiting.push(
                crate::start(async move {
                    db.write("wait", move |tx| {
                        let sku = format!("s{number:02}");
                        let written = tx.execute(INSERT, p![sku, number])?;
                        if number % 2 == 0 { Ok(written) } else { Err(DbError::NotFound) }
                    })
                    .await
                })
                .await,
            );
        }
        held.let_go().await;

        for (number, waiting) in waiting.into_iter().enumerate() {
            let answer = waiting.await.expect("no panic");
            assert_eq!(answer.is_ok(), number % 2 == 0, "{number}: {answer:?}");
        }
        let after = db.stats().write;
        assert_eq!(stock(db).await.len(), 25);
        assert_eq!(after.jobs - before.jobs, 51);
        let transactions = after.batches - before.batches;
        assert_eq!(transactions, if db.engine() == Engine::Sqlite { 2 } else { 51 });
    })
    .await;
}
