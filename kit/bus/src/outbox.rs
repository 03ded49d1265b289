//! Events on their way out, in the database of the service that publishes them: recorded in the
//! transaction of the change, read while unpublished, marked once every consumer took them. A
//! sequence is given under the row lock of its aggregate, which also makes positions of one
//! aggregate rise in the order of its sequences; positions of different aggregates may become
//! visible in any order, so that a reader must never ask for 'position > the last one'.

use std::sync::Arc;

use serde_json::value::RawValue;
use techtrove_core::{Stored, Timestamp};
use techtrove_db::{DbError, Row, Sql, Tx, p};
use uuid::Uuid;

use crate::{
    AggregateRef, Event, EventContext, NewEvent, aggregate::partition_of, lanes::Letter,
    leases::Groups,
};

const NEXT_SEQUENCE: Sql = Sql::new(
    "INSERT INTO event_sequences (aggregate_kind, aggregate_id, last_sequence) VALUES (?, ?, 1) \
     ON CONFLICT (aggregate_id, aggregate_kind) \
     DO UPDATE SET last_sequence = event_sequences.last_sequence + 1",
)
.mysql(
    "INSERT INTO event_sequences (aggregate_kind, aggregate_id, last_sequence) VALUES (?, ?, 1) \
     ON DUPLICATE KEY UPDATE last_sequence = last_sequence + 1",
);
const INSERT: Sql = Sql::new(
    "INSERT INTO outbox (event_id, kind, aggregate_kind, aggregate_id, sequence, partition_no, \
       occurred_at, traceparent, data) \
     VALUES (?, ?, ?, ?, \
       (SELECT last_sequence FROM event_sequences WHERE aggregate_id = ? AND aggregate_kind = ?), \
       ?, ?, ?, ?)",
);
/// `ORDER BY published_at` first, although it is NULL in each row: so that all engines read along
/// the index instead of sorting.
const READ_ALL: Sql = Sql::new(
    "SELECT position, partition_no, event_id, kind, aggregate_kind, aggregate_id, sequence, \
       occurred_at, traceparent, data \
     FROM outbox WHERE published_at IS NULL ORDER BY published_at, position LIMIT ?",
);

/// 64 placeholders: position numbers of one statement, or the partitions of the groups at hand.
macro_rules! in_64 {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            "(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,",
            "?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            $after
        )
    };
}
/// How many rows one statement marks or removes.
pub(crate) const CHUNK: usize = 64;
const READ_SOME: Sql = Sql::new(in_64!(
    "SELECT position, partition_no, event_id, kind, aggregate_kind, aggregate_id, sequence, \
       occurred_at, traceparent, data \
     FROM outbox WHERE published_at IS NULL AND partition_no IN ",
    " ORDER BY published_at, position LIMIT ?"
));
const MARK_ONE: Sql = Sql::new("UPDATE outbox SET published_at = ? WHERE position = ?");
const MARK_CHUNK: Sql =
    Sql::new(in_64!("UPDATE outbox SET published_at = ? WHERE position IN ", ""));
const DELETE_CHUNK: Sql = Sql::new(in_64!("DELETE FROM outbox WHERE position IN ", ""));

/// Records `event` in the transaction of the change that it tells of, and wakes the relay after the
/// commit. It gets the next sequence of its aggregate. Two statements, sent together.
///
/// # Errors
/// What the database says; it must fail the job.
pub fn record(tx: &mut Tx<'_>, context: &EventContext, event: &NewEvent) -> Result<(), DbError> {
    insert(tx, context, event, &event.data.to_string())?;
    tx.notify_committed();
    Ok(())
}

/// [`record`] for many events at once. Aggregates are locked in the order of their kinds and ids,
/// so that two such transactions never wait for each other; events of one aggregate keep the order
/// in which they are given.
///
/// # Errors
/// What the database says; it must fail the job.
pub fn record_all(tx: &mut Tx<'_>, events: &[(EventContext, NewEvent)]) -> Result<(), DbError> {
    let mut in_order: Vec<&(EventContext, NewEvent)> = events.iter().collect();
    in_order.sort_by_key(|(_, event)| event.aggregate);
    for (context, event) in in_order {
        record(tx, context, event)?;
    }
    Ok(())
}

/// What has not been published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unpublished {
    /// How many events.
    pub count: u64,
    /// When the oldest of them happened.
    pub oldest: Option<Timestamp>,
}

/// Counts what has not been published: some consumer has yet to take it.
///
/// # Errors
/// What the database says.
pub fn unpublished(tx: &mut Tx<'_>) -> Result<Unpublished, DbError> {
    tx.query_one(
        "SELECT COUNT(*), MIN(occurred_at) FROM outbox WHERE published_at IS NULL",
        p![],
        |row| {
            let count = u64::try_from(row.get::<i64>(0)?).unwrap_or(0);
            Ok(Unpublished { count, oldest: row.get(1)? })
        },
    )
}

/// What a reading found.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Letters with their partitions, in the order of their positions.
    pub(crate) letters: Vec<(u8, Letter)>,
    /// Whether there may be more.
    pub(crate) is_full: bool,
}

/// What a reading is about.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    pub(crate) source: Arc<str>,
    pub(crate) groups: Groups,
    /// Positions that the relay holds already, in order.
    pub(crate) known: Vec<i64>,
    /// How many others to read.
    pub(crate) batch: usize,
}

/// The first unpublished events that are not known yet.
pub(crate) fn read_unpublished(tx: &mut Tx<'_>, reading: &Reading) -> Result<Batch, DbError> {
    let limit = reading.known.len().saturating_add(reading.batch);
    let stored_limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = 0;
    let read = |row: &Row<'_>| {
        rows += 1;
        let position = row.get::<i64>(0)?;
        if reading.known.binary_search(&position).is_ok() {
            return Ok(None);
        }
        letter(row, position, &reading.source).map(Some)
    };
    let found = if reading.groups == Groups::ALL {
        tx.query(READ_ALL, p![stored_limit], read)?
    } else {
        let partitions: Vec<i64> = reading.groups.partitions().map(i64::from).collect();
        let params: Vec<Stored> = filled(&partitions).chain([Stored::Int(stored_limit)]).collect();
        tx.query(READ_SOME, params, read)?
    };
    Ok(Batch { letters: found.into_iter().flatten().collect(), is_full: rows == limit })
}

fn letter(row: &Row<'_>, position: i64, source: &Arc<str>) -> Result<(u8, Letter), DbError> {
    let partition = u8::try_from(row.get::<i64>(1)?).map_err(DbError::decode)?;
    let id: Uuid = row.get(2)?;
    let data = RawValue::from_string(row.get(9)?).unwrap_or_else(|error| {
        // Only a hand in the database can do this. Consumers reject and park it; the others go on.
        tracing::error!(event = %id, %error, "the data of an event is no JSON");
        RawValue::NULL.to_owned()
    });
    let event = Event {
        id,
        source: Arc::clone(source),
        kind: row.get(3)?,
        aggregate_kind: row.get(4)?,
        aggregate_id: row.get(5)?,
        sequence: u64::try_from(row.get::<i64>(6)?).map_err(DbError::decode)?,
        time: row.get(7)?,
        traceparent: row.get(8)?,
        data,
        // Positions of one aggregate rise with its sequences, and this one is the first that is
        // neither published nor in the relay's hands.
        predecessors_published: true,
    };
    Ok((partition, Letter { position, event: Arc::new(event) }))
}

/// Marks rows as published; they are not read again.
pub(crate) fn mark(tx: &mut Tx<'_>, positions: &[i64], at: Timestamp) -> Result<(), DbError> {
    for chunk in positions.chunks(CHUNK) {
        match chunk {
            [position] => tx.execute(MARK_ONE, p![at, position])?,
            many => {
                let at = Stored::Int(at.as_micros());
                let params: Vec<Stored> = [at].into_iter().chain(filled(many)).collect();
                tx.execute(MARK_CHUNK, params)?
            }
        };
    }
    Ok(())
}

/// Removes at most `limit` rows that were published before `before`; answers how many.
pub(crate) fn remove_published(
    tx: &mut Tx<'_>,
    before: Timestamp,
    limit: i64,
) -> Result<u64, DbError> {
    let old = tx.query(
        "SELECT position FROM outbox WHERE published_at < ? ORDER BY published_at, position LIMIT ?",
        p![before, limit],
        |row| row.get::<i64>(0),
    )?;
    let mut gone = 0;
    for chunk in old.chunks(CHUNK) {
        gone += tx.execute(DELETE_CHUNK, filled(chunk).collect::<Vec<_>>())?;
    }
    Ok(gone)
}

/// As many parameters as a chunk has placeholders: the last number fills what is left.
fn filled(numbers: &[i64]) -> impl Iterator<Item = Stored<'static>> {
    let last = numbers.last().copied().unwrap_or(-1);
    (0..CHUNK).map(move |place| Stored::Int(numbers.get(place).copied().unwrap_or(last)))
}

fn insert(
    tx: &mut Tx<'_>,
    context: &EventContext,
    event: &NewEvent,
    data: &str,
) -> Result<(), DbError> {
    let AggregateRef { kind, id } = event.aggregate;
    let partition = i64::from(partition_of(kind, id));
    tx.execute_many(&[
        (NEXT_SEQUENCE, p![kind, id]),
        (
            INSERT,
            p![
                context.id,
                event.kind,
                kind,
                id,
                id,
                kind,
                partition,
                context.time,
                context.traceparent,
                data
            ],
        ),
    ])?;
    Ok(())
}
