//! Reading a host's database from outside, whether or not it is up.

use futures::FutureExt as _;
use techtrove_core::{FromStored, TypedId as _};
use techtrove_db::{Db, DbError, Row};
use techtrove_orders_api::OrderId;
use uuid::Uuid;

use crate::world::World;

/// The rows of a statement, read at once.
pub fn rows<T: Send + 'static>(
    db: &Db,
    sql: &'static str,
    map: fn(&Row<'_>) -> Result<T, DbError>,
) -> Vec<T> {
    let read = db.read("sim.look", move |tx| -> Result<Vec<T>, DbError> { tx.query(sql, [], map) });
    let read = read.now_or_never().expect("whoever looks from outside waits for nobody");
    read.expect("the checker's statements fit the schema")
}

/// One value of each row.
pub fn values<T: FromStored + Send + 'static>(db: &Db, sql: &'static str) -> Vec<T> {
    rows(db, sql, |row| row.get(0))
}

/// Every row of `sql`, which are texts, violates `invariant`.
pub fn none(world: &World, db: &Db, invariant: &'static str, sql: &'static str) {
    for detail in values::<String>(db, sql) {
        world.violated(invariant, format!("{}: {detail}", db.name()));
    }
}

/// How many rows were ever changed in this life of the database's connection.
pub fn changes(db: &Db) -> i64 {
    values(db, "SELECT total_changes()").first().copied().unwrap_or_default()
}

/// All orders, the newest first.
pub fn orders(world: &World) -> Vec<String> {
    let ids = values::<Uuid>(
        &world.host("orders").look,
        "SELECT id FROM orders ORDER BY created_at DESC, id DESC",
    );
    ids.into_iter().map(|id| OrderId::from_uuid(id).to_string()).collect()
}
