//! Whose a database is: a number that all databases of one installation bear, so that a file which came
//! there from another one is told from its own.

use crate::{Db, DbError, Migration, MigrationSet, Tx, p};

const TABLE: &str = "CREATE TABLE database_owner (owner BIGINT NOT NULL);";

/// The table of the number, in every database that is migrated as a whole.
pub(crate) const MIGRATIONS: MigrationSet = MigrationSet {
    name: "owner",
    migrations: &[Migration {
        version: 1,
        name: "owner",
        sqlite: TABLE,
        postgres: TABLE,
        mysql: TABLE,
    }],
};

fn lookup(tx: &mut Tx<'_>) -> Result<Option<i64>, DbError> {
    tx.query_opt("SELECT owner FROM database_owner", p![], |row| row.get(0))
}

/// The number that a database bears.
pub(crate) async fn of(db: &Db) -> Result<Option<i64>, DbError> {
    db.lookup("owner", lookup).await
}

/// Gives a database its number, unless it bears one.
pub(crate) async fn give(db: &Db, owner: i64) -> Result<(), DbError> {
    db.write("give owner", move |tx| match lookup(tx)? {
        Some(_) => Ok(()),
        None => tx.execute("INSERT INTO database_owner (owner) VALUES (?)", p![owner]).map(drop),
    })
    .await
}
