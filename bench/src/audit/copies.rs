//! Copies of all orders that a shop has, in the databases of a shop at rest. A copy has every row of its
//! original with other ids: the time in them is the copy's, the rest is as it was, so that what belonged
//! together does. What sums up rows is multiplied. Events are not copied: a shop forgets those it has sent.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use techtrove_db::{Db, DbError, DbOptions, Params, Value, p};

/// How many copies are made in one transaction.
const AT_ONCE: usize = 200;

/// So far apart in time are two copies.
const APART_MS: u64 = 1_000;

/// So long before now is the newest: its originals have later times, which no copy may have.
const BEFORE_MS: u64 = 600_000;

/// How a column's value is made anew.
#[derive(Clone, Copy, Debug)]
enum Anew {
    /// The sixteen bytes of an id.
    Id,
    /// A text that begins with an id and its prefix.
    Text,
    /// The number by which a person calls an order.
    Number,
}

/// A table, with the columns that are made anew.
type Table = (&'static str, &'static [(&'static str, Anew)]);

/// The tables that orders stand in, by their database; who is pointed at comes first.
const DATABASES: &[(&str, &[Table])] = &[
    (
        "orders",
        &[
            ("orders", &[("id", Anew::Id), ("payment_id", Anew::Id), ("number", Anew::Number)]),
            ("order_lines", &[("order_id", Anew::Id)]),
            ("order_history", &[("order_id", Anew::Id)]),
            ("shipments", &[("id", Anew::Id), ("order_id", Anew::Id)]),
            ("shipment_lines", &[("shipment_id", Anew::Id)]),
            ("refunds", &[("id", Anew::Id), ("order_id", Anew::Id)]),
            ("returns", &[("id", Anew::Id), ("order_id", Anew::Id), ("refund_id", Anew::Id)]),
            ("return_lines", &[("return_id", Anew::Id)]),
        ],
    ),
    (
        "inventory",
        &[
            ("reservations", &[("id", Anew::Id)]),
            ("reservation_lines", &[("reservation_id", Anew::Id)]),
            ("shipments", &[("id", Anew::Id), ("reservation_id", Anew::Id)]),
            ("shipment_lines", &[("shipment_id", Anew::Id)]),
            ("returns", &[("id", Anew::Id), ("reservation_id", Anew::Id)]),
            ("return_lines", &[("return_id", Anew::Id)]),
            ("movements", &[("id", Anew::Id), ("reservation_id", Anew::Id)]),
        ],
    ),
    (
        "payments",
        &[
            ("payments", &[("id", Anew::Id), ("reference", Anew::Id)]),
            ("operations", &[("payment_id", Anew::Id), ("provider_key", Anew::Text)]),
            ("refunds", &[("id", Anew::Id), ("payment_id", Anew::Id)]),
            ("ledger_entries", &[("payment_id", Anew::Id)]),
        ],
    ),
    (
        "sandbox",
        &[
            ("charges", &[("charge_key", Anew::Text)]),
            ("ledger", &[("charge_key", Anew::Text)]),
            ("refunds", &[("charge_key", Anew::Text), ("refund_key", Anew::Text)]),
        ],
    ),
    (
        "notifications",
        &[
            ("mails", &[("id", Anew::Id), ("event_id", Anew::Id), ("subject_id", Anew::Id)]),
            ("letters", &[("mail_id", Anew::Id)]),
        ],
    ),
];

/// What the stock is the sum of is there once more with each copy.
const MULTIPLY: &str = "UPDATE stock \
     SET on_hand = on_hand * ?, held = held * ?, committed = committed * ?";

/// Makes so many copies of every order in the folder.
///
/// # Errors
/// When a database cannot be written.
pub async fn make(folder: &Path, copies: u64) -> anyhow::Result<()> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let oldest = u64::try_from(now.as_millis())?.saturating_sub(copies * APART_MS + BEFORE_MS);
    let copies: Arc<[Copy]> =
        (0..copies).map(|number| Copy::new(number, oldest + number * APART_MS)).collect();
    let mut tasks = Vec::new();
    for (name, tables) in DATABASES {
        let url = format!("sqlite:{}", folder.join(format!("{name}.db")).display());
        let copies = Arc::clone(&copies);
        tasks.push(tokio::spawn(async move {
            fill(&url, name, tables, copies).await.with_context(|| format!("filling {name}"))
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}

async fn fill(
    url: &str,
    name: &str,
    tables: &'static [Table],
    copies: Arc<[Copy]>,
) -> anyhow::Result<()> {
    let options = DbOptions { job_timeout: Duration::from_secs(600), ..DbOptions::default() };
    let db = Db::open(url, options).await?;
    let mut statements = Vec::new();
    for table in tables {
        statements.push(set_aside(&db, *table).await?);
    }
    let statements: Arc<[Statement]> = statements.into();
    for first in (0..copies.len()).step_by(AT_ONCE) {
        let last = copies.len().min(first + AT_ONCE);
        let (some, statements) = (Arc::clone(&copies), Arc::clone(&statements));
        db.write("copy", move |tx| -> Result<(), DbError> {
            for copy in &some[first..last] {
                for statement in statements.iter() {
                    tx.execute(statement.text, copy.values(&statement.anew))?;
                }
            }
            Ok(())
        })
        .await?;
        tell(name, first, last, copies.len());
    }
    if name == "inventory" {
        let times = i64::try_from(copies.len() + 1)?;
        db.write("multiply", move |tx| tx.execute(MULTIPLY, p![times, times, times])).await?;
    }
    db.close().await;
    Ok(())
}

/// Tells of each tenth.
fn tell(name: &str, before: usize, after: usize, all: usize) {
    let tenths = |done: usize| done * 10 / all;
    if tenths(before) < tenths(after) {
        eprintln!("  {name}: {after} of {all} copies");
    }
}

/// Inserts a copy of a table's originals.
struct Statement {
    text: &'static str,
    /// What its placeholders stand for.
    anew: Vec<Anew>,
}

/// Sets a table's originals aside for the connection that writes, and makes the statement that copies them.
async fn set_aside(db: &Db, (table, anew): Table) -> Result<Statement, DbError> {
    let list = kept(format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"));
    let keep = kept(format!("CREATE TEMP TABLE original_{table} AS SELECT * FROM {table}"));
    let columns = db
        .write("set_aside", move |tx| {
            tx.execute(keep, p![])?;
            tx.query(list, p![], |row| row.get::<String>(0))
        })
        .await?;
    let (mut values, mut placeholders) = (Vec::new(), Vec::new());
    for column in &columns {
        let Some((_, anew)) = anew.iter().find(|(name, _)| name == column) else {
            values.push(column.clone());
            continue;
        };
        placeholders.push(*anew);
        values.push(match anew {
            Anew::Id => {
                format!("iif({column} IS NULL, NULL, unhex(? || substr(hex({column}), 13)))")
            }
            Anew::Text => format!("substr({column}, 1, 4) || ? || substr({column}, 15)"),
            Anew::Number => format!("{column} || ?"),
        });
    }
    let (columns, values) = (columns.join(", "), values.join(", "));
    let insert = format!("INSERT INTO {table} ({columns}) SELECT {values} FROM original_{table}");
    Ok(Statement { text: kept(insert), anew: placeholders })
}

/// A statement lives as long as the program: there are some dozens.
fn kept(statement: String) -> &'static str {
    Box::leak(statement.into_boxed_str())
}

/// What the values of a copy are made of.
struct Copy {
    id: String,
    text: String,
    number: String,
}

impl Copy {
    /// The time stands in the first six bytes of an id, and in the first ten letters of its text.
    fn new(number: u64, time_ms: u64) -> Self {
        const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
        let letter = |place: u32| char::from(LETTERS[(time_ms >> (place * 5) & 31) as usize]);
        let text = (0..10).rev().map(letter).collect();
        Self { id: format!("{time_ms:012X}"), text, number: format!("-{number}") }
    }

    fn values(&self, anew: &[Anew]) -> Params<'_> {
        let value = |anew: &Anew| match anew {
            Anew::Id => Value::Text(&self.id),
            Anew::Text => Value::Text(&self.text),
            Anew::Number => Value::Text(&self.number),
        };
        anew.iter().map(value).collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ids_time_is_the_same_in_both_of_its_forms() {
        // 01a223fe-6dff-7001-a61f-294358d95214 is pay_01m8hzwvfze00tc7s98dcdjmgm.
        let copy = Copy::new(7, 0x01a2_23fe_6dff);

        assert_eq!((&*copy.id, &*copy.text, &*copy.number), ("01A223FE6DFF", "01m8hzwvfz", "-7"));
    }
}
