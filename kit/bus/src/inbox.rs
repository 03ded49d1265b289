//! What a consumer has taken: one row per consumer and aggregate, holding the sequence and id of
//! the last event taken. That one row answers both questions, 'did this happen already?' (its
//! sequence is not above the row's) and 'is it this one's turn?' (it is exactly one above), for one
//! statement per event; a row per event id would cost a second write and could tell nothing more,
//! because sequences have no gaps. A consumer that never saw an aggregate starts with sequence 1, or,
//! when the transport vouches that nothing earlier is still to come
//! ([`Event::predecessors_published`]: the consumer was added later, or its row was pruned), with
//! the event at hand; without that word a first sequence above 1 is a gap. The claim must always be
//! in the transaction of the effect, never before or after it.

use techtrove_core::{Timestamp, planted};
use techtrove_db::{DbError, Sql, Tx, p};
use uuid::Uuid;

use crate::{Event, HandlerError};

const ADVANCE: Sql = Sql::new(
    "UPDATE inbox SET last_sequence = ?, last_event_id = ?, last_event_at = ? \
     WHERE aggregate_id = ? AND aggregate_kind = ? AND consumer = ? AND last_sequence = ?",
);
const LAST: Sql = Sql::new(
    "SELECT last_sequence FROM inbox \
     WHERE aggregate_id = ? AND aggregate_kind = ? AND consumer = ?",
);
const START: Sql = Sql::new(
    "INSERT INTO inbox (consumer, aggregate_kind, aggregate_id, last_sequence, last_event_id, last_event_at) \
     VALUES (?, ?, ?, ?, ?, ?)",
);

/// Claims `event` for `consumer` in the transaction of its effect: `true` when the effect is to
/// happen now, `false` when it happened already.
///
/// # Errors
/// [`HandlerError::Gap`] when an earlier event of the aggregate has to come first; else what the
/// database says. Both must fail the job.
pub fn first_time(tx: &mut Tx<'_>, consumer: &str, event: &Event) -> Result<bool, HandlerError> {
    if planted("inbox-missing") {
        return Ok(true);
    }
    let sequence = stored(event.sequence)?;
    if sequence > 1 && advance(tx, consumer, event, sequence)? {
        return Ok(true);
    }
    match last_sequence(tx, consumer, event)? {
        None if sequence == 1 || event.predecessors_published => {
            start(tx, consumer, event, sequence)?;
            Ok(true)
        }
        None => Err(HandlerError::Gap { expected: 1, found: event.sequence }),
        Some(last) if sequence <= last => Ok(false),
        Some(last) if sequence - 1 == last => Ok(advance(tx, consumer, event, sequence)?),
        Some(last) => Err(HandlerError::Gap {
            expected: u64::try_from(last).unwrap_or(0).saturating_add(1),
            found: event.sequence,
        }),
    }
}

/// Makes sure that what follows `event` meets a gap until `event` itself is taken.
pub(crate) fn hold_back(
    tx: &mut Tx<'_>,
    consumer: &str,
    event: &Event,
) -> Result<(), HandlerError> {
    if last_sequence(tx, consumer, event)?.is_none() {
        let before = stored(event.sequence)?.saturating_sub(1);
        insert(tx, consumer, event, before, None)?;
    }
    Ok(())
}

/// Forgets at most `limit` aggregates whose last event happened before `before`, unless they are
/// parked: their row is what keeps later events behind the parked one. Answers how many went.
pub(crate) fn forget(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> Result<u64, DbError> {
    let old = tx.query(
        "SELECT i.consumer, i.aggregate_kind, i.aggregate_id FROM inbox i \
         WHERE i.last_event_at < ? AND NOT EXISTS (SELECT 1 FROM dead_letters d \
           WHERE d.aggregate_id = i.aggregate_id AND d.aggregate_kind = i.aggregate_kind \
             AND d.consumer = i.consumer) \
         ORDER BY i.last_event_at LIMIT ?",
        p![before, limit],
        |row| Ok((row.get::<String>(0)?, row.get::<String>(1)?, row.get::<Uuid>(2)?)),
    )?;
    let mut gone = 0;
    for (consumer, kind, id) in &old {
        gone += tx.execute(
            "DELETE FROM inbox WHERE aggregate_id = ? AND aggregate_kind = ? AND consumer = ? \
             AND last_event_at < ?",
            p![id, kind, consumer, before],
        )?;
    }
    Ok(gone)
}

fn advance(tx: &mut Tx<'_>, consumer: &str, event: &Event, to: i64) -> Result<bool, DbError> {
    let changed = tx.execute(
        ADVANCE,
        p![to, event.id, event.time, event.aggregate_id, &event.aggregate_kind, consumer, to - 1],
    )?;
    Ok(changed == 1)
}

fn last_sequence(tx: &mut Tx<'_>, consumer: &str, event: &Event) -> Result<Option<i64>, DbError> {
    tx.query_opt(LAST, p![event.aggregate_id, &event.aggregate_kind, consumer], |row| row.get(0))
}

fn start(tx: &mut Tx<'_>, consumer: &str, event: &Event, at: i64) -> Result<(), DbError> {
    insert(tx, consumer, event, at, Some(event.id))
}

fn insert(
    tx: &mut Tx<'_>,
    consumer: &str,
    event: &Event,
    at: i64,
    id: Option<Uuid>,
) -> Result<(), DbError> {
    let kind = &event.aggregate_kind;
    tx.execute(START, p![consumer, kind, event.aggregate_id, at, id, event.time])?;
    Ok(())
}

/// A sequence as the database holds it; beyond that it is no sequence of ours.
pub(crate) fn stored(sequence: u64) -> Result<i64, HandlerError> {
    match i64::try_from(sequence) {
        Ok(sequence) if sequence > 0 => Ok(sequence),
        _ => {
            Err(HandlerError::rejected(format!("claim event: sequence {sequence} is out of range")))
        }
    }
}
