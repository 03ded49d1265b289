//! Values come back as they went, whatever the engine.

use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use techtrove_core::{Sku, Timestamp, TypedId as _};
use techtrove_db::{DbError, Row, Sql, p};
use uuid::Uuid;

use crate::{on_each_engine, on_each_engine_with};

techtrove_core::typed_id!(
    /// An id for these tests.
    ThingId, "thing"
);

#[derive(Clone, Debug, PartialEq)]
struct Thing {
    id: Uuid,
    name: Option<String>,
    count: Option<i64>,
    flag: Option<bool>,
    body: Option<Vec<u8>>,
}

const INSERT: Sql =
    Sql::new("INSERT INTO things (id, name, count, flag, body) VALUES (?, ?, ?, ?, ?)");

fn read_thing(row: &Row<'_>) -> Result<Thing, DbError> {
    Ok(Thing {
        id: row.get(0)?,
        name: row.get(1)?,
        count: row.get(2)?,
        flag: row.get(3)?,
        body: row.get(4)?,
    })
}

fn any_thing() -> impl Strategy<Value = Thing> {
    let name = proptest::option::of("[^\0]{0,100}");
    let body = proptest::option::of(vec(any::<u8>(), 0..300));
    (any::<u128>(), name, any::<Option<i64>>(), any::<Option<bool>>(), body).prop_map(
        |(id, name, count, flag, body)| Thing {
            id: Uuid::from_u128(id),
            // Names are unique, and no engine ignores what is in front.
            name: name.map(|name| format!("{id:x} {name}.")),
            count,
            flag,
            body,
        },
    )
}

#[test]
fn any_values_come_back_as_they_went() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(on_each_engine(async |db| {
        let mut runner = TestRunner::new(ProptestConfig::with_cases(24));
        let checked = runner.run(&vec(any_thing(), 1..20), |things| {
            let written = things.clone();
            let read: Result<Vec<Thing>, DbError> =
                futures::executor::block_on(db.write("write and read", move |tx| {
                    tx.execute("DELETE FROM things", p![])?;
                    let statements: Vec<_> = written
                        .iter()
                        .map(|t| (INSERT, p![t.id, t.name, t.count, t.flag, t.body]))
                        .collect();
                    tx.execute_many(&statements)?;
                    let mut read = Vec::new();
                    for thing in &written {
                        let select = "SELECT id, name, count, flag, body FROM things WHERE id = ?";
                        read.push(tx.query_one(select, p![thing.id], read_thing)?);
                    }
                    Ok(read)
                }));
            prop_assert_eq!(read, Ok(things));
            Ok(())
        });
        checked.unwrap_or_else(|error| panic!("on {}: {error}", db.label()));
    }));
}

#[tokio::test]
async fn extremes_and_emptiness_come_back() {
    on_each_engine(async |db| {
        let things = [
            (
                1,
                Some("Grüße 🛒 日本 \u{10FFFF}"),
                Some(i64::MIN),
                Some(true),
                Some(vec![0, 255, b'\'', b'\\']),
            ),
            (2, Some(""), Some(i64::MAX), Some(false), Some(vec![])),
            (3, Some("'; DROP TABLE things; -- \\ \" % _ ?"), Some(0), None, None),
            (4, None, None, None, Some(vec![7; 100_000])),
        ]
        .map(|(id, name, count, flag, body)| Thing {
            id: Uuid::from_u128(id),
            name: name.map(str::to_owned),
            count,
            flag,
            body,
        });
        let written = things.clone();

        let read: Vec<Thing> = db
            .write("write and read", move |tx| {
                for t in &written {
                    tx.execute(INSERT, p![t.id, t.name, t.count, t.flag, t.body])?;
                }
                tx.query(
                    "SELECT id, name, count, flag, body FROM things ORDER BY id",
                    p![],
                    read_thing,
                )
            })
            .await
            .unwrap_or_else(|error: DbError| panic!("{error}"));

        assert_eq!(read, things);
    })
    .await;
}

#[tokio::test]
async fn types_of_the_shop_are_stored_as_they_are() {
    on_each_engine(async |db| {
        let id = ThingId::from_uuid(Uuid::from_u128(42));
        let sku: Sku = "GPU-1".parse().expect("a SKU");
        let now = Timestamp::from_micros(1_767_225_600_123_456);

        let read: (ThingId, Sku, Timestamp, Option<bool>) = db
            .write("write and read", move |tx| {
                tx.execute(INSERT, p![id, &sku, now, None::<bool>, None::<&[u8]>])?;
                let select = "SELECT id, name, count, flag FROM things WHERE id = ? AND count <= ?";
                tx.query_one(select, p![&id, now], |row| {
                    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
                })
            })
            .await
            .unwrap_or_else(|error: DbError| panic!("{error}"));

        assert_eq!(read, (id, "GPU-1".parse().expect("a SKU"), now, None));
    })
    .await;
}

#[tokio::test]
async fn text_is_compared_byte_by_byte() {
    on_each_engine(async |db| {
        let found: Vec<String> = db
            .write("compare", |tx| {
                for (id, name) in ["abc", "ABC", "äbc", "aBC"].into_iter().enumerate() {
                    let id = Uuid::from_u128(u128::try_from(id).expect("small"));
                    tx.execute("INSERT INTO things (id, name) VALUES (?, ?)", p![id, name])?;
                }
                assert_eq!(
                    tx.query("SELECT name FROM things WHERE name = ?", p!["abc"], |row| row
                        .get::<String>(0))?,
                    ["abc"]
                );
                tx.query("SELECT name FROM things WHERE name > ? ORDER BY name", p!["ABC"], |row| {
                    row.get(0)
                })
            })
            .await
            .unwrap_or_else(|error: DbError| panic!("{error}"));

        let mut expected = ["abc", "äbc", "aBC"].map(str::to_owned);
        expected.sort();
        assert_eq!(found, expected);
    })
    .await;
}

#[tokio::test]
async fn sums_and_counts_are_integers() {
    on_each_engine(async |db| {
        crate::add(db, "a", 5).await.expect("added");
        crate::add(db, "b", 7).await.expect("added");

        let sums: (i64, i64, Option<i64>, i64) = db
            .read("sum", |tx| {
                tx.query_one(
                    "SELECT COUNT(*), SUM(quantity), (SELECT SUM(quantity) FROM stock WHERE sku = ?), \
                       COALESCE(SUM(quantity), 0) - 20 FROM stock",
                    p!["none"],
                    |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
                )
            })
            .await
            .unwrap_or_else(|error: DbError| panic!("{error}"));

        assert_eq!(sums, (2, 12, None, -8));
    })
    .await;
}

#[tokio::test]
async fn question_marks_in_quotes_are_no_placeholders() {
    on_each_engine(async |db| {
        let read: (String, i64) = db
            .read("quote", |tx| {
                // A comment: why? Because.
                let select = "SELECT 'it''s ? -- \"' /* ? */, quantity FROM stock -- ?
                     WHERE sku = ? UNION ALL SELECT '?', 1 WHERE 1 = ?";
                tx.query_one(select, p!["none", 1], |row| Ok((row.get(0)?, row.get(1)?)))
            })
            .await
            .unwrap_or_else(|error: DbError| panic!("{error}"));

        assert_eq!(read, ("?".to_owned(), 1));
    })
    .await;
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_not_guessed() {
    on_each_engine_with(techtrove_db::DbOptions::default(), async |db| {
        crate::add(db, "a", 5).await.expect("added");

        let kind: Result<String, DbError> = db
            .read("kind", |tx| tx.query_one("SELECT quantity FROM stock", p![], |row| row.get(0)))
            .await;
        let null: Result<i64, DbError> = db
            .read("null", |tx| {
                tx.query_one("SELECT SUM(id) FROM order_lines", p![], |row| row.get(0))
            })
            .await;
        let column: Result<i64, DbError> = db
            .read("column", |tx| tx.query_one("SELECT quantity FROM stock", p![], |row| row.get(9)))
            .await;
        let few: Result<u64, DbError> =
            db.write("few", |tx| tx.execute("DELETE FROM stock WHERE sku = ?", p![])).await;
        let many: Result<u64, DbError> =
            db.write("many", |tx| tx.execute("DELETE FROM stock WHERE sku = ?", p!["a", 1])).await;
        let nul: Result<u64, DbError> =
            db.write("nul", |tx| tx.execute("DELETE FROM stock WHERE sku = ?", p!["a\0"])).await;

        assert!(matches!(kind, Err(DbError::Decode(_))), "{kind:?}");
        assert!(matches!(null, Err(DbError::Decode(_))), "{null:?}");
        assert!(matches!(column, Err(DbError::Decode(_))), "{column:?}");
        assert!(matches!(few, Err(DbError::Other(_))), "{few:?}");
        assert!(matches!(many, Err(DbError::Other(_))), "{many:?}");
        assert!(matches!(nul, Err(DbError::Other(_))), "{nul:?}");
        assert_eq!(crate::stock(db).await, [("a".to_owned(), 5)]);
    })
    .await;
}
