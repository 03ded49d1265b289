//! All that a service's database holds, value by value, whatever its tables are.

use techtrove_db::{DbError, Engine, Tx, p};

/// One value of one row, in hexadecimal.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    pub table: String,
    pub column: String,
    pub value: String,
}

/// Every value of every table.
pub fn values_of(tx: &mut Tx<'_>) -> Result<Vec<Stored>, DbError> {
    let columns = match tx.engine() {
        Engine::Sqlite => {
            "SELECT t.name, c.name FROM sqlite_master t JOIN pragma_table_info(t.name) c \
             WHERE t.type = 'table'"
        }
        Engine::Postgres => {
            "SELECT table_name::text, column_name::text FROM information_schema.columns \
             WHERE table_schema = current_schema()"
        }
        Engine::Mysql => {
            "SELECT table_name, column_name FROM information_schema.columns \
             WHERE table_schema = DATABASE()"
        }
    };
    let columns =
        tx.query(columns, p![], |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?)))?;
    let mut all = Vec::new();
    for (table, column) in columns {
        // Statements live as long as the program, which this one does.
        let words: &'static str = Box::leak(words(tx.engine(), &table, &column).into_boxed_str());
        for value in tx.query(words, p![], |row| row.get::<String>(0))? {
            all.push(Stored { table: table.clone(), column: column.clone(), value });
        }
    }
    Ok(all)
}

/// The statement that reads a column in hexadecimal.
fn words(engine: Engine, table: &str, column: &str) -> String {
    match engine {
        Engine::Sqlite => format!("SELECT hex(\"{column}\") FROM \"{table}\""),
        Engine::Postgres => format!(
            "SELECT COALESCE(encode(convert_to(\"{column}\"::text, 'UTF8'), 'hex'), '') \
             FROM \"{table}\""
        ),
        // A number becomes a text first, whose digits come in pairs.
        Engine::Mysql => format!("SELECT COALESCE(HEX(CONCAT(`{column}`, '')), '') FROM `{table}`"),
    }
}
